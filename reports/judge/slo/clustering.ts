/**
 * How much failures come in clusters. Requests of one outage are not independent: 6,000 that fail in one minute are one event, and a
 * bound that counts them as 6,000 samples claims too much.
 *
 * The measure is the design effect of cluster sampling: the variance of the failed ratio as blocks of time show it, over the variance
 * that independent requests would have,
 *
 *     deff = B/(B − 1) · Σ (f_b − n_b·p)² / (N·p·(1 − p)),    p = F/N,
 *
 * with n_b requests and f_b failures in block b of B (linearised variance of a ratio: Kish, Survey Sampling, 1965; for blocks of equal
 * size it is the index of dispersion, variance over mean, of the failures in a block). It is 1 for failures spread by chance, exactly 1
 * for a single one, and k for failures that come in clusters of k. Dividing requests and failures by it gives the effective sample
 * (Rao and Scott, Biometrics 48, 1992), which `share.ts` judges by Clopper–Pearson as well.
 *
 * An outage longer than a block would be split into several "independent" ones. So the blocks are doubled again and again, each time in
 * two alignments, as long as MIN_BLOCKS remain, and the largest effect counts. It is never taken below 1 (failures that are spread more
 * evenly than by chance earn nothing), and never above F: then all failures are one event.
 *
 * The size of clusters is itself known only from those that were seen, m = F/deff of them. Were sizes exponential, their mean would be
 * uncertain by 1/√m; the effective sample is made smaller by one such deviation, as far as there are clusters at all:
 *
 *     n_eff = N / (deff·c),  F_eff = max(1, F / (deff·c)),  c = 1 + (1 − 1/deff)/√m.
 *
 * Simulated with a ratio that lies on the goal and 100,000 requests: where failures come alone 2.5 % of the samples pass and 2 % fail; where
 * they come in some four outages of random length, 7 % pass and 0.2 % fail (share.test.ts). A bound at 95 % may do so in 5 %.
 *
 * What no sample can show is an outage that did not happen in it. That is no part of the verdict, and is said beside it: how large the
 * share of blocks with a failure may be.
 */
import { sumOf } from '../count.ts';
import { proportionBounds } from '../statistics.ts';

/** Length of a block, ms: longer than a retry or a connection time-out, shorter than a failover. */
export const BLOCK_MS = 10_000;
/** The effect's own relative error is about √(2/(B − 1)): a half for 8 blocks. Fewer say nothing. */
const MIN_BLOCKS = 8;
const SECOND_MS = 1000;

/** What happened from `atMs` on, until the next tally; tallies are ascending. */
export interface Tally {
  atMs: number;
  count: number;
  failed: number;
  /** Beside those of `count`: nobody knows whether they were good. */
  unknown?: number;
}

export interface Clustering {
  /** So many failures come together, ≥ 1. */
  designEffect: number;
  /** So many requests count as one: the design effect, and what is uncertain of it; ≥ 1. */
  requestsAsOne: number;
  /** Length of the blocks that show the largest effect, ms; null: there were too few blocks to look, and all failures count as one event. */
  blockMs: number | null;
  /** Blocks of the stated length (or shorter, in a short load) that had requests, and those of them with a failure. */
  blocks: number;
  blocksWithFailures: number;
  /** One-sided 95 % upper bound of the share of such blocks that hold a failure, were the time of the load typical. */
  blocksWithFailuresUpper: number;
}

/** @param blockMs length of the shortest blocks; halved where the time would hold fewer than eight */
export function clusteringOf(tallies: readonly Tally[], blockMs = BLOCK_MS): Clustering {
  const count = sumOf(tallies, (one) => one.count);
  const failed = sumOf(tallies, (one) => one.failed);
  const base = baseLength(tallies, blockMs);
  const blocks = blocksOf(tallies, base, 0);
  const bad = blocks.filter((block) => block.failed > 0).length;
  const shown = {
    blocks: blocks.length,
    blocksWithFailures: bad,
    blocksWithFailuresUpper:
      blocks.length === 0 ? 1 : 1 - proportionBounds(blocks.length - bad, blocks.length).lower,
  };
  if (failed === 0) return { ...sized(1, 0), blockMs: base, ...shown };
  if (blocks.length < MIN_BLOCKS) return { ...sized(failed, failed), blockMs: null, ...shown };
  // Nothing but failures has no variance to compare: each block is one event.
  if (failed === count) return { ...sized(count / blocks.length, failed), blockMs: base, ...shown };
  const largest = largestEffect(tallies, base, { count, failed });
  const effect = Math.min(Math.max(1, largest.effect), failed);
  return { ...sized(effect, failed), blockMs: largest.blockMs, ...shown };
}

/** All failures counted as one event: nothing is known of the times at which they happened. */
export function asOneEvent(failed: number): Pick<Clustering, 'designEffect' | 'requestsAsOne'> {
  return sized(Math.max(1, failed), failed);
}

function sized(effect: number, failed: number): Pick<Clustering, 'designEffect' | 'requestsAsOne'> {
  const uncertain = failed === 0 ? 0 : (1 - 1 / effect) / Math.sqrt(failed / effect);
  return { designEffect: effect, requestsAsOne: effect * (1 + uncertain) };
}

interface Sums {
  count: number;
  failed: number;
}

function baseLength(tallies: readonly Tally[], blockMs: number): number {
  let length = blockMs;
  while (length > SECOND_MS && blocksOf(tallies, length, 0).length < MIN_BLOCKS)
    length = Math.max(SECOND_MS, Math.floor(length / 2 / SECOND_MS) * SECOND_MS);
  return length;
}

function largestEffect(
  tallies: readonly Tally[],
  base: number,
  total: Sums,
): { effect: number; blockMs: number } {
  let found = { effect: 0, blockMs: base };
  for (let length = base; blocksOf(tallies, length, 0).length >= MIN_BLOCKS; length *= 2) {
    for (const shift of [0, length / 2]) {
      const effect = effectOf(blocksOf(tallies, length, shift), total);
      if (effect > found.effect) found = { effect, blockMs: length };
    }
  }
  return found;
}

function effectOf(blocks: readonly Sums[], { count, failed }: Sums): number {
  const p = failed / count;
  const squares = sumOf(blocks, (block) => (block.failed - block.count * p) ** 2);
  return ((blocks.length / (blocks.length - 1)) * squares) / (count * p * (1 - p));
}

/** Blocks that had requests; `tallies` are ascending. */
function blocksOf(tallies: readonly Tally[], lengthMs: number, shiftMs: number): Sums[] {
  const found: Sums[] = [];
  let current = Number.NaN;
  let block: Sums = { count: 0, failed: 0 };
  for (const { atMs, count, failed } of tallies) {
    if (count === 0) continue;
    const index = Math.floor((atMs + shiftMs) / lengthMs);
    if (index !== current) {
      current = index;
      block = { count: 0, failed: 0 };
      found.push(block);
    }
    block.count += count;
    block.failed += failed;
  }
  return found;
}
