import type { Figure, Judgement } from '../../../reports/record/judgement.ts';
import type { GoalEntry } from '../../../reports/record/details/load-detail.ts';
import type { Verdict } from '../../../reports/record/verdict.ts';
import { refusedText } from '../../../reports/record/refusals.ts';
import type { Load } from '../../../reports/judge/slo/load.ts';
import { percentAtLeast, percentAtMost, percentDeclared } from '../../../reports/judge/slo/percent.ts';
import { loadDetailOf } from '../../../reports/judge/slo/load-detail.ts';
import type { ShareDecision } from '../../../reports/judge/slo/share.ts';
import { merged, quantileMs } from '../../../reports/judge/slo/histogram.ts';
import { loadRules } from '../../../reports/judge/performance/loads.ts';
import type { Observed } from '../../../reports/judge/performance/loads.ts';
import { behindSeconds } from '../../../reports/judge/performance/whole-load.ts';
import type { Rule } from '../../../reports/record/rule.ts';

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
  /** Whether answers came in the course of the load, and not some time after it; left out where the load is not whole, or the check is about their times. */
  course?: Rule | undefined;
}

/**
 * The judgement of one goal, by precedence: a failed engine, an unavailable source or a cut-off observation is inconclusive; then a failure
 * fails; then a gap is inconclusive.
 */
export function conclude(observed: Observed, of: Decided): Judgement {
  const decided = observed.unheard ? withoutFigures(of) : of;
  const { verdict, reason } = settled(observed, decided);
  return {
    verdict,
    reason,
    rules: [
      ...loadRules(observed),
      // A service that gets no core answers late, and then not at all.
      { id: 'goal', verdict: goalVerdict(observed, decided), text: decided.reason, ofTime: true },
      ...(decided.course === undefined ? [] : [decided.course]),
    ],
    expected: decided.expected,
    seen: decided.seen,
    figures: [...decided.figures, ...observed.proof, ...checkFigures(observed), ...deliveryFigures(observed)],
    findings: [],
    findingsTotal: 0,
    evidence: [],
    goals: [{ ...decided.goal, verdict, note: verdict === 'pass' ? '' : reason }],
    ...(observed.result !== null && { load: loadDetailOf(heardOf(observed.result, observed)) }),
  };
}

/** Availability and throughput count answers that came: a goal of time limits by how much they may fall behind the requests, whatever share came in the end. */
export function courseRule(
  { result, blocking }: Observed,
  goalSeconds: number | undefined,
): Rule | undefined {
  const id = 'course';
  if (result === null || blocking.length > 0) return undefined;
  if (goalSeconds === undefined)
    return { id, verdict: 'inconclusive', text: 'the history states no goal stallSeconds' };
  const usual = (quantileMs(merged(result.seconds.map(({ latency }) => latency)), 0.5) ?? 0) / 1000;
  const behind = behindSeconds(result);
  const text = `answers fell behind requests by ${behind} s at the most, and half of them take ${rounded(usual)} s (at most ${goalSeconds} s more)`;
  return { id, verdict: behind - usual <= goalSeconds ? 'pass' : 'fail', text, ofTime: true };
}

/** Nothing is said of a service that has answered too few of the requests: how long it takes to be refused is nobody's figure. */
function withoutFigures(decided: Decided): Decided {
  const seen = 'too few of the requests reached the service';
  const nothing = { achieved: null, lower: null, upper: null, remaining: null, samples: 0 };
  return {
    ...decided,
    verdict: 'inconclusive',
    reason: seen,
    seen,
    figures: decided.figures.map((figure) => ({ ...figure, value: null })),
    goal: { ...decided.goal, ...nothing },
  };
}

/** A load for charts: without times that are not those of the service. */
function heardOf(load: Load, { unheard }: Observed): Load {
  return unheard ? { ...load, seconds: load.seconds.map((second) => ({ ...second, latency: [] })) } : load;
}

