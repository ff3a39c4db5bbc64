import { unsteadyBy, waitSteadyBy } from '../store/steady.ts';
import type {
  Bounds,
  Steadiness,
  StoreDescription,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import { askAny, routesOf, viewOf } from './ask.ts';
import type { BoltConnection, RouteRow } from './bolt.ts';
import { serverCode } from './errors.ts';
import { leaderOf, membersOf, writersOf } from './members.ts';
import type { ClusterView } from './members.ts';
import { bounded, connectWithin } from './query.ts';
import { settingsOf } from './settings.ts';

/** Leader, members and live settings. @throws Error when no member answers */
export function describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription> {
  return askAny(target, bounds, async (bolt, members) => {
    const view = await viewOf(bolt, target.connection.database);
    return {
      leader: leaderOf(view, members),
      members: membersOf(view, members),
      conditions: [editionOf(view, target.connection.declared)],
      governing: await settingsOf(bolt, view),
    };
  });
}

/** The Community edition has no clustering. It is reported with the roles, so that nobody takes one member for a cluster that lost two. */
export function editionOf(
  { edition }: ClusterView,
  declared: Readonly<Record<string, unknown>> | undefined,
): { name: string; ok: boolean; expected: string; seen: string } {
  const expected = typeof declared?.['edition'] === 'string' ? declared['edition'] : edition;
  const seen = edition === 'community' ? 'community (one member; clustering needs Enterprise)' : edition;
  return { name: 'edition', ok: edition === expected, expected, seen };
}

/** One member that takes writes, every other one online, and clients sent to the one that does. Never throws. */
export async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  try {
    return await askAny(target, bounds, async (bolt, members) => {
      const view = await viewOf(bolt, target.connection.database);
      return settled(
        view,
        members,
        members.length > 1 ? await routesOf(bolt, target.connection.database) : null,
      );
    });
  } catch (error) {
    return unsteadyBy(error);
  }
}

/** Judges one look; `routes` is null for one member, to which there is only one way. */
export function settled(
  view: ClusterView,
  members: readonly StoreMember[],
  routes: readonly RouteRow[] | null,
): Steadiness {
  const leader = leaderOf(view, members);
  const states = membersOf(view, members);
  const { whole, text } = presence(states, members.length);
  const writers = routes === null ? null : writersOf(routes, members).join(', ');
  const ok = leader !== null && whole && (writers === null || writers === leader);
  const routed = writers === null ? '' : `, clients write to ${writers === '' ? 'nobody' : writers}`;
  const seen = `${view.edition} edition, leader ${leader ?? 'none'}, ${text}${routed}`;
  return { ok, leader, detail: ok ? seen : `expected a leader and every member online, seen: ${seen}` };
}

function presence(states: StoreDescription['members'], expected: number): { whole: boolean; text: string } {
  const absent = states
    .filter(({ state }) => state !== 'online')
    .map(({ name, state }) => `${name} ${state}`);
  const online = states.length - absent.length;
  const named = absent.length === 0 ? '' : ` (${absent.join(', ')})`;
  return {
    whole: absent.length === 0 && online === expected,
    text: `${online} of ${expected} members online${named}`,
  };
}

/** Looks every 300 ms; each look has a deadline of its own, so that one that hangs costs no more than that. */
export const waitSteady = waitSteadyBy(steady);

/** Codes by which a server says that it does not take writes here. */
const REFUSALS = [
  'Neo.ClientError.Cluster.NotALeader',
  'Neo.ClientError.General.ForbiddenOnReadOnlyDatabase',
  'Neo.ClientError.General.WriteOnReadOnlyAccessDatabase',
  'Neo.ClientError.Security.Forbidden',
];

/**
 * Tries to make a node there, in a transaction that is rolled back.
 * @throws Error when nothing answers: then it is not known whether it would refuse
 */
export async function refusesWrites(
  at: { host: string; port: number },
  target: StoreTarget,
  bounds: Bounds,
): Promise<{ refused: boolean; detail: string }> {
  const connection = { ...target.connection, ...at };
  const where = `${at.host}:${at.port}`;
  const bolt = await connectWithin(connection, bounds, { direct: true });
  try {
    return await bounded(bolt, where, bounds, () => tryToWrite(bolt, where));
  } finally {
    bolt.destroy();
  }
}

async function tryToWrite(
  bolt: BoltConnection,
  where: string,
): Promise<{ refused: boolean; detail: string }> {
  try {
    await bolt.withSession(async (session) => {
      const transaction = session.beginTransaction();
      await transaction.run('CREATE (:PlumblineMustBeRefused)');
      await transaction.rollback();
    });
    return { refused: false, detail: `${where} took a write` };
  } catch (error) {
    const code = serverCode(error);
    if (code === null) throw error;
    return { refused: REFUSALS.includes(code), detail: `${where}: ${code}` };
  }
}
