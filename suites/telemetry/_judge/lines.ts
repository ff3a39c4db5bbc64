/** Compares the numbered lines on every node's disk with those in the store. */
import type { History } from '../../../reports/record/history/history.ts';
import { LINE_WRITER, LOOK_BACK_EVERY_MS } from '../../../reports/record/observations/telemetry.ts';
import { all, last } from '../../../reports/judge/observed.ts';
import type { Findings } from '../../../reports/judge/topology/findings.ts';
import { notePassing } from '../../../reports/judge/topology/nodes.ts';
import { ownMs } from '../../../reports/judge/telemetry/clocks.ts';
import type { Offset } from '../../../reports/judge/telemetry/clocks.ts';
import { arrivalRule, awayOf, comingOf, mostWritersIn, planOf } from './observed.ts';
import type { Coming } from './observed.ts';

export interface NodeLines {
  node: string;
  /** What must have arrived: what its disk holds, or what its pod was to write where the disk was not read. */
  expected: number;
  /** Whether `expected` is from the disk. */
  counted: boolean;
  arrived: number;
  /** The highest number that arrived: all before it were written. */
  last: number;
  missing: number[];
  late: number;
  /** Late because the node was away: its lines wait on its disk, and are due once it is back. */
  heldUp: number;
  unseen: number;
  /** The node's clock is not known well enough to tell whether they were late. */
  undecided: number;
  duplicated: number;
  outOfOrder: number;
  /** ms, of those that arrived. */
  delays: number[];
  /** Why nothing is known of this node; null: something is. */
  silent: string | null;
}

interface Arrived {
  n: number;
  seenMs: number;
  atMs: number;
}

/** Every node on which lines were to be written, also one on which no pod could run. */
export function linesByNode(history: History, clocks: ReadonlyMap<string, Offset>): NodeLines[] {
  const { lines: count } = planOf(history.header);
  const stored = storedLines(history);
  const disk = diskLines(history);
  const read = new Set(countedNodes(history));
  return nodesOf(history).map((node) => {
    const counted = read.has(node);
    const own = new Map([...disk].filter(([correlationId]) => nodeIn(correlationId) === node));
    const arrived = new Map([...stored].filter(([correlationId]) => nodeIn(correlationId) === node));
    const silent = silentReason(history, node);
    const correlationIds = [...new Set([...own.keys(), ...arrived.keys()])];
    const empty = emptyOf(node, { counted, silent });
    if (correlationIds.length === 0) return empty;
    const parts = correlationIds.map((correlationId) =>
      seriesOf(history, {
        node,
        clock: clocks.get(node) ?? null,
        written: expectedOf(own.get(correlationId), counted ? null : count),
        arrived: arrived.get(correlationId) ?? [],
      }),
    );
    return parts.reduce(added, { ...empty, silent: null });
  });
}

/** Nodes on which lines were to be written, each once: those of the cluster that are not left out of the sample. */
export function nodesOf(history: History): string[] {
  return [
    ...new Set(all(history, 'canary-node').flatMap(({ node, leftOut }) => (leftOut === true ? [] : [node]))),
  ];
}

/** Nodes on which the log of a pod that writes lines was read. */
function countedNodes(history: History): string[] {
  return all(history, 'disk').flatMap(({ writer, node }) => (writer ? [node] : []));
}

/** Nodes on which it could not be. */
function unreadNodes(history: History): string[] {
  return all(history, 'disk-unread').flatMap(({ container, node }) =>
    container === LINE_WRITER ? [node] : [],
  );
}

/** The node's name in `RUN/line/NODE/START`. */
function nodeIn(correlationId: string): string {
  return correlationId.split('/')[2] ?? '';
}

function silentReason(history: History, node: string): string {
  const silent = all(history, 'no-writer').find((one) => one.node === node);
  return silent?.reason ?? 'no line of its pod was found, neither on its disk nor in the store';
}

/** The nodes are those that are declared, by pool, and each can run a pod; where some are left out, the sample is as large as it was to be. */
export function nodesRule(history: History, findings: Findings): void {
  findings.rule('nodes');
  notePassing(history, findings);
  const seen = all(history, 'canary-node');
  for (const { name, min, max } of declaredNodes(history)) {
    const { length } = seen.filter(({ pool }) => pool === name);
    const subject = `nodes of ${name}`;
    const expected = min === max ? String(min) : `${min} to ${max}`;
    // A managed cluster may not list its control plane's nodes.
    const managed = name === 'control-plane' && length === 0;
    if (managed || (length >= min && length <= max)) findings.expect(subject, true, expected, String(length));
    else if (length > max) findings.unknown(subject, expected, `${length}: more than declared`);
    else findings.unknown(subject, expected, `${length}: lines of the missing nodes are unknown`);
  }
  for (const { node } of seen.filter(({ ready }) => !ready))
    findings.unknown(`node ${node}`, 'Ready, with a pod that writes lines', silentReason(history, node));
  sampleRule(history, findings);
}

