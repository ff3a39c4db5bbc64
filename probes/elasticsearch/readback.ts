import { ask, CANARY_INDEX, memberPlace } from './api.ts';
import { DIALECTS } from './product.ts';
import { ledRoledView } from './state.ts';
import { primaryOf } from './view.ts';
import type { Copy, RoledView, View } from './view.ts';
import { monoMs } from '../../host/clock.ts';
import { contentsOf } from '../store/contents.ts';
import { attempt } from '../store/readback.ts';
import type {
  Bounds,
  ReadBackRequest,
  ReadBackSeen,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';

/** The most that is given in one page (index.max_result_window). */
const PAGE = 10_000;
const KEEP_ALIVE = '1m';
/** One copy that does not answer must leave time to read the others. */
const COPY_MS = 20_000;

interface Shards {
  total: number;
  successful: number;
  failed: number;
}
/** The answer of Elasticsearch, or of OpenSearch. */
type Opened = { id: string } | { pit_id: string };
interface Page {
  timed_out: boolean;
  _shards: Shards;
  pit_id?: string;
  hits: { total: { value: number }; hits?: { sort: [number, number] }[] };
}

/**
 * Makes everything searchable, then reads the primary's copy twice and every other copy once, each at its own node. A search that
 * timed out or missed a shard is `readback-failed`. An index that is not there holds nothing: that was read, and completely. A node of the
 * cluster that holds no copy is written as `readback-without`; a member that is no node of it is not.
 */
export async function readBack(target: StoreTarget, request: ReadBackRequest, bounds: Bounds): Promise<void> {
  const end = monoMs() + bounds.deadlineMs;
  const left = (): Bounds => ({ deadlineMs: Math.max(1, end - monoMs()), signal: bounds.signal });
  const members = await target.members();
  request.write({ kind: 'readback-plan', run: request.run, sources: members.map(({ name }) => name) });
  const plan = await attempt(request, 'leader', () => planOf(target, members, left()));
  if (plan === null) return;
  for (const one of plan.without) request.write({ kind: 'readback-without', ...one });
  for (const { member, copy, role } of plan.readings)
    await attempt(request, member.name, async () => {
      const passes = role === 'leader' ? ([1, 2] as const) : ([1] as const);
      for (const pass of passes) {
        const within = { ...left(), deadlineMs: Math.min(left().deadlineMs, COPY_MS) };
        const numbers = copy === null ? [] : await numbersIn({ target, member, copy }, request.run, within);
        request.write({
          kind: 'readback',
          source: member.name,
          role,
          pass,
          ...contentsOf(numbers),
          complete: true,
        });
      }
    });
}

interface Reading {
  member: StoreMember;
  /** null: there is no index. */
  copy: Copy | null;
  role: 'leader' | 'member';
}

interface Plan {
  readings: Reading[];
  without: Omit<Extract<ReadBackSeen, { kind: 'readback-without' }>, 'kind'>[];
}

/** Which copy is read where, the primary first. @throws Error when a copy is missing or what is written cannot be made visible */
async function planOf(target: StoreTarget, members: readonly StoreMember[], bounds: Bounds): Promise<Plan> {
  const view = await ledRoledView(target, members, bounds);
  const primary = primaryOf(view);
  if (view.copies === null) return { readings: nothingIn(members, view), without: [] };
  if (primary === null) throw new Error('expected a started primary of the canary, seen none');
  const leader = memberOf(members, primary);
  await refresh(target, leader, view, bounds);
  const others = members.flatMap((member): Reading[] => {
    const copy = view.copies?.find(({ node }) => node === member.name);
    if (copy === undefined || member.name === leader.name) return [];
    return [{ member, copy, role: 'member' }];
  });
  return {
    readings: [{ member: leader, copy: primary, role: 'leader' }, ...others],
    without: withoutCopy(members, view),
  };
}

/** There is no index: every member holds nothing, first one that could. */
function nothingIn(members: readonly StoreMember[], { data }: RoledView): Reading[] {
  const rank = ({ name }: StoreMember): number => Number(!data.includes(name));
  return members
    .toSorted((one, other) => rank(one) - rank(other))
    .map((member, i) => ({ member, copy: null, role: i === 0 ? 'leader' : 'member' }));
}

/** Members that are nodes of the cluster and to which it has given no copy: by their roles, or because every copy is elsewhere. */
function withoutCopy(members: readonly StoreMember[], view: RoledView): Plan['without'] {
  const copies = view.copies ?? [];
  const nodes = new Set(view.nodes.values());
  const holders = copies.map(({ node }) => node ?? 'no node').join(', ');
  return members.flatMap(({ name }) => {
    if (!nodes.has(name) || copies.some(({ node }) => node === name)) return [];
    const because = view.data.includes(name) ? ('elsewhere' as const) : ('roles' as const);
    return [{ source: name, because, copies: copies.length, seen: `copies on ${holders}` }];
  });
}

function memberOf(members: readonly StoreMember[], copy: Copy): StoreMember {
  const found = members.find(({ name }) => name === copy.node);
  if (found === undefined)
    throw new Error(`the primary is on ${copy.node ?? 'no node'}, which is not a member`);
  return found;
}

async function refresh(target: StoreTarget, leader: StoreMember, view: View, bounds: Bounds): Promise<void> {
  const copies = view.copies?.length ?? 0;
  const path = `/${CANARY_INDEX}/_refresh`;
  const { _shards: shards } = await ask<{ _shards: Shards }>(
    memberPlace(target, leader),
    { path, method: 'POST' },
    bounds,
  );
  if (shards.failed > 0 || shards.successful < copies)
    throw new Error(
      `expected ${copies} copies refreshed, seen ${shards.successful}, ${shards.failed} failed`,
    );
}

/** Every number that one copy holds of a run. @throws Error when it could not be read whole */
async function numbersIn(
  at: { target: StoreTarget; member: StoreMember; copy: Copy },
  run: string,
  bounds: Bounds,
): Promise<number[]> {
  const place = memberPlace(at.target, at.member);
  const only = `_only_nodes:${at.copy.nodeId ?? ''}`;
  const { pit: api, closing, tiebreak } = DIALECTS[place.product];
  const opening = `/${CANARY_INDEX}/${api}?keep_alive=${KEEP_ALIVE}&preference=${only}`;
  const opened = await ask<Opened>(place, { path: opening, method: 'POST' }, bounds);
  let pit = 'id' in opened ? opened.id : opened.pit_id;
  const sort = [{ n: 'asc' }, ...tiebreak];
  try {
    const numbers: number[] = [];
    let after: [number, number] | undefined;
    for (;;) {
      const page = await ask<Page>(
        place,
        { path: PAGE_PATH, method: 'POST', body: { ...pageBody(pit, run, after), sort } },
        bounds,
      );
      prove(page);
      pit = page.pit_id ?? pit;
      const hits = page.hits.hits ?? [];
      for (const { sort } of hits) numbers.push(sort[0]);
      after = hits.at(-1)?.sort;
      if (hits.length < PAGE || after === undefined) return whole(numbers, page);
    }
  } finally {
    await ask(place, { path: `/${api}`, method: 'DELETE', body: closing(pit) }, bounds).catch(
      () => undefined,
    );
  }
}

const PAGE_PATH = `/_search?filter_path=timed_out,_shards,pit_id,hits.total,hits.hits.sort`;

function pageBody(id: string, run: string, after: [number, number] | undefined): object {
  return {
    size: PAGE,
    pit: { id, keep_alive: KEEP_ALIVE },
    query: { term: { run } },
    _source: false,
    track_total_hits: true,
    ...(after !== undefined && { search_after: after }),
  };
}

function prove({ timed_out: timedOut, _shards: shards }: Page): void {
  if (timedOut) throw new Error('the search timed out, so it may have missed documents');
  if (shards.failed > 0 || shards.successful !== 1)
    throw new Error(
      `expected the one copy to answer, seen ${shards.successful} of ${shards.total}, ${shards.failed} failed`,
    );
}

function whole(numbers: number[], { hits }: Page): number[] {
  if (numbers.length !== hits.total.value)
    throw new Error(`expected ${hits.total.value} documents, the pages held ${numbers.length}`);
  return numbers;
}
