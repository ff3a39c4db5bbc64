import type { z } from 'zod';
import type { StoreManager } from '../../store/declaring.ts';
import type { ManagerFacts } from '../../../reports/record/facts/store-facts.ts';
import type {
  Bounds,
  Condition,
  GoverningSetting,
  Steadiness,
  StoreDescription,
  StoreDriver,
  StoreTarget,
  Switchover,
  SwitchoverRequest,
} from '../../store/store-driver.ts';
import type { Following } from '../../store/following.ts';

/** Who knows the roles of the members: what manages them, or the servers themselves. What they cannot know is left out. */
export interface Manager {
  /** Leader, term, members, and the conditions that it declares. @throws Error when nobody answers */
  roles(target: StoreTarget, bounds: Bounds): Promise<Omit<StoreDescription, 'governing'>>;
  /**
   * One leader, every other member streaming from it, and a synchronous one where that is promised. A pause does not count: the members
   * follow all the same. @throws as `roles`
   */
  steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness>;
  /** How leader and followers are seen during a trial. @param run under which its client load writes */
  following(target: StoreTarget, run: string | undefined): Following;
  /** Its own settings that govern a failover, those of `recorded.governing` in that order. @throws as `roles` */
  settings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]>;
  /** @throws Error when it refuses or does not finish, or nobody can be asked */
  switchover(target: StoreTarget, request: SwitchoverRequest, bounds: Bounds): Promise<Switchover>;
}

/** All that is known of a manager. Its name is that of its export in `index.ts`, and the key that declares it in `stores.postgres`. */
export interface ManagerKind extends StoreManager {
  /** What an environment file says of it. */
  section: z.ZodType;
  /** It has an API of its own, which is asked by https where its section has `tls: true`, and by http otherwise. */
  http?: true;
  recorded: ManagerFacts;
  /** From its own settings; null where they do not say, or are another manager's. */
  expectedWindow?: StoreDriver['expectedWindow'];
  manager: Manager;
}

/** The condition of a manager that says whether it would promote a replica now. */
export const TAKES_OVER = 'automatic failover';

/** @param reasons why it would not; empty: it would. Null: that could not be seen, for what `reasons` says */
export function takesOver(ok: boolean | null, reasons: readonly string[]): Condition {
  const expected = 'on, and not paused';
  return { name: TAKES_OVER, ok, expected, seen: ok === true ? expected : reasons.join('; ') };
}
