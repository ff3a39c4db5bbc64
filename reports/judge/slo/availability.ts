import type { Verdict } from '../../record/verdict.ts';
import { decideProportion } from '../statistics.ts';
import type { ProportionDecision } from '../statistics.ts';
import { asOneEvent, BLOCK_MS, clusteringOf } from './clustering.ts';
import type { Clustering, Tally } from './clustering.ts';

/** Requests of a load: in all, and by the time at which they ended. */
export interface Requests {
  count: number;
  failed: number;
  /** Ascending; empty where the engine tells no times: then all failures count as one event. */
  tallies: readonly Tally[];
}

export interface AvailabilityDecision {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  ratio: number | null;
  /** Clopper–Pearson as if requests were independent. */
  byRequest: ProportionDecision;
  /** The same of the effective sample: what is left once clusters count as what they are. */
  effective: ProportionDecision & { samples: number; failed: number };
  clustering: Clustering;
  /** The wider of the two, one-sided 95 % each. */
  lower: number;
  upper: number;
  /** Requests in all that would decide, were ratio and clustering to hold; null when decided, or when none would. */
  samplesToDecide: number | null;
}

/**
 * Holds the share of good requests against a goal, e.g. 0.999.
 *
 * Two samples are judged by one-sided 95 % Clopper–Pearson bounds, and a verdict needs both to agree: the requests as they are, and the
 * effective sample, that is requests and failures divided by how many of them count as one (clustering.ts). As that is ≥ 1, the second
 * never claims more than the first; where failures are spread by chance the two are the same. From this follows, for a goal of 99.9 %:
 *
 * - 500 good requests: nothing failed, so nothing clusters; 0.05^(1/500) = 0.994 < 0.999, and 2,995 requests are asked for;
 * - 1 failure in 100,000: a single failure has an effect of 1; the lower bound is 0.99995: pass;
 * - 300 failures in 100,000, spread: an effect near 1; the upper bound is 0.9973: fail (an effect up to about 30 would not change that);
 * - 60 failures in 100,000, all of one minute: an effect of 60, and one cluster says little of the size of clusters, so 120 requests
 *   count as one: 1 failure in 833. By requests alone it would pass (lower bound 0.99925), with the effective sample (0.994) it is open,
 *   and as many more requests are asked for. If that minute was 6,000 of the 100,000, it is 1 in 8, and that is too many: fail.
 *
 * Supposes that the load is typical: nothing is claimed of outages that did not happen in it.
 * @param blockMs length of the shortest blocks, ms
 */
export function decideAvailability(
  requests: Requests,
  goalRatio: number,
  blockMs = BLOCK_MS,
): AvailabilityDecision {
  const { count, failed } = requests;
  const clustering = clusteringFor(requests, blockMs);
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
  };
}

/** Times that do not add up to the requests tell nothing of how these cluster. */
function clusteringFor({ count, failed, tallies }: Requests, blockMs: number): Clustering {
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
