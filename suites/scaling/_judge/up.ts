import type { History } from '../../../reports/record/history/history.ts';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { all } from '../../../reports/judge/observed.ts';
import { NOT_ASKED } from './answered.ts';
import type { Credit } from './answered.ts';
import { chainOf, why } from './chain.ts';
import type { Chain, Context, Goals } from './chain.ts';
import { conclude, secondsOf } from './conclude.ts';
import type { Found, Mark } from './conclude.ts';
import { scaleText } from './observed.ts';
import type { HpaSpec, Observed } from './observed.ts';
import { declaredMetric } from './declared-metric.ts';
import { wantsText } from './metrics.ts';
import { soundGaps } from './record-gaps.ts';
import { expectedOf, outside, unexpected } from './settings.ts';
import type { Expected } from './settings.ts';
import { stageFigures, stagesOf } from './stages.ts';
import { verdictOf } from './up-verdict.ts';

export function goalsOf(history: History): Pick<Goals, 'decisionS' | 'readyS'> {
  return {
    decisionS: history.header.goals.decisionSeconds ?? Number.NaN,
    readyS: history.header.goals.readySeconds ?? Number.NaN,
  };
}

export function judgeGrowth(
  history: History,
  observed: Observed,
  goals: Goals,
  credit: Credit = NOT_ASKED,
): Judgement {
  const { spec, startMs, topMs } = observed;
  const expectedText = expectedOfGoals(goals);
  const missing = [...missingOf(observed), ...goalGaps(goals)];
  if (spec === null || startMs === null || topMs === null || missing.length > 0)
    return conclude(observed, { ...nothing(expectedText), gaps: missing });
  const chain = chainOf(observed, { startMs, p95Ms: goals.latency?.p95Ms ?? null, spec });
  const expected =
    goals.latency === null || !isByMetricsServer(chain, spec)
      ? unexpected(history, spec)
      : expectedOf(history, spec, { rampMs: topMs - startMs, peak: 0 });
  const metric = declaredMetric(history.header);
  const context = { observed, spec, startMs, topMs, goals, chain, metric };
  const { late, ...found } = verdictOf(context);
  return conclude(observed, {
    ...found,
    failures: [...found.failures, ...credit.failures],
    late: [...late, ...leftBehind(history, observed)],
    gaps: [...found.gaps, ...credit.gaps, ...queueUnseen(history), ...soundGaps(history)],
    expected: expectedText,
    marks: marksOf(chain, expected),
    figures: [...figuresOf(context), ...credit.figures],
    derivation: expected.derivation,
  });
}

/** What metrics-server measures is as old as its interval says; of any other source nobody knows. */
function isByMetricsServer({ decision }: Chain, { measured }: HpaSpec): boolean {
  const names = decision?.cause.metrics ?? decision?.metrics.map(({ name }) => name) ?? [];
  return names.every((name) => measured.includes(name));
}

function expectedOfGoals({ decisionS, readyS, latency }: Goals): string {
  const then =
    latency === null
      ? 'after the load its queue and its pods as before'
      : `p95 ≤ ${latency.p95Ms} ms again within ${latency.limitS} s`;
  return `a decision within ${decisionS} s of the full load, pods ready within ${readyS} s, the pods of every further scale-up ready in time, ${then}`;
}

/** What a check leaves behind is a failure, its own or the platform's: the next check must not find it. */
function leftBehind(history: History, { called }: Observed): string[] {
  return all(history, 'not-back').map(
    ({ waitedMs, scale }) =>
      `the ${called} and its queue were not as before ${secondsOf(waitedMs)} s after the load${scaleText(scale)}`,
  );
}

function queueUnseen(history: History): string[] {
  return all(history, 'queue-unseen').map(
    () =>
      'whether the queue is as before is unknown: the autoscaler had no value for the queue after the load',
  );
}

/** A goal that is not stated is NaN: every comparison with it is false, and would pass. */
function goalGaps({ decisionS, readyS, latency }: Goals): string[] {
  const stated = [decisionS, readyS, latency?.limitS ?? 0, latency?.p95Ms ?? 0];
  return stated.some(Number.isNaN) ? ['the history does not state every goal'] : [];
}

function nothing(expected: string): Found {
  return { failures: [], late: [], gaps: [], pass: '', expected, figures: [], marks: [], derivation: '' };
}

/** What is missing, without which nothing can be judged. */
function missingOf({ hpa, spec, startMs, endMs }: Observed): string[] {
  const gaps: string[] = [];
  if (startMs === null) gaps.push('no load was started');
  if (spec === null) gaps.push('the settings of the autoscaler were not read');
  const during = hpa.filter(({ t }) => t >= (startMs ?? 0) && t <= (endMs ?? Infinity));
  if (during.length === 0) gaps.push('the autoscaler was not observed during the load');
  else if (during.every((one) => one.load === null))
    gaps.push(`the autoscaler has no metric: ${why(during)}`);
  return gaps;
}

function marksOf(chain: Chain, expected: Expected): Mark[] {
  const mark = (name: string, atMs: number | null, window: Mark['expected']): Mark => ({
    name,
    atMs,
    expected: window,
    outside: outside(atMs, window),
  });
  return [
    mark('metric crossed', chain.crossedMs, expected.crossed),
    mark('more pods desired', chain.decidedMs, expected.decided),
    mark('pods ready', chain.readyMs, null),
    ...(chain.latency === null ? [] : [mark('latency goal met again', chain.latency.worst.metFromMs, null)]),
  ];
}

const s = (ms: number | null): number | null => (ms === null ? null : secondsOf(ms));

function latencyFigure({ chain, goals }: Context): Found['figures'] {
  if (chain.latency === null || goals.latency === null) return [];
  const value = s(chain.latency.worst.metFromMs);
  return [{ name: 'latency goal met again after', value, unit: 's', goal: goals.latency.limitS }];
}

/** Which metric decided; where there are several, how many pods each asked for. */
function causeFigure({ decision }: Chain): Found['figures'] {
  if (decision === null) return [];
  const { metrics, cause, activation } = decision;
  const by =
    activation === undefined ? cause.metrics.join(', ') : `ScaledObject ${activation.by ?? 'not known'}`;
  const value = metrics.length < 2 ? by : `${by || 'none'} (pods asked for: ${wantsText(metrics)})`;
  return [{ name: 'metric that caused the first scale-up', value: value || 'none' }];
}

function figuresOf(context: Context): Found['figures'] {
  const { chain, goals, observed, spec, startMs, topMs } = context;
  const peak = Math.max(0, ...observed.hpa.filter(({ t }) => t >= startMs).map(({ desired }) => desired));
  const { result } = observed.load;
  return [
    { name: 'load at full rate after', value: s(topMs - startMs), unit: 's' },
    { name: 'metric crossed after', value: s(chain.crossedMs), unit: 's' },
    { name: 'more pods desired after', value: s(chain.decidedMs), unit: 's', goal: goals.decisionS },
    { name: 'new pods ready after', value: s(chain.readyMs), unit: 's', goal: goals.readyS },
    ...stageFigures(stagesOf(chain, { startMs, pods: observed.pods })),
    ...causeFigure(chain),
    ...latencyFigure(context),
    {
      name: 'scale-ups whose pods became ready',
      value: `${chain.raises.filter(({ metMs }) => metMs !== null).length} of ${chain.raises.length}`,
    },
    { name: 'most pods desired', value: peak, goal: `≤ ${spec.max}` },
    { name: 'failed requests', value: result === null ? null : result.requests.failed },
  ];
}
