import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { complaintsText } from '../../_judge/chain.ts';
import { conclude, secondsOf, secondsText } from '../../_judge/conclude.ts';
import type { Found, Mark } from '../../_judge/conclude.ts';
import { watched } from '../../_judge/evidence.ts';
import { observe } from '../../_judge/observed.ts';
import type { Hpa, HpaSpec, Observed } from '../../_judge/observed.ts';
import { soundGaps } from '../../_judge/record-gaps.ts';
import { expectedOf, outside } from '../../_judge/settings.ts';
import { SYNC_S } from '../../_judge/shrinking.ts';
import { percentDeclared } from '../../../../reports/judge/slo/percent.ts';
import { dropsOf } from '../../../../reports/judge/slo/series/drops.ts';
import { refusedText, refusedTotal } from '../../../../reports/record/refusals.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';

interface Goals {
  extraS: number;
  failedRatio: number;
  flapS: number;
}

interface Context {
  observed: Observed;
  spec: HpaSpec;
  /** What the autoscaler did since the first load began: what it did before is no answer to a load. */
  hpa: readonly Hpa[];
  endMs: number;
  goals: Goals;
  /** From the end of the load until the minimum was reached, ms; null: not seen. */
  backMs: number | null;
  flaps: Flap[];
}

/** Pods were taken away, and added again `afterMs` later. */
interface Flap {
  t: number;
  afterMs: number;
}

/** `scaling/backend/down`: back to the minimum within the stabilisation window and `extraSeconds`, no flapping, and no more failed requests than the service may have at any time. */
function judgeDown(history: History): Judgement {
  const observed = observe(history);
  const goals: Goals = {
    extraS: history.header.goals.extraSeconds ?? Number.NaN,
    failedRatio: history.header.goals.failedRatio ?? Number.NaN,
    flapS: history.header.goals.flapSeconds ?? Number.NaN,
  };
  const { spec, startMs, topMs, endMs } = observed;
  const expectedText = `back to the minimum within the stabilisation window, the time that its policies take and ${goals.extraS} s of the end of the load; no pods added within ${goals.flapS} s of taking some away; failed requests ≤ ${percentDeclared(goals.failedRatio)} %`;
  const missing = missingOf(observed);
  if (Object.values(goals).some(Number.isNaN))
    missing.push('the history lacks a goal (extraSeconds, failedRatio, flapSeconds)');
  if (spec === null || startMs === null || endMs === null) {
    return conclude(observed, {
      failures: [],
      late: [],
      gaps: missing,
      pass: '',
      expected: expectedText,
      figures: [],
      marks: [],
      derivation: '',
    });
  }
  const hpa = observed.hpa.filter(({ t }) => t >= startMs);
  const flaps = flapsOf(hpa, Math.max(goals.flapS, spec.stabilisationDownS) * 1000);
  const backMs = backAfter(observed, spec, endMs);
  const context: Context = { observed, spec, hpa, endMs, goals, backMs, flaps };
  const peak = peakOf(hpa);
  const expected = expectedOf(history, spec, { rampMs: (topMs ?? startMs) - startMs, peak });
  const mark: Mark = {
    name: 'back at the minimum, after the load',
    atMs: backMs,
    sinceMs: endMs - startMs,
    expected: expected.back,
    outside: outside(backMs, expected.back),
  };
  return conclude(observed, {
    failures: listed(flapText(context), failedText(context)),
    late: listed(lateText(context)),
    gaps: [...missing, ...gapsOf(context), ...soundGaps(history)],
    pass: `back at ${spec.min} pods ${secondsText(backMs)} after the load, without flapping and without a failed request`,
    expected: expectedText,
    figures: figuresOf(context),
    marks: [mark],
    derivation: expected.derivation,
  });
}

function missingOf({ hpa, spec, startMs, endMs, load }: Observed): string[] {
  const gaps: string[] = [];
  if (startMs === null) gaps.push('no load was started');
  if (endMs === null) gaps.push('the load was not seen to end');
  if (spec === null) gaps.push('the settings of the autoscaler were not read');
  if (!hpa.some(({ t }) => t >= (startMs ?? 0))) gaps.push('the autoscaler was not observed during the load');
  if (load.undelivered !== null) gaps.push(load.undelivered);
  return gaps;
}

function peakOf(hpa: readonly Hpa[]): number {
  return Math.max(0, ...hpa.map(({ desired }) => desired));
}

/**
 * Scale-downs with a scale-up soon after. The scale-up that a load brings about and the scale-down after it are no flapping, whatever lies
 * between them.
 */
function flapsOf(hpa: readonly Hpa[], withinMs: number): Flap[] {
  const found: Flap[] = [];
  let shrunkAt: number | null = null;
  for (const [index, one] of hpa.entries()) {
    const before = hpa[index - 1]?.desired ?? one.desired;
    if (one.desired < before) shrunkAt = one.t;
    if (one.desired <= before || shrunkAt === null) continue;
    if (one.t - shrunkAt <= withinMs) found.push({ t: one.t, afterMs: one.t - shrunkAt });
    shrunkAt = null;
  }
  return found;
}

