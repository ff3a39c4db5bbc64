import { ask, CANARY_INDEX, memberPlace, servicePlace } from './api.ts';
import type { Place } from './api.ts';
import { ledView } from './state.ts';
import { primaryOf } from './view.ts';
import type { View } from './view.ts';
import { monoMs } from '../../host/clock.ts';
import { lookFor, retry } from '../../host/wait.ts';
import { within } from '../store/readback.ts';
import type {
  Bounds,
  StoreMember,
  StoreTarget,
  Switchover,
  SwitchoverRequest,
} from '../store/store-driver.ts';
import { errorText } from '../../reports/record/error-text.ts';

const LOOK_EVERY_MS = 50;
const LOOK_MS = 1_000;
/** At least 20 attempts, also where none is answered. */
const INCLUDE_MS = 20 * (LOOK_MS + 4 * LOOK_EVERY_MS);
/** A commit of what was written for a minute takes well below a second. */
const FLUSH_MS = 3_000;

/**
 * Where the member holds the canary's primary shard, commits every copy and cancels that shard there, so that one that is in sync is
 * promoted; else, where it is master, excludes it from voting until another one is elected. Both through another member.
 * @throws Error when it holds no role, the cluster refuses, or nobody else holds the role at the deadline
 */
export async function switchover(
  target: StoreTarget,
  { from }: SwitchoverRequest,
  bounds: Bounds,
): Promise<Switchover> {
  const end = monoMs() + bounds.deadlineMs;
  const members = await target.members();
  const others = members.filter(({ name }) => name !== from);
  const view = await ledView(target, others, within(bounds, LOOK_MS));
  const [other] = others;
  const { who } = servicePlace(target.connection);
  if (other === undefined) throw new Error(`${who}: no other member can take over`);
  const primary = primaryOf(view)?.node === from;
  if (!primary && view.master !== from)
    throw new Error(`${who}: ${from} holds neither the canary's primary shard nor the role of master`);
  const order = { target, other, from, bounds };
  const roleOf = (seen: View): string | null => (primary ? (primaryOf(seen)?.node ?? null) : seen.master);
  const role = primary ? 'primary shard' : 'master';
  try {
    // Within: an exclusion whose answer did not come may be in force all the same.
    const ordered = primary ? await cancelPrimary(order) : await excludeMaster(order);
    const to = await another({ target, others, from }, roleOf, end);
    return { from, to, detail: `${ordered}; ${role}: ${from} → ${to}` };
  } finally {
    if (!primary) await includeAgain(target, others);
  }
}

interface Order {
  target: StoreTarget;
  other: StoreMember;
  from: string;
  bounds: Bounds;
}

/** @returns the answer, for the proof */
async function cancelPrimary({ target, other, from, bounds }: Order): Promise<string> {
  const place = memberPlace(target, other);
  const flushed = await flushCopies(place, within(bounds, FLUSH_MS));
  const cancel = { index: CANARY_INDEX, shard: 0, node: from, allow_primary: true };
  const body = { commands: [{ cancel }] };
  const path = '/_cluster/reroute?metric=none';
  await ask(place, { path, method: 'POST', body }, bounds);
  return `${flushed}, the shard on ${from} cancelled`;
}

interface Flushed {
  _shards: { total: number; successful: number };
}

/**
 * A copy that learns of a new primary goes back to its last commit and replays its translog from there, and meanwhile no write to it is
 * answered: whoever plans a change commits first, so that there is little to replay. Without it the change is slow, but not wrong.
 */
async function flushCopies(place: Place, bounds: Bounds): Promise<string> {
  const path = `/${CANARY_INDEX}/_flush?wait_if_ongoing=true`;
  try {
    const { _shards: shards } = await ask<Flushed>(place, { path, method: 'POST' }, bounds);
    return `${shards.successful} of ${shards.total} copies flushed`;
  } catch (error) {
    return `not flushed (${errorText(error)})`;
  }
}

async function excludeMaster({ target, other, from, bounds }: Order): Promise<string> {
  const path = `/_cluster/voting_config_exclusions?node_names=${encodeURIComponent(from)}`;
  await ask(memberPlace(target, other), { path, method: 'POST' }, bounds);
  return `${from} excluded from voting`;
}

/** Left in place, the exclusion would cost a vote for good. */
async function includeAgain(target: StoreTarget, others: readonly StoreMember[]): Promise<void> {
  const path = '/_cluster/voting_config_exclusions?wait_for_removal=false';
  let attempt = 0;
  await retry(
    async () => {
      const member = others[attempt++ % others.length];
      if (member !== undefined)
        await ask(memberPlace(target, member), { path, method: 'DELETE' }, { deadlineMs: LOOK_MS });
    },
    { deadlineMs: INCLUDE_MS, intervalMs: LOOK_EVERY_MS * 4 },
  );
}

async function another(
  where: { target: StoreTarget; others: readonly StoreMember[]; from: string },
  roleOf: (view: View) => string | null,
  end: number,
): Promise<string> {
  let seen = 'nothing';
  const look = async (): Promise<string | null> => {
    try {
      const holder = roleOf(await ledView(where.target, where.others, { deadlineMs: LOOK_MS }));
      seen = holder ?? 'nobody';
      return holder === where.from ? null : holder;
    } catch (error) {
      seen = errorText(error);
      return null;
    }
  };
  const other = await lookFor(look, {
    deadlineMs: end - monoMs(),
    intervalMs: LOOK_EVERY_MS,
  });
  if (other !== null) return other;
  throw new Error(
    `${servicePlace(where.target.connection).who}: expected another member than ${where.from} to take over, seen ${seen} at the deadline`,
  );
}
