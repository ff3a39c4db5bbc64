import { managersIn } from '../store/declaring.ts';
import { followStore } from '../store/following.ts';
import { unsteadyBy, waitSteadyBy } from '../store/steady.ts';
import { settingsOrNone } from '../store/store-driver.ts';
import type {
  Bounds,
  GoverningSetting,
  ObserveOptions,
  Observer,
  Steadiness,
  StoreDescription,
  StoreTarget,
  Switchover,
  SwitchoverRequest,
} from '../store/store-driver.ts';
import { bySql } from './managers/by-sql.ts';
import * as managers from './managers/index.ts';
import type { Manager } from './managers/manager.ts';
import { durabilitySettings } from './settings.ts';

/** The manager that the environment file declares; without one the servers themselves are asked. */
function managerOf({ connection }: StoreTarget): Manager {
  const [name] = managersIn(managers, connection.declared ?? {});
  return name === undefined ? bySql : managers[name].manager;
}

/** Leader, members and, where the server that takes the writes answers, live settings. @throws Error when neither the manager nor the servers answer */
export async function describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription> {
  const roles = await managerOf(target).roles(target, bounds);
  return { ...roles, governing: await settingsOrNone(governing(target, bounds)) };
}

/** The manager's settings, then the server's. @throws Error when either does not answer */
export async function governing(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]> {
  const own = await managerOf(target).settings(target, bounds);
  return [...own, ...(await durabilitySettings(target.connection, bounds))];
}

/** Never throws. */
export async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  try {
    return await managerOf(target).steady(target, bounds);
  } catch (error) {
    return unsteadyBy(error);
  }
}

export const waitSteady = waitSteadyBy(steady);

/** Follows the leader, the replicas that stream from it, and where the Service points. */
export function observe(target: StoreTarget, options: ObserveOptions): Observer {
  return followStore(managerOf(target).following(target, options.run), options);
}

/** @throws as `Manager.switchover` */
export function orderSwitchover(
  target: StoreTarget,
  request: SwitchoverRequest,
  bounds: Bounds,
): Promise<Switchover> {
  return managerOf(target).switchover(target, request, bounds);
}