/** Nodes are left out only where there are enough others, of no pool all, and none that the fault took. */
function sampleRule(history: History, findings: Findings): void {
  const seen = all(history, 'canary-node');
  const leftOut = seen.filter((one) => one.leftOut === true);
  if (leftOut.length === 0) return;
  const writing = seen.filter((one) => one.ready && one.leftOut !== true);
  const least = mostWritersIn(history.header);
  const isSample =
    writing.length >= least &&
    leftOut.every(({ ready, pool }) => ready && writing.some((one) => one.pool === pool));
  findings.sound(
    'the sample of nodes',
    isSample,
    `${least} Ready nodes, with one of each pool`,
    `${writing.length} nodes of ${new Set(writing.map(({ pool }) => pool)).size} pools`,
  );
  for (const lost of awayOf(history)?.nodes ?? [])
    if (leftOut.some(({ node }) => node === lost))
      findings.unknown(`node ${lost}`, 'with a pod that writes lines, since the fault took it', 'left out');
  findings.figure({ name: 'nodes covered', value: writing.length, goal: seen.length });
  findings.note(
    `lines were written on ${writing.length} of ${seen.length} nodes, a sample with one of each pool: the next run may cover others`,
  );
}

function declaredNodes({ header: { settings } }: History): { name: string; min: number; max: number }[] {
  const { pools = [], controlPlane } = settings.topology ?? {};
  const own = pools.map(({ name, count }) => ({ name, ...count }));
  if (controlPlane === undefined) return own;
  return [...own, { name: 'control-plane', min: controlPlane.nodes, max: controlPlane.nodes }];
}

/** Lines in the store come from nodes on which lines were written, and their records say so. */
export function numbersRule(history: History, findings: Findings): void {
  findings.rule('numbers');
  const { lines: count } = planOf(history.header);
  const nodes = new Set(nodesOf(history));
  const lines = all(history, 'line');
  const strange = lines.find(({ correlationId, n, node }) => {
    const known = nodes.has(nodeIn(correlationId)) && n !== null && n >= 1 && n <= count;
    return !known || (node !== '' && node !== nodeIn(correlationId));
  });
  const expected = `of a known node, with a number from 1 to ${count}`;
  if (strange === undefined) findings.expect('lines', true, expected, `${lines.length} in the store`);
  else
    findings.unknown(
      'a line in the store',
      expected,
      `${strange.correlationId}, number ${String(strange.n)}, of ${strange.node}`,
    );
}

/** Each log that was due was read, those of all pods that write lines among them, or the reason why not is recorded. */
export function countedRule(history: History, findings: Findings): void {
  findings.rule('counted');
  const read = all(history, 'disk').length + all(history, 'disk-unread').length;
  const due = last(history, 'disks-read')?.count;
  if (due === read) findings.expect("logs on the nodes' disks", true, 'all read', String(read));
  else findings.unknown("logs on the nodes' disks", `${due ?? 'all'} read`, String(read));
  const told = [
    ...countedNodes(history),
    ...unreadNodes(history),
    ...all(history, 'no-writer').map(({ node }) => node),
  ];
  for (const node of nodesOf(history))
    if (!told.includes(node)) findings.unknown(`disk of ${node}`, 'its lines counted', 'not read');
}

function emptyOf(node: string, of: { counted: boolean; silent: string }): NodeLines {
  return { node, ...nothing(), ...of };
}

const nothing = (): Part => ({
  expected: 0,
  arrived: 0,
  last: 0,
  missing: [],
  late: 0,
  heldUp: 0,
  unseen: 0,
  undecided: 0,
  duplicated: 0,
  outOfOrder: 0,
  delays: [],
});

/** Numbers that must have arrived, with the time at which each was written; null: not known. */
function expectedOf(
  disk: ReadonlyMap<number, number> | undefined,
  planned: number | null,
): Map<number, number | null> {
  if (planned === null) return new Map(disk ?? []);
  return new Map(Array.from({ length: planned }, (_, index) => [index + 1, disk?.get(index + 1) ?? null]));
}