function settled(observed: Observed, decided: Decided): Pick<Decided, 'verdict' | 'reason'> {
  const { blocking, undelivered } = observed;
  if (blocking.length > 0) return { verdict: 'inconclusive', reason: blocking.join('; ') };
  const verdict = goalVerdict(observed, decided);
  const { course } = decided;
  if (verdict !== 'fail' && course?.verdict === 'fail') return { verdict: 'fail', reason: course.text };
  const unsaid = course?.verdict === 'inconclusive' ? [course.text] : [];
  const gaps = [...(undelivered === null ? [] : [undelivered]), ...decided.gaps, ...unsaid];
  if (verdict === 'fail' || gaps.length === 0)
    return { verdict, reason: withRefused(observed, verdict, decided) };
  return { verdict: 'inconclusive', reason: gaps.join('; ') };
}

/** What was refused is unknown; where that leaves the goal open, it comes first. */
function withRefused({ result }: Observed, verdict: Verdict, { reason }: Decided): string {
  if (result === null || verdict !== 'inconclusive') return reason;
  const refused = refusedText(result.requests.refused, result.requests.count);
  return refused === '' ? reason : `${refused}; ${reason}`;
}

/** The verdict on the goal alone. A failure that an undelivered load or a failed engine may have caused does not stand. */
function goalVerdict({ blocking, undelivered }: Observed, decided: Decided): Decided['verdict'] {
  const stands = blocking.length === 0 && (undelivered === null || decided.failureStands);
  if (decided.verdict === 'fail') return stands ? 'fail' : 'inconclusive';
  return decided.gaps.length > 0 ? 'inconclusive' : decided.verdict;
}

function deliveryFigures({ delivery, deliveredGoal, result }: Observed): Figure[] {
  if (result === null) return [];
  const dropped: Figure = { name: 'iterations dropped', value: delivery.dropped };
  if (delivery.share === null)
    return [
      { name: 'load delivered', value: 'not applicable: a closed model plans no number of iterations' },
    ];
  return [
    {
      name: 'load delivered',
      value: percentAtLeast(delivery.share, 3),
      unit: '%',
      ...(deliveredGoal !== null && { goal: `≥ ${percentDeclared(deliveredGoal)}` }),
    },
    dropped,
  ];
}

/** Failed checks, by the name of the check. */
function checkFigures({ result }: Observed): Figure[] {
  return (result?.checks ?? [])
    .filter(({ fails }) => fails > 0)
    .map(({ name, fails }) => ({ name: `failed check: ${name}`, value: fails }));
}

/** How much failures, or slow answers, cluster, for people. */
export function clusterFigures({ clustering, effective }: ShareDecision, what: string): Figure[] {
  const { designEffect, blocks, blocksWithFailures, blocksWithFailuresUpper, blockMs } = clustering;
  if (blocks === 0) return [];
  return [
    {
      name: `${what}: clustering (design effect)`,
      value:
        blockMs === null
          ? `${rounded(designEffect)}: their times are unknown, so all count as one`
          : rounded(designEffect),
    },
    { name: `${what}: effective sample`, value: Math.floor(effective.samples), unit: 'requests' },
    { name: `time blocks with ${what}`, value: `${blocksWithFailures} of ${blocks}` },
    {
      name: `share of time blocks with ${what}, upper 95 % bound`,
      value: percentAtMost(blocksWithFailuresUpper, 1),
      unit: '%',
    },
  ];
}

/** Why requests do not decide that would if they were independent; empty where they do not lack that. @param what as `failures` */
export function clustersText({ byRequest, clustering, effective }: ShareDecision, what: string): string {
  return byRequest.verdict === effective.verdict
    ? ''
    : `; ${what} come in clusters (design effect ${rounded(clustering.designEffect)}), so these requests count as ${Math.floor(effective.samples)} independent ones`;
}

/** Says how many requests counted both as good and as bad. */
export function unknownText({ unknown }: { unknown: number }): string {
  return unknown === 0
    ? ''
    : ` (bounds count ${unknown} requests that were dropped, cut off, refused or not checked once as good and once as bad)`;
}

/** `; a decision needs 2995 requests in all` */
export function moreText(samples: number | null): string {
  return samples === null ? '' : `; a decision needs ${samples} requests in all`;
}

export const rounded = (value: number): number => Number(value.toPrecision(5));
