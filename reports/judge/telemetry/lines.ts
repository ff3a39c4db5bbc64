/** Numbered lines of the pods on every node: what is on the disks, held against what is in the store. */
import type { History } from '../../record/history.ts';
import { number, seen, text } from '../topology/findings.ts';
import type { Due } from './figures.ts';
import { awayOf, blindOf, canaryOf, comingOf, linesPlan, pairsOf } from './observed.ts';
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

function counted(part: Part, coming: Coming, heldUp: boolean): void {
  part.arrived += 1;
  part.unseen += Number(coming === 'unseen');
  if (coming === 'late') part[heldUp ? 'heldUp' : 'late'] += 1;
}

/** Whether a line's node was away when it was written, or before it was due, and the line came in time once the node was back. */
function whileAway(
  history: History,
  { node, visibleMs }: { node: string; visibleMs: number },
): (line: { atMs: number; seenMs: number }) => boolean {
  const away = awayOf(history);
  if (away?.nodes.includes(node) !== true) return () => false;
  // Older lines are only looked at now and then: later is only what is later by more than that.
  const lastMs = away.toMs + visibleMs + (canaryOf(history)?.lookBackEveryMs ?? 0);
  return ({ atMs, seenMs }) => atMs + visibleMs >= away.fromMs && atMs <= away.toMs && seenMs <= lastMs;
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
  const rule = {
    visibleMs: of.visibleMs,
    lookEveryMs: canaryOf(history)?.lookEveryMs ?? 0,
    blind: blindOf(history, 'logs'),
  };
  const heldUp = whileAway(history, of);
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
    const line = { atMs, seenMs: one.seenMs };
    const coming = comingOf(line, rule);
    counted(part, coming, heldUp(line));
    part.delays.push(one.seenMs - atMs);
    part.due.push({ atMs, arrived: coming !== 'late' });
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
