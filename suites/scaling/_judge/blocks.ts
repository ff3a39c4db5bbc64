/** Whether the latency goal was met in each block of 5 s of a load. */
import type { LoadSecond } from '../../../reports/judge/slo/load.ts';
import { countAbove, countOf, merged } from '../../../reports/judge/slo/histogram.ts';
import type { Observed } from './observed.ts';

/** Length of a block, ms. Fewer than LEAST_SAMPLES requests in a block say nothing about a p95. */
const BLOCK_MS = 5000;
const SECOND_MS = 1000;
const LEAST_SAMPLES = 20;
/** A p95 within the goal: of a hundred requests five may be slower, or fail. */
const MOST_BAD = 0.05;

export interface LatencySeen {
  /** End of the last block that missed the goal, ms since the load began; 0: no block missed it; null: no block had enough requests. */
  metFromMs: number | null;
  /** State of the last block in which requests were due. */
  last: State;
}

type State = 'met' | 'missed' | 'unknown';

interface Question {
  startMs: number;
  p95Ms: number;
  /**
   * At worst, iterations that were never begun were slow (slo/series/drops.ts), and no failed request was among the slow ones. At best, they were good,
   * and the slowest requests are those that failed: most that fail by a time-out are both.
   */
  at: 'best' | 'worst';
  /** Requests of the load that were refused, in whatever seconds, and count as good; among the bad ones of its seconds they are not told apart. */
  refusedAreGood: number;
}

export function latencySeen(seconds: Observed['seconds'], question: Question): LatencySeen {
  const seen: LatencySeen = { metFromMs: null, last: 'unknown' };
  for (const { endMs, block } of blocksOf(seconds, question.startMs)) {
    const state = stateOf(block, question);
    if (state === null) continue;
    seen.last = state;
    if (state === 'missed') seen.metFromMs = endMs;
    else if (state === 'met') seen.metFromMs ??= 0;
  }
  return seen;
}

interface Block {
  /** Since the load began, ms. */
  endMs: number;
  block: LoadSecond[];
}

/** A shorter last block is merged into the one before: alone it has too few requests. */
function blocksOf(seconds: Observed['seconds'], startMs: number): Block[] {
  const grouped = Map.groupBy(seconds, ({ atMs }) => Math.floor((atMs - startMs) / BLOCK_MS));
  const blocks = [...grouped]
    .sort(([a], [b]) => a - b)
    .map(([index, all]): Block => ({
      endMs: (index + 1) * BLOCK_MS,
      block: all.map(({ second }) => second),
    }));
  const [before, last] = blocks.slice(-2);
  if (before === undefined || last === undefined || last.block.length >= BLOCK_MS / SECOND_MS) return blocks;
  return [...blocks.slice(0, -2), { endMs: last.endMs, block: [...before.block, ...last.block] }];
}

/**
 * A failed request counts as slow: failing at once must not look fast. If requests were sent and almost none came back, they took longer
 * than the block, which is a miss as well. Null if no request was due.
 */
function stateOf(block: readonly LoadSecond[], { p95Ms, at, refusedAreGood }: Question): State | null {
  const sum = (of: (second: LoadSecond) => number): number =>
    block.reduce((total, second) => total + of(second), 0);
  const latency = merged(block.map((second) => second.latency));
  const answers = Math.max(
    countOf(latency),
    sum(({ requests }) => requests),
  );
  const dropped = sum((second) => second.dropped);
  const asked = sum(({ offered, started }) => offered ?? started);
  if (answers < LEAST_SAMPLES) {
    if (asked === 0 && answers === 0) return null;
    return asked - (at === 'worst' ? 0 : dropped) >= LEAST_SAMPLES ? 'missed' : 'unknown';
  }
  const slow = countAbove(latency, p95Ms);
  const bad = Math.max(0, sum((second) => second.bad) - refusedAreGood);
  const missed = at === 'worst' ? bad + slow + dropped : Math.max(bad, slow);
  return missed / (answers + dropped) > MOST_BAD ? 'missed' : 'met';
}
