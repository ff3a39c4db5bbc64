import type { Figure, Judgement } from '../../record/judgement.ts';
import type { GoalEntry } from '../../record/load-detail.ts';
import type { Verdict } from '../../record/verdict.ts';
import { loadDetailOf } from '../slo/load-detail.ts';
import type { ShareDecision } from '../slo/share.ts';
import { degradedOf } from './loads.ts';
import type { Observed } from './loads.ts';

/** What a judge of one goal found. */
export interface Decided {
  verdict: Extract<Verdict, 'pass' | 'fail' | 'inconclusive'>;
  /** Why, for every verdict. */
  reason: string;
  expected: string;
  seen: string;
  figures: Figure[];
  goal: GoalEntry;
  /** What keeps it from being a pass although the numbers are good. */
  gaps: string[];
  /** Whether a failure stands although the load was not delivered: less load can only have made it look better. */
  failureStands: boolean;
}

/**
 * The judgement of one goal. An engine that failed, a source that did not answer and an observation that was cut off leave nothing to
 * claim; then a failure is a failure; then a gap is inconclusive.
 */
export function conclude(observed: Observed, decided: Decided): Judgement {
  const { verdict, reason } = settled(observed, decided);
  return {
    verdict,
    reason,
    expected: decided.expected,
    seen: decided.seen,
    figures: [
      ...decided.figures,
      ...degradedFigures(observed),
      ...deliveryFigures(observed),
      ...thresholdFigures(observed),
    ],
    findings: [],
    findingsTotal: 0,
    evidence: [],
    goals: [{ ...decided.goal, verdict, note: verdict === 'pass' ? '' : reason }],
    ...(observed.result !== null && { load: loadDetailOf(observed.result) }),
  };
}

function settled({ blocking, undelivered }: Observed, decided: Decided): Pick<Decided, 'verdict' | 'reason'> {
  if (blocking.length > 0) return { verdict: 'inconclusive', reason: blocking.join('; ') };
  const gaps = [...(undelivered === null ? [] : [undelivered]), ...decided.gaps];
  const stands = undelivered === null || decided.failureStands;
  if (gaps.length > 0 && !(decided.verdict === 'fail' && stands))
    return { verdict: 'inconclusive', reason: gaps.join('; ') };
  return { verdict: decided.verdict, reason: decided.reason };
}

function deliveryFigures({ delivery, deliveredGoal, result }: Observed): Figure[] {
  if (result === null) return [];
  const dropped: Figure = { name: 'iterations dropped', value: delivery.dropped };
  if (delivery.share === null) return [{ name: 'load delivered', value: 'closed model: nothing is offered' }];
  return [
    {
      name: 'load delivered',
      value: rounded(delivery.share * 100),
      unit: '%',
      goal: `≥ ${rounded(deliveredGoal * 100)}`,
    },
    dropped,
  ];
}

/** Among those that failed: they were answered, and not as asked. */
function degradedFigures({ result }: Observed): Figure[] {
  const degraded = result === null ? 0 : degradedOf(result);
  return degraded === 0 ? [] : [{ name: 'degraded answers, counted as failed', value: degraded }];
}

/** What the engine itself says of the load: no verdict rests on it, it knows of no certainty. */
function thresholdFigures({ result }: Observed): Figure[] {
  return (result?.thresholds ?? []).map(({ metric, expression, ok }) => ({
    name: `threshold of ${metric}`,
    value: ok === null ? 'no sample' : ok ? 'held' : 'crossed',
    goal: expression,
  }));
}

/** How much failures, or slow answers, came in clusters, for people. */
export function clusterFigures({ clustering, effective }: ShareDecision, what: string): Figure[] {
  const { designEffect, blocks, blocksWithFailures, blocksWithFailuresUpper, blockMs } = clustering;
  if (blocks === 0) return [];
  return [
    {
      name: `${what}: how many come together (design effect)`,
      value:
        blockMs === null
          ? `${rounded(designEffect)}: no times known, all count as one`
          : rounded(designEffect),
    },
    { name: `${what}: effective sample`, value: Math.floor(effective.samples), unit: 'requests' },
    { name: `blocks of time with ${what}`, value: `${blocksWithFailures} of ${blocks}` },
    {
      name: `share of such blocks, upper 95 % bound`,
      value: Math.ceil(blocksWithFailuresUpper * 1000) / 10,
      unit: '%',
    },
  ];
}

/** What nobody knows counts both ways. */
export function unknownText({ unknown }: { unknown: number }): string {
  return unknown === 0
    ? ''
    : ` (${unknown} that were dropped, cut off or not checked counted as good and as bad)`;
}

/** `; 2995 requests would decide` */
export function moreText(samples: number | null): string {
  return samples === null ? '' : `; ${samples} requests in all would decide`;
}

export const rounded = (value: number): number => Number(value.toPrecision(5));
