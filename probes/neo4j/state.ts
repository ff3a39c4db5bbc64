import { unsteadyBy, waitSteadyBy } from '../store/steady.ts';
import type {
  Bounds,
  Leadership,
  Steadiness,
  StoreDescription,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import { askAny, routesOf, viewOf } from './ask.ts';
import { isServerSide } from './bolt.ts';
import type { BoltConnection, RouteRow } from './bolt.ts';
import { isForbidden, serverCode } from './errors.ts';
import { clusterConditions } from './cluster.ts';
import { leaderOf, membersOf, seatsOf, writersOf } from './members.ts';
import type { ClusterView } from './members.ts';
import { bounded, connectWithin } from './query.ts';
import { CANARY_LABEL } from './session.ts';
import { settingsOf } from './settings.ts';

/** Leader, members and live settings. @throws Error when no member answers */
export function describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription> {
  return askAny(target, bounds, async (bolt, members) => {
    const view = await viewOf(bolt, target);
    const { declared } = target.connection;
    return {
      leader: leaderOf(view, members),
      members: membersOf(view, members),
      conditions: [editionOf(view, declared), ...clusterConditions(view, target.connection)],
      governing: await settingsOf(bolt, view),
    };
  });
}

/** Only copies that elect count: with a majority of them gone, or one of them as a replica, a fault is what it says. @throws as `describe` */
export function leadership(target: StoreTarget, _run: string, bounds: Bounds): Promise<Leadership> {
  return askAny(target, bounds, async (bolt, members) => {
    const view = await viewOf(bolt, target);
    const primaries = seatsOf(view, members).filter(({ copy }) => copy?.role === 'primary');
    return { leader: leaderOf(view, members), holders: primaries.map(({ name }) => name) };
  });
}

/** The Community edition has no clustering. It is reported with the roles, so that nobody takes one member for a cluster that lost two. */
export function editionOf(
  { edition }: ClusterView,
  declared: Readonly<Record<string, unknown>> | undefined,
): { name: string; ok: boolean; expected: string; seen: string } {
  const declaredAs = declared?.['enterprise'] === undefined ? 'community' : 'enterprise';
  const expected = declared === undefined ? edition : declaredAs;
  const seen = edition === 'community' ? 'community (one member; clustering needs Enterprise)' : edition;
  return { name: 'edition', ok: edition === expected, expected, seen };
}

/** One member that takes writes, every other one online, and clients sent to the one that does. Never throws. */
export async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  try {
    return await askAny(target, bounds, async (bolt, members) => {
      const view = await viewOf(bolt, target);
      const routes = members.length > 1 ? await routesOf(bolt, target) : null;
      return settled(view, members, routes, clusterConditions(view, target.connection));
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
  conditions: StoreDescription['conditions'] = [],
): Steadiness {
  const leader = leaderOf(view, members);
  const { whole, text } = presence(membersOf(view, members), members.length);
  const way = routes === null ? { right: true, text: '' } : wayOf(routes, members, leader);
  const unmet = conditions.filter(({ ok }) => ok === false);
  const ok = leader !== null && whole && way.right && unmet.length === 0;
  const also = unmet.map(({ name, seen: found }) => `; ${name}: ${found}`).join('');
  const seen = `${view.edition} edition, leader ${leader ?? 'none'}, ${text}${way.text}${also}`;
  return { ok, leader, detail: ok ? seen : `expected a leader and every member online, seen: ${seen}` };
}

/** Do clients get to the leader: by the routing table, or by a server that sends their writes on? */
function wayOf(
  routes: readonly RouteRow[],
  members: readonly StoreMember[],
  leader: string | null,
): { right: boolean; text: string } {
  const writers = writersOf(routes, members).join(', ');
  const sentOn = writers !== leader && isServerSide(routes);
  const named = writers === '' ? 'nobody' : writers;
  return {
    right: writers === leader || sentOn,
    text: `, clients write to ${named}${sentOn ? ', which sends writes on' : ''}`,
  };
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
];

/**
 * Tries to make one of the canary's nodes there, in a transaction that is rolled back.
 * @throws Error when nothing answers, the server is in trouble, or the account may write nowhere: then it is not known whether it would refuse
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
      await transaction.run(`CREATE (:${CANARY_LABEL} {run: 'must be refused'})`);
      await transaction.rollback();
    });
    return { refused: false, detail: `${where} took a write` };
  } catch (error) {
    const code = serverCode(error);
    const refused = code !== null && REFUSALS.includes(code);
    // A server that finds fault with the statement would take another. One that is in trouble says nothing of that.
    if (code === null || isForbidden(error) || !(refused || code.startsWith('Neo.ClientError.'))) throw error;
    return { refused, detail: `${where}: ${code}` };
  }
}