/** The first moment after the load at which no more pods than the minimum are wanted or there. */
function backAfter({ hpa, replicas }: Observed, { min }: HpaSpec, endMs: number): number | null {
  const wanted = hpa.find(({ t, desired }) => t >= endMs && desired <= min)?.t;
  if (wanted === undefined) return null;
  const there =
    replicas.length > 0
      ? (replicas.find(({ t, total }) => t >= wanted && total <= min)?.t ?? settled(replicas, wanted, min))
      : hpa.find(({ t, current }) => t >= wanted && current <= min)?.t;
  return there === undefined || there === null ? null : Math.max(0, there - endMs);
}

/** Replicas are recorded only when they change: the last record before may hold already. */
function settled(replicas: Observed['replicas'], atMs: number, min: number): number | null {
  const last = replicas.findLast(({ t }) => t <= atMs);
  return last !== undefined && last.total <= min ? atMs : null;
}

/**
 * The goal, beside what the settings of the autoscaler take: they are its owners' choice. The first pods go at a sync within the goal's time, as
 * where no policy limits them. Over the steps of policies, syncs that each come a little later than 15 s after the last add up to one more.
 */
function limitS({ spec, goals, hpa }: Context): number {
  const shrinkingS = spec.shrinkingS(peakOf(hpa));
  return restsAfterS(spec) + shrinkingS + (shrinkingS > 0 ? SYNC_S : 0) + goals.extraS;
}

/** What makes the autoscaler may go below its minimum, after a time of its own. */
function restsAfterS({ stabilisationDownS, cooldownS }: HpaSpec): number {
  return Math.max(stabilisationDownS, cooldownS);
}

const listed = (...texts: (string | null)[]): string[] => texts.filter((text) => text !== null);

function flapText({ flaps, goals, spec }: Context): string | null {
  const [first] = flaps;
  if (first === undefined) return null;
  const withinS = Math.max(goals.flapS, spec.stabilisationDownS);
  const times = flaps.length === 1 ? 'once' : `${flaps.length} times`;
  return `flapping: pods were added again ${times} within ${withinS} s of taking some away, first after ${secondsOf(first.afterMs)} s (stabilisation window ${spec.stabilisationDownS} s)`;
}

function lateText(context: Context): string | null {
  const { backMs, observed, endMs, spec } = context;
  const limit = limitS(context);
  if (backMs !== null)
    return backMs > limit * 1000
      ? `back at ${spec.min} pods after ${secondsOf(backMs)} s, the goal is ${limit} s`
      : null;
  const watchedS = secondsOf(observed.lastMs - endMs);
  return watchedS > limit
    ? `not back at ${spec.min} pods within ${limit} s (watched for ${watchedS} s)${complaintsText(observed, endMs)}`
    : null;
}

function failedText({ observed, goals }: Context): string | null {
  const requests = observed.load.result?.requests;
  if (requests === undefined || requests.failed <= goals.failedRatio * requests.count) return null;
  return `${requests.failed} of ${requests.count} requests failed, at most ${percentDeclared(goals.failedRatio)} % may`;
}

function gapsOf(context: Context): string[] {
  const { backMs, observed, hpa, endMs, spec, goals } = context;
  const gaps: string[] = [];
  const { result } = observed.load;
  const dropped = result === null ? 0 : dropsOf(result).count;
  if (result !== null && dropped > 0 && isTooMany(result.requests, dropped, goals))
    gaps.push(`${dropped} requests were dropped: whether they would have failed is unknown`);
  gaps.push(...refusedGap(result, goals));
  if (peakOf(hpa) <= spec.min)
    gaps.push(`there were never more than ${spec.min} pods, so no scale-down could be seen`);
  if (limitS(context) === Infinity)
    gaps.push(`its policies take no pod away (behavior.scaleDown): how it comes back cannot be seen`);
  if (backMs === null)
    gaps.push(
      `not seen back at ${spec.min} pods in the ${secondsOf(observed.lastMs - endMs)} s after the load`,
    );
  return gaps;
}

/** A request that was refused is none that the service answered. */
function refusedGap(result: Observed['load']['result'], goals: Goals): string[] {
  if (result === null) return [];
  const { refused, count } = result.requests;
  const total = refusedTotal(refused);
  return total > 0 && isTooMany(result.requests, total, goals) ? [refusedText(refused, count)] : [];
}

/** Whether too many would have failed if so many more had. */
const isTooMany = (of: { failed: number; count: number }, more: number, { failedRatio }: Goals): boolean =>
  of.failed + more > failedRatio * of.count;

function figuresOf(context: Context): Found['figures'] {
  const { observed, hpa, endMs, backMs, flaps, goals } = context;
  const peak = peakOf(hpa);
  const atEnd = hpa.findLast(({ t }) => t <= endMs)?.desired ?? peak;
  const { result } = observed.load;
  return [
    {
      name: 'back at the minimum after the load',
      value: backMs === null ? null : secondsOf(backMs),
      unit: 's',
      ...(Number.isFinite(limitS(context)) && { goal: limitS(context) }),
    },
    { name: 'times that pods were taken away and added again', value: flaps.length, goal: 0 },
    {
      name: 'overshoot: most pods desired, minus those desired at the end of the load',
      value: peak - atEnd,
      unit: 'pods',
    },
    {
      name: 'failed requests',
      value: result === null ? null : result.requests.failed,
      goal: `≤ ${percentDeclared(goals.failedRatio)} %`,
    },
  ];
}

export const judge: CheckJudge = {
  judge: judgeDown,
  evidence: watched,
};
