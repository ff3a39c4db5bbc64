import type { History } from '../../record/history.ts';
import { loadResultSchema } from '../../record/load-result.ts';
import type { LoadResult, LoadSecond } from '../../record/load-result.ts';
import { deliveryOf } from '../slo/delivery.ts';
import type { Delivery } from '../slo/delivery.ts';
import { goalNumber, seen, text } from '../topology/findings.ts';

/** Less of the stated load than this was not delivered as stated; the goal `deliveredShare` replaces it. */
const DELIVERED_SHARE = 0.98;
/** A check of a scenario by this name: the status was right, and the answer is not the one that was asked for. */
const IN_FULL = 'not degraded';

/** The loads of a history, as one. */
export interface Observed {
  /** null: there is none. */
  result: LoadResult | null;
  /** Why nothing can be said, whatever the numbers are: the engine failed, a source did not answer, it was cut off. */
  blocking: string[];
  delivery: Delivery;
  /** Why the load is not the one that was stated; null: it is. */
  undelivered: string | null;
  deliveredGoal: number;
}

/** Reads `load`, `load-failed` and `unavailable` observations. Several loads count as one after the other. */
export function observedLoad(history: History): Observed {
  const blocking = [
    ...seen(history, 'unavailable').map((one) => `${text(one, 'what')} unavailable: ${text(one, 'reason')}`),
    ...seen(history, 'load-failed').map((one) => `the load could not be made: ${text(one, 'reason')}`),
  ];
  const results: LoadResult[] = [];
  for (const one of seen(history, 'load')) {
    const parsed = loadResultSchema.safeParse(one['result']);
    if (parsed.success) results.push(withDegraded(parsed.data));
    else blocking.push('the result of a load cannot be read');
  }
  const begun = seen(history, 'load-start').length;
  const ended = seen(history, 'load').length + seen(history, 'load-failed').length;
  if (begun > ended) blocking.push(`${begun - ended} of ${begun} loads ended without a result: killed?`);
  blocking.push(...results.flatMap(endedBadly));
  if (results.length === 0 && blocking.length === 0) blocking.push('no load was recorded');
  if (seen(history, 'end').length === 0) blocking.push('the observation was cut off before its end');
  const result = combined(results);
  const deliveredGoal = goalNumber(history, 'deliveredShare', DELIVERED_SHARE);
  const delivery =
    result === null ? { offered: null, started: 0, dropped: 0, share: null } : deliveryOf(result);
  return { result, blocking, delivery, undelivered: undeliveredText(delivery, deliveredGoal), deliveredGoal };
}

/** Answers that were degraded. */
export function degradedOf({ checks }: Pick<LoadResult, 'checks'>): number {
  return checks.filter(({ name }) => name === IN_FULL).reduce((sum, { fails }) => sum + fails, 0);
}

/**
 * A degraded answer is quick and has the status of a good one, and without its model a service could keep every promise: it counts as failed.
 * When each was given is not known, so that all count as one event of their kind (slo/share.ts).
 */
function withDegraded(result: LoadResult): LoadResult {
  const degraded = degradedOf(result);
  if (degraded === 0) return result;
  const { count, failed } = result.requests;
  return { ...result, requests: { count, failed: Math.min(count, failed + degraded) } };
}

function endedBadly({ outcome, reason, engine }: LoadResult): string[] {
  if (outcome === 'completed') return [];
  const words = { failed: 'failed', aborted: 'was aborted', interrupted: 'was interrupted' } as const;
  const what = outcome === 'failed' ? `the engine (${engine.name})` : 'the load';
  return [`${what} ${words[outcome]}: ${reason}`];
}

function undeliveredText({ share, offered, started }: Delivery, goal: number): string | null {
  if (share === null || share >= goal) return null;
  return `the load was not delivered: ${started} of ${offered ?? 0} iterations were begun (${percentOf(share)}), at least ${percentOf(goal)} are needed`;
}

const percentOf = (share: number): string => `${Number((share * 100).toFixed(2))} %`;

function combined(results: readonly LoadResult[]): LoadResult | null {
  const [first, ...rest] = results;
  if (first === undefined || rest.length === 0) return first ?? null;
  let offsetMs = 0;
  const seconds: LoadSecond[] = [];
  for (const { seconds: own, durationMs } of results) {
    for (const second of own) seconds.push({ ...second, atMs: second.atMs + offsetMs });
    offsetMs += Math.max(durationMs, (own.at(-1)?.atMs ?? 0) + 1000);
  }
  const add = (of: (result: LoadResult) => number): number => results.reduce((sum, one) => sum + of(one), 0);
  return {
    ...first,
    durationMs: offsetMs,
    seconds,
    scenarios: results.flatMap(({ scenarios }) => scenarios),
    requests: {
      count: add(({ requests }) => requests.count),
      failed: add(({ requests }) => requests.failed),
    },
    // Of one load only: what they hold for several cannot be added up.
    metrics: {},
    thresholds: results.flatMap(({ thresholds }) => thresholds),
  };
}