type Part = Omit<NodeLines, 'node' | 'counted' | 'silent'>;

/** The figure to which each outcome is added. */
const FIGURES = { 'held up': 'heldUp', late: 'late', unseen: 'unseen', undecided: 'undecided' } as const;

/** Outcome of a line. If it is late because its node was away, its deadline counts from when the store was whole again. */
function lineComing(
  history: History,
  { node, clock }: { node: string; clock: Offset | null },
): (line: { atMs: number; seenMs: number }) => Coming | 'held up' {
  const rule = arrivalRule(history, 'logs');
  // Older lines are queried less often.
  const backRule = { ...rule, lookEveryMs: rule.lookEveryMs + LOOK_BACK_EVERY_MS };
  const away = awayOf(history);
  const gone = away?.nodes.includes(node) === true ? away : null;
  return (line) => {
    const coming = comingOf({ ...line, clock }, rule);
    if (gone === null || coming !== 'late') return coming;
    const writtenMs = line.atMs - aheadOf(clock);
    if (writtenMs + rule.visibleMs < gone.fromMs || writtenMs > gone.toMs) return coming;
    const back = comingOf({ atMs: gone.toMs, seenMs: line.seenMs }, backRule);
    return back === 'in time' ? 'held up' : back;
  };
}

function seriesOf(
  history: History,
  of: {
    node: string;
    clock: Offset | null;
    written: ReadonlyMap<number, number | null>;
    arrived: readonly Arrived[];
  },
): Part {
  const comingFor = lineComing(history, of);
  const aheadMs = aheadOf(of.clock);
  const first = new Map<number, Arrived>();
  for (const one of of.arrived) if (!first.has(one.n)) first.set(one.n, one);
  const part: Part = {
    ...nothing(),
    expected: of.written.size,
    last: Math.max(0, ...first.keys()),
    duplicated: of.arrived.length - first.size,
    outOfOrder: outOfOrder([...first.values()]),
  };
  for (const [n, writtenMs] of of.written) {
    const one = first.get(n);
    if (one === undefined) {
      part.missing.push(n);
      continue;
    }
    const atMs = writtenMs ?? one.atMs;
    const coming = comingFor({ atMs, seenMs: one.seenMs });
    part.arrived += 1;
    if (coming !== 'in time') part[FIGURES[coming]] += 1;
    part.delays.push(one.seenMs - atMs + aheadMs);
  }
  return part;
}

const aheadOf = (clock: Offset | null): number => clock?.offsetMs ?? 0;

/** Read by time, these stand before a line with a lower number. */
function outOfOrder(lines: readonly Arrived[]): number {
  let latestMs = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (const { atMs } of lines.toSorted((a, b) => a.n - b.n)) {
    if (atMs < latestMs) count += 1;
    latestMs = Math.max(latestMs, atMs);
  }
  return count;
}

function added(sum: NodeLines, part: Part): NodeLines {
  return {
    ...sum,
    expected: sum.expected + part.expected,
    arrived: sum.arrived + part.arrived,
    last: Math.max(sum.last, part.last),
    missing: [...sum.missing, ...part.missing],
    late: sum.late + part.late,
    heldUp: sum.heldUp + part.heldUp,
    unseen: sum.unseen + part.unseen,
    undecided: sum.undecided + part.undecided,
    duplicated: sum.duplicated + part.duplicated,
    outOfOrder: sum.outOfOrder + part.outOfOrder,
    delays: [...sum.delays, ...part.delays],
  };
}

function storedLines(history: History): Map<string, Arrived[]> {
  const found = new Map<string, Arrived[]>();
  for (const { t, correlationId, n, seenMs: saidMs, atMs } of all(history, 'line')) {
    if (n === null) continue;
    const seenMs = ownMs(history, t, saidMs);
    const before = found.get(correlationId);
    if (before === undefined) found.set(correlationId, [{ n, seenMs, atMs }]);
    else before.push({ n, seenMs, atMs });
  }
  return found;
}

/** By correlation id: numbers with the time at which the runtime wrote them. */
function diskLines(history: History): Map<string, Map<number, number>> {
  return new Map(
    all(history, 'disk').flatMap(({ series }) =>
      series.map(({ correlationId, lines }): [string, Map<number, number>] => [
        correlationId,
        new Map(lines),
      ]),
    ),
  );
}
