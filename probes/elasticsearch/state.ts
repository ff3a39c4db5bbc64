import { isDown } from '../asking.ts';
import { anyMember, ask, memberPlace, servicePlace, whereOf } from './api.ts';
import type { Place, Question } from './api.ts';
import { declaredOf } from './declared.ts';
import { ElasticsearchRefusal } from './errors.ts';
import { described } from './health.ts';
import type { Health } from './health.ts';
import { DIALECTS } from './product.ts';
import { governingSettings } from './settings.ts';
import { isActive, localView, ownState, primaryOf, roledView } from './view.ts';
import type { RoledView, View } from './view.ts';
import { unsteadyBy, waitSteadyBy } from '../store/steady.ts';
import type {
  Bounds,
  Leadership,
  Steadiness,
  StoreDescription,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';

/** Fewer than three cannot elect a master when one of them goes. */
const LEAST_ELIGIBLE = 3;

/** The health as the master knows it. @throws as `ask` */
async function healthOf(
  target: StoreTarget,
  members: readonly StoreMember[],
  bounds: Bounds,
): Promise<Health> {
  const { masterTimeout } = DIALECTS[declaredOf(target.connection).product];
  const path = `/_cluster/health?timeout=0s&${masterTimeout}=1s`;
  return anyMember(members, (member) => ask<Health>(memberPlace(target, member), { path }, bounds));
}

/** The view of a member that knows a master. @throws Error when none does */
export async function ledView(
  target: StoreTarget,
  members: readonly StoreMember[],
  bounds: Bounds,
  index?: string,
): Promise<View> {
  return led(target, members, (place) => localView(place, bounds, index));
}

/** As `ledView`, with what the nodes may do. @throws as it does */
export async function ledRoledView(
  target: StoreTarget,
  members: readonly StoreMember[],
  bounds: Bounds,
): Promise<RoledView> {
  return led(target, members, (place) => roledView(place, bounds));
}

function led<V extends View>(
  target: StoreTarget,
  members: readonly StoreMember[],
  look: (place: Place) => Promise<V>,
): Promise<V> {
  return anyMember(members, async (member) => {
    const place = memberPlace(target, member);
    const view = await look(place);
    if (view.master === null) throw isDown('refuses', `${place.who} knows no master`);
    return view;
  });
}

/** The node of the canary's primary shard; before there is a canary, the master. */
function leaderIn(view: View): string | null {
  return view.copies === null ? view.master : (primaryOf(view)?.node ?? null);
}

/** By what a node may do: become master, hold data, both, or neither. */
function roleOf(view: RoledView, name: string): string {
  if (name === view.master) return 'master';
  const data = view.data.includes(name);
  if (view.eligible.includes(name)) return data ? 'master-eligible' : 'master-only';
  return data ? 'data' : 'coordinating';
}

/** Of a cluster of one or two nodes all must be able to become master. */
function leastEligible(members: number): number {
  return Math.min(LEAST_ELIGIBLE, members);
}

/** Master, members and live settings. @throws Error when no member answers */
export async function describe(target: StoreTarget, bounds: Bounds): Promise<StoreDescription> {
  const members = await target.members();
  const view = await ledRoledView(target, members, bounds);
  const health = await healthOf(target, members, bounds);
  const eligible = new Set(view.eligible);
  const least = leastEligible(declaredOf(target.connection).members ?? members.length);
  const names = [...view.nodes.values()].sort();
  return {
    leader: view.master,
    members: names.map((name) => ({ name, role: roleOf(view, name), state: 'joined' })),
    conditions: [
      { name: 'health', ok: health.status === 'green', expected: 'green', seen: described(health) },
      {
        name: 'master-eligible nodes',
        ok: eligible.size >= least,
        expected: `at least ${least}`,
        seen: `${eligible.size}: ${[...eligible].sort().join(', ')}`,
      },
    ],
    governing: await governingSettings(target, bounds),
  };
}

/** Who holds the canary's primary shard and its other copies, and who is master. @throws Error when no member knows a master */
export async function leadership(target: StoreTarget, _run: string, bounds: Bounds): Promise<Leadership> {
  const view = await ledView(target, await target.members(), bounds);
  const holders = view.copies?.flatMap(({ node }) => node ?? []);
  return { leader: primaryOf(view)?.node ?? null, master: view.master, ...(holders && { holders }) };
}

/**
 * Green, nothing moving, and every declared member in, with one master agreed on and enough members able to become one. The number of the
 * canary's copies is not checked: the client load corrects its index when it begins. Never throws.
 */
export async function steady(target: StoreTarget, bounds: Bounds): Promise<Steadiness> {
  try {
    const members = await target.members();
    const views = await Promise.all(members.map((member) => roledView(memberPlace(target, member), bounds)));
    const first = views[0];
    if (first === undefined) return { ok: false, leader: null, detail: 'the store has no members' };
    const [health, votes] = await Promise.all([
      healthOf(target, members, bounds),
      votesOf(target, members, bounds),
    ]);
    const { members: declared, replicas } = declaredOf(target.connection);
    const expected = declared ?? members.length;
    const wrong = [
      ...disagreements(members, views, expected),
      ...unrest(health, { nodes: expected, data: first.data.length, copies: replicas + 1 }),
      ...missingVotes(votes, expected),
    ];
    const seen =
      `${described(health)}, ${votes.voters ?? 'an unknown number of'} with a vote, master ${first.master ?? 'nobody'}, ` +
      `primary on ${primaryOf(first)?.node ?? 'no node (no canary yet)'}`;
    return {
      ok: wrong.length === 0,
      leader: leaderIn(first),
      detail: wrong.length === 0 ? seen : `${wrong.join('; ')}; seen: ${seen}`,
    };
  } catch (error) {
    return unsteadyBy(error);
  }
}

export const waitSteady = waitSteadyBy(steady);

function disagreements(
  members: readonly StoreMember[],
  views: readonly RoledView[],
  expected: number,
): string[] {
  const masters = views.map(({ master }, i) => `${members[i]?.name ?? '?'}: ${master ?? 'none'}`);
  const wrong: string[] = [];
  // Behind one address is any of the nodes; how many there are, their health says.
  const ofPods = members.filter(({ standsForAll }) => standsForAll !== true);
  if (ofPods.length > 0 && members.length < expected)
    wrong.push(`expected ${expected} members, seen ${members.length}`);
  if (new Set(views.map(({ master }) => master)).size !== 1 || views.some(({ master }) => master === null))
    wrong.push(`expected one master, the members name ${masters.join(', ')}`);
  const strangers = ofPods.filter(({ name }, i) => ![...(views[i]?.nodes.values() ?? [])].includes(name));
  if (strangers.length > 0)
    wrong.push(
      `expected every member to be a node of that name, not ${strangers.map(({ name }) => name).join(', ')}`,
    );
  const eligible = Math.min(...views.map((view) => view.eligible.length));
  const least = leastEligible(expected);
  if (eligible < least) wrong.push(`expected ${least} master-eligible nodes, seen ${eligible}`);
  const inactive = views.flatMap(({ copies }) => copies ?? []).filter((copy) => !isActive(copy));
  if (inactive.length > 0)
    wrong.push(`expected every copy of the canary started, seen ${inactive[0]?.state ?? ''}`);
  return wrong;
}

interface Wanted {
  nodes: number;
  /** Nodes that may hold data, by the roles in the cluster state. */
  data: number;
  /** Copies of the canary, each on a node of its own. */
  copies: number;
}

function unrest(health: Health, { nodes, data, copies }: Wanted): string[] {
  const calm =
    health.status === 'green' && health.relocating_shards === 0 && health.initializing_shards === 0;
  const whole = health.number_of_nodes === nodes && health.number_of_data_nodes === data;
  const wrong =
    calm && whole ? [] : [`expected green with ${nodes} nodes, ${data} with data, and no shard moving`];
  if (data < copies) wrong.push(`expected ${copies} nodes with data for the canary's copies, seen ${data}`);
  return wrong;
}

/** Whose votes elect a master. */
interface Votes {
  /** undefined: the server does not say. */
  voters: number | undefined;
  /** Names of nodes whose vote was taken away. */
  excluded: string[];
}

interface Coordination {
  metadata?: {
    cluster_coordination?: {
      last_committed_config?: string[];
      voting_config_exclusions?: { node_name?: string }[];
    };
  };
}

async function votesOf(target: StoreTarget, members: readonly StoreMember[], bounds: Bounds): Promise<Votes> {
  const question = '/_cluster/state/metadata?filter_path=metadata.cluster_coordination';
  const found = await anyMember(members, async (member) => {
    const place = memberPlace(target, member);
    const path = `${question}${await ownState(place, bounds)}`;
    return ask<Coordination>(place, { path }, bounds);
  });
  const { last_committed_config: config, voting_config_exclusions: exclusions = [] } =
    found.metadata?.cluster_coordination ?? {};
  return { voters: config?.length, excluded: exclusions.map(({ node_name: name = '?' }) => name) };
}

/** A planned change of master that was killed leaves a voting exclusion: then a single vote may be left, whose node must not fail. */
function missingVotes({ voters, excluded }: Votes, expected: number): string[] {
  const most = leastEligible(expected);
  // The number of votes is kept odd: of two nodes one has a vote.
  const least = most % 2 === 0 ? most - 1 : most;
  if (voters === undefined) return ['expected the nodes with a vote in the cluster state, seen none'];
  if (voters >= least) return [];
  const why =
    excluded.length === 0
      ? ''
      : ` (${excluded.join(', ')} excluded: DELETE /_cluster/voting_config_exclusions?wait_for_removal=false)`;
  return [`expected ${least} nodes with a vote, seen ${voters}${why}`];
}

/** A server, or a gate before it, that cannot answer now, as with 429 and from 500 on, or that wants to know first who asks. */
const isNoAnswer = (status: number): boolean => status === 401 || status === 429 || status >= 500;

/**
 * Neither product has an address for reads alone; where one is declared, it must refuse to index.
 * @throws Error when nothing answers there, or not whether it takes writes, such as with a refused login
 */
export async function refusesWrites(
  at: { host: string; port: number },
  target: StoreTarget,
  bounds: Bounds,
): Promise<{ refused: boolean; detail: string }> {
  // A bulk request without an action: a server that takes writes finds fault with it, a gate before it refuses first.
  const place = servicePlace({ ...target.connection, ...at });
  const question: Question = { path: '/_bulk', method: 'POST', body: {} };
  try {
    await ask(place, question, bounds);
    return { refused: false, detail: `${whereOf(place, question)}: taken` };
  } catch (error) {
    if (!(error instanceof ElasticsearchRefusal)) throw error;
    const { status } = error;
    const detail = `${whereOf(place, question)}: status ${status}`;
    if (isNoAnswer(status)) throw new Error(detail, { cause: error });
    return { refused: status === 403 || status === 405, detail };
  }
}
