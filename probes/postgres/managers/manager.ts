import type {
  Bounds,
  GoverningSetting,
  Steadiness,
  StoreDescription,
  StoreTarget,
  Switchover,
  SwitchoverRequest,
} from '../../store/store-driver.ts';
import type { Following } from '../../store/following.ts';

/** Who knows the roles of the members: what manages them, or the servers themselves. What they cannot know is left out. */
export interface Manager {
  /** Leader, term and members. @throws Error when nobody answers */
  roles(target: StoreTarget, bounds: Bounds): Promise<Omit<StoreDescription, 'governing'>>;
  /** One leader, every other member streaming from it, and a synchronous one where that is promised. @throws as `roles` */
  steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness>;
  /** How leader and followers are seen during a trial. */
  following(target: StoreTarget): Following;
  /** Its own settings that govern a failover. @throws as `roles` */
  settings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]>;
  /** @throws Error when it refuses or does not finish, or nobody can be asked */
  switchover(target: StoreTarget, request: SwitchoverRequest, bounds: Bounds): Promise<Switchover>;
}
