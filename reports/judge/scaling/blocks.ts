/** Whether the latency goal was met, five seconds after five seconds of a load. */
import type { LoadSecond } from '../slo/load.ts';
import { countAbove, countOf, merged } from '../slo/histogram.ts';
import type { Observed } from './observed.ts';

/** Blocks in which the latency goal is looked at, ms; fewer requests than this in one say nothing about a p95. */
const BLOCK_MS = 5000;
const SECOND_MS = 1000;
const LEAST_SAMPLES = 20;
/** A p95 within the goal: of a hundred requests five may be slower, or fail. */
const MOST_BAD = 0.05;

export interface LatencySeen {
  /** End of the last block that missed the goal, ms since the load began; 0: none did; null: there was none that tells. */
  metFromMs: number | null;
  /** What the last block of the load that was asked for anything says. */
  last: State;
}

type State = 'met' | 'missed' | 'unknown';

interface Question {
  startMs: number;
  p95Ms: number;
  /** Whether iterations that were never begun count as slow, or as good (slo/series/drops.ts). */
  dropsAreSlow: boolean;
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

/** What is left over at the end belongs to the block before: in a part of one there are too few requests to say anything. */
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
 * A request that fails counts as slow: where every one fails at once nothing is as it should be. Where requests were sent and next to nothing came
 * back, they took longer than the block, and that is a miss as well. Null where nothing was asked for.
 */
function stateOf(block: readonly LoadSecond[], { p95Ms, dropsAreSlow }: Question): State | null {
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
    return asked - (dropsAreSlow ? 0 : dropped) >= LEAST_SAMPLES ? 'missed' : 'unknown';
  }
  const slow = countAbove(latency, p95Ms) + (dropsAreSlow ? dropped : 0);
  return (sum(({ bad }) => bad) + slow) / (answers + dropped) > MOST_BAD ? 'missed' : 'met';
}
