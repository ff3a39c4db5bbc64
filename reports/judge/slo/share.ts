/** How every judge decides on a proportion of good events, be they requests, jobs, lines or traces. */
import type { Verdict } from '../../record/verdict.ts';
import { decideProportion } from '../statistics.ts';
import type { ProportionDecision } from '../statistics.ts';
import { asOneEvent, BLOCK_MS, clusteringOf } from './clustering.ts';
import type { Clustering, Tally } from './clustering.ts';

type Decided = Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;

/** Events, such as the requests of a load: in all, and by the time at which they ended. */
export interface Sample {
  /** Events of which it is known whether they were good. */
  count: number;
  failed: number;
  /** Events, not in `count`, of which this is not known; 0 when left out. */
  unknown?: number;
  /** The same numbers by time, ascending; empty where times are not recorded: then all failures count as one event. */
  tallies: readonly Tally[];
}

export interface ShareDecision {
  verdict: Decided;
  /** Share of good events in `count`; null without any. */
  ratio: number | null;
  /** Clopper–Pearson on the known events, taken as independent. */
  byRequest: ProportionDecision;
  /** The same on the effective sample, which is smaller where failures cluster. */
  effective: ProportionDecision & { samples: number; failed: number };
  clustering: Clustering;
  /** One-sided 95 % bounds, the wider of the two. Unknown events count as bad for the lower bound, as good for the upper one. */
  lower: number;
  upper: number;
  /** Total events that would decide, if ratio and clustering stayed the same; null when decided, or when no number would. */
  samplesToDecide: number | null;
  /** Events counted once as good and once as bad. */
  unknown: number;
}

/**
 * Compares the share of good events with a goal, e.g. 0.999.
 *
 * Two samples are judged by one-sided 95 % Clopper–Pearson bounds, and a verdict needs both to agree: the events as they are, and the
 * effective sample, that is events and failures divided by how many of them count as one (clustering.ts). As that is ≥ 1, the second
 * never claims more than the first; where failures are spread by chance the two are the same. From this follows, for a goal of 99.9 %:
 *
 * - 500 good requests: nothing failed, so nothing clusters; 0.05^(1/500) = 0.994 < 0.999: inconclusive, 2,995 requests are needed;
 * - 1 failure in 100,000: a single failure has an effect of 1; the lower bound is 0.99995: pass;
 * - 300 failures in 100,000, spread: an effect near 1; the upper bound is 0.9973: fail (an effect up to about 30 would not change that);
 * - 60 failures in 100,000, all of one minute: an effect close to 60, and one cluster says little of the size of clusters, so some 120
 *   requests count as one: 1 failure in about 840. By requests alone it would pass (lower bound 0.99925), with the effective sample (0.994)
 *   it is inconclusive, and more requests are needed. If that minute was 6,000 of the 100,000, it is 1 in 8, and that is too many: fail.
 *
 * Unknown events count both ways: the goal is met only if it is met with all of them bad, and missed only if it is missed with all of them
 * good. The sample is assumed to be typical: nothing is claimed about outages that did not happen in it.
 * @param blockMs length of the shortest blocks, ms
 */
export function decideShare(sample: Sample, goalRatio: number, blockMs = BLOCK_MS): ShareDecision {
  const known = decideKnown(sample, goalRatio, blockMs);
  const { unknown = 0 } = sample;
  if (unknown === 0) return known;
  const best = decideKnown(withUnknown(sample, 'good'), goalRatio, blockMs);
  const worst = decideKnown(withUnknown(sample, 'bad'), goalRatio, blockMs);
  return { ...known, ...bothWays(best, worst), lower: worst.lower, upper: best.upper, unknown };
}

interface Way {
  verdict: Decided;
  samplesToDecide: number | null;
}

/** Combines the decisions with unknown events as good and as bad; more samples are suggested only where they would decide both. */
export function bothWays(best: Way, worst: Way): Way {
  const verdict = worst.verdict === 'pass' ? 'pass' : best.verdict === 'fail' ? 'fail' : 'inconclusive';
  const { samplesToDecide: one } = best;
  const { samplesToDecide: other } = worst;
  const samplesToDecide = one === null || other === null ? null : Math.max(one, other);
  return { verdict, samplesToDecide: verdict === 'inconclusive' ? samplesToDecide : null };
}

function withUnknown({ count, failed, unknown = 0, tallies }: Sample, as: 'good' | 'bad'): Sample {
  const bad = as === 'bad' ? 1 : 0;
  return {
    count: count + unknown,
    failed: failed + unknown * bad,
    tallies: tallies.map((one) => ({
      atMs: one.atMs,
      count: one.count + (one.unknown ?? 0),
      failed: one.failed + (one.unknown ?? 0) * bad,
    })),
  };
}

function decideKnown(sample: Sample, goalRatio: number, blockMs: number): ShareDecision {
  const { count, failed } = sample;
  const clustering = clusteringFor(sample, blockMs);
  const samples = count / clustering.requestsAsOne;
  const bad = Math.min(samples, Math.max(Math.min(1, failed), failed / clustering.requestsAsOne));
  const byRequest = decideProportion(count - failed, count, goalRatio);
  const effective = { ...decideProportion(samples - bad, samples, goalRatio), samples, failed: bad };
  const verdict = byRequest.verdict === effective.verdict ? byRequest.verdict : 'inconclusive';
  return {
    verdict,
    ratio: byRequest.ratio,
    byRequest,
    effective,
    clustering,
    lower: Math.min(byRequest.lower, effective.lower),
    upper: Math.max(byRequest.upper, effective.upper),
    samplesToDecide: verdict === 'inconclusive' ? needed(byRequest, effective, clustering) : null,
    unknown: 0,
  };
}

/** Tallies that do not add up to the failures cannot show how these cluster: all failures count as one event. */
function clusteringFor({ count, failed, tallies }: Sample, blockMs: number): Clustering {
  const timed = tallies.reduce((sum, tally) => sum + tally.failed, 0);
  const found = clusteringOf(tallies, blockMs);
  return timed === failed && count > 0 ? found : { ...found, ...asOneEvent(failed), blockMs: null };
}

function needed(
  byRequest: ProportionDecision,
  effective: ProportionDecision,
  { requestsAsOne }: Clustering,
): number | null {
  const open = [
    { decision: byRequest, each: 1 },
    { decision: effective, each: requestsAsOne },
  ].filter(({ decision }) => decision.verdict === 'inconclusive');
  let most = 0;
  for (const { decision, each } of open) {
    if (decision.samplesToDecide === null) return null;
    most = Math.max(most, Math.ceil(decision.samplesToDecide * each));
  }
  return most === 0 ? null : most;
}

/** One event, and whether it was good; null: unknown. */
export interface Event {
  /** Any clock, ms. */
  atMs: number;
  good: boolean | null;
}

const SECOND_MS = 1000;

/** Builds a sample from single events, tallied by the second. */
export function sampleOf(events: Iterable<Event>): Required<Sample> {
  const seconds = new Map<number, Required<Tally>>();
  const sum = { count: 0, failed: 0, unknown: 0 };
  for (const { atMs, good } of events) {
    const second = Math.floor(atMs / SECOND_MS);
    const tally = seconds.get(second) ?? { atMs: second * SECOND_MS, count: 0, failed: 0, unknown: 0 };
    seconds.set(second, tally);
    for (const one of [tally, sum]) {
      if (good === null) one.unknown += 1;
      else one.count += 1;
      if (good === false) one.failed += 1;
    }
  }
  return { ...sum, tallies: [...seconds.values()].sort((a, b) => a.atMs - b.atMs) };
}
