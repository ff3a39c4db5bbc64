/** Numbered lines of the pods on every node: what is on the disks, held against what is in the store. */
import type { History } from '../../record/history.ts';
import { number, seen, text } from '../topology/findings.ts';
import type { Due } from './figures.ts';
import { arrivalRule, awayOf, canaryOf, comingOf, linesPlan, pairsOf } from './observed.ts';
import type { Coming } from './observed.ts';

export interface NodeLines {
  node: string;
  /** What must have arrived: what its disk holds, or what its pod was to write where the disk was not read. */
  expected: number;
  /** Whether `expected` is from the disk. */
  counted: boolean;
  arrived: number;
  missing: number[];
  late: number;
  /** Late, and written when its node was away or about to be: they wait on its disk until it is back, and are due from then. */
  heldUp: number;
  unseen: number;
  duplicated: number;
  outOfOrder: number;
  /** ms, of those that arrived. */
  delays: number[];
  due: Due[];
  /** Why nothing is known of it; null: something is. */
  silent: string | null;
  pods: string[];
}

interface Arrived {
  n: number;
  seenMs: number;
  atMs: number;
  pod: string;
}

/** Every node that was to have a pod, in the order of the plan. */
export function linesByNode(history: History, visibleMs: number): NodeLines[] {
  const { nodes, count } = linesPlan(history);
  const stored = storedLines(history);
  const disk = diskLines(history);
  const read = writersOf(history, 'disk');
  const unread = writersOf(history, 'disk-unread');
  return nodes.map((node) => {
    const counted = read.has(node) && !unread.has(node);
    const own = new Map([...disk].filter(([mark]) => nodeIn(mark) === node));
    const arrived = new Map([...stored].filter(([mark]) => nodeIn(mark) === node));
    const silent = silentReason(history, node);
    const marks = [...new Set([...own.keys(), ...arrived.keys()])];
    const empty = emptyOf(node, { counted, silent });
    if (marks.length === 0) return empty;
    const parts = marks.map((mark) =>
      seriesOf(history, {
        ...{ node, visibleMs },
        written: expectedOf(own.get(mark), counted ? null : count),
        arrived: arrived.get(mark) ?? [],
      }),
    );
    return parts.reduce(added, { ...empty, silent: null });
  });
}

/** Container of the pods that write lines. */
export const WRITER = 'lines';

/** Nodes on which the log of a pod that writes lines was read, or could not be. */
function writersOf(history: History, kind: 'disk' | 'disk-unread'): Set<string> {
  const own = seen(history, kind).filter((one) => text(one, 'container') === WRITER);
  return new Set(own.map((one) => text(one, 'node')));
}

/** The node's name in `RUN/line/NODE/START`. */
function nodeIn(mark: string): string {
  return mark.split('/')[2] ?? '';
}

function silentReason(history: History, node: string): string {
  const silent = seen(history, 'silent').find((one) => text(one, 'node') === node);
  return silent === undefined
    ? 'its pod wrote nothing that was seen, on its disk or in the store'
    : text(silent, 'reason');
}

function emptyOf(node: string, of: { counted: boolean; silent: string }): NodeLines {
  return {
    ...{ node, expected: 0, arrived: 0, missing: [], late: 0, heldUp: 0, unseen: 0 },
    ...{ duplicated: 0, outOfOrder: 0 },
    ...{ delays: [], due: [], pods: [], ...of },
  };
}

/** Numbers that must have arrived, with the time at which each was written; null: not known. */
function expectedOf(
  disk: ReadonlyMap<number, number> | undefined,
  planned: number | null,
): Map<number, number | null> {
  if (planned === null) return new Map(disk ?? []);
  return new Map(Array.from({ length: planned }, (_, index) => [index + 1, disk?.get(index + 1) ?? null]));
}

type Part = Omit<NodeLines, 'node' | 'counted' | 'silent'>;

/** The figure that each way of coming adds to. */
const FIGURES = { 'held up': 'heldUp', late: 'late', unseen: 'unseen' } as const;

/** How a line came. What is late because its node was away when it was written, or before it was due, is due anew from when the store was whole again. */
function lineComing(
  history: History,
  { node, visibleMs }: { node: string; visibleMs: number },
): (line: { atMs: number; seenMs: number }) => Coming | 'held up' {
  const rule = arrivalRule(history, 'logs', visibleMs);
  // Older lines are looked at more seldom.
  const backRule = { ...rule, lookEveryMs: rule.lookEveryMs + (canaryOf(history)?.lookBackEveryMs ?? 0) };
  const away = awayOf(history);
  const gone = away?.nodes.includes(node) === true ? away : null;
  return (line) => {
    const coming = comingOf(line, rule);
    if (gone === null || coming !== 'late') return coming;
    if (line.atMs + visibleMs < gone.fromMs || line.atMs > gone.toMs) return coming;
    const back = comingOf({ atMs: gone.toMs, seenMs: line.seenMs }, backRule);
    return back === 'in time' ? 'held up' : back;
  };
}

function seriesOf(
  history: History,
  of: {
    node: string;
    visibleMs: number;
    written: ReadonlyMap<number, number | null>;
    arrived: readonly Arrived[];
  },
): Part {
  const comingFor = lineComing(history, of);
  const first = new Map<number, Arrived>();
  for (const one of of.arrived) if (!first.has(one.n)) first.set(one.n, one);
  const part: Part = {
    ...{ expected: of.written.size, arrived: 0, missing: [], late: 0, heldUp: 0, unseen: 0 },
    duplicated: of.arrived.length - first.size,
    outOfOrder: outOfOrder([...first.values()]),
    ...{ delays: [], due: [], pods: [...new Set(of.arrived.map(({ pod }) => pod))] },
  };
  for (const [n, writtenMs] of of.written) {
    const one = first.get(n);
    if (one === undefined) {
      part.missing.push(n);
      if (writtenMs !== null) part.due.push({ atMs: writtenMs, arrived: false });
      continue;
    }
    const atMs = writtenMs ?? one.atMs;
    const coming = comingFor({ atMs, seenMs: one.seenMs });
    part.arrived += 1;
    if (coming !== 'in time') part[FIGURES[coming]] += 1;
    part.delays.push(one.seenMs - atMs);
    part.due.push({ atMs, arrived: coming !== 'late' && coming !== 'held up' });
  }
  return part;
}

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
    missing: [...sum.missing, ...part.missing],
    late: sum.late + part.late,
    heldUp: sum.heldUp + part.heldUp,
    unseen: sum.unseen + part.unseen,
    duplicated: sum.duplicated + part.duplicated,
    outOfOrder: sum.outOfOrder + part.outOfOrder,
    delays: [...sum.delays, ...part.delays],
    due: [...sum.due, ...part.due],
    pods: [...new Set([...sum.pods, ...part.pods])],
  };
}

function storedLines(history: History): Map<string, Arrived[]> {
  const found = new Map<string, Arrived[]>();
  for (const one of seen(history, 'line')) {
    const mark = text(one, 'mark');
    const line = {
      n: number(one, 'n'),
      seenMs: number(one, 'seenMs'),
      atMs: number(one, 'atMs'),
      pod: text(one, 'pod'),
    };
    if (!Number.isInteger(line.n)) continue;
    const before = found.get(mark);
    if (before === undefined) found.set(mark, [line]);
    else before.push(line);
  }
  return found;
}

/** By mark: numbers with the time at which the runtime wrote them. */
function diskLines(history: History): Map<string, Map<number, number>> {
  return new Map(seen(history, 'disk-lines').map((one) => [text(one, 'mark'), new Map(pairsOf(one))]));
}
