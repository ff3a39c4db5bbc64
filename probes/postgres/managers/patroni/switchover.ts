import type { Bounds, StoreTarget, Switchover, SwitchoverRequest } from '../../../store/store-driver.ts';
import { leaderOf, patroniCluster, patroniMembers, patroniSwitchover } from './rest.ts';

/**
 * Asks Patroni, through the leader itself, to hand over to whichever replica it finds fit: with synchronous replication that
 * is the synchronous one. Looks afterwards who leads, as the others see it.
 * @throws Error with Patroni's words when it refuses or does not finish, or the leader is still the same
 */
export async function switchover(
  target: StoreTarget,
  { from }: SwitchoverRequest,
  bounds: Bounds,
): Promise<Switchover> {
  const members = await patroniMembers(target);
  const leader = members.find(({ name }) => name === from);
  if (leader === undefined)
    throw new Error(`Patroni: ${from} has no address, so the switchover cannot be requested from it`);
  const account = (await target.admin?.()) ?? null;
  const { status, text } = await patroniSwitchover(leader, { leader: from, account }, bounds);
  if (status !== 200)
    throw new Error(`Patroni refused the switchover from ${from}: ${status} ${firstLine(text)}`);
  const other = members.find(({ name }) => name !== from) ?? leader;
  const to = leaderOf(await patroniCluster(other, bounds));
  if (to === null || to === from)
    throw new Error(`Patroni answered "${firstLine(text)}", but after that the leader is ${to ?? 'nobody'}`);
  return { from, to, detail: `Patroni: ${firstLine(text)}` };
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 200);
}
