import type { Chain, Context, Goals } from './chain.ts';
import { complaintsText, shrunkText, uncausedText, why } from './chain.ts';
import { secondsOf, secondsText } from './conclude.ts';
import { byAnother } from './declared-metric.ts';
import type { Found } from './conclude.ts';
import type { LatencySeen } from './blocks.ts';
import type { Hpa, Observed } from './observed.ts';
import { refusedText } from '../../../reports/record/refusals.ts';
import { unmetOf } from './raises.ts';
import type { Unmet } from './raises.ts';
import { isAbove } from './settings.ts';
import { stagesOf, stagesText } from './stages.ts';

/** A state seen this shortly before the end of the load, ms, held at its end: the autoscaler syncs every 15 s. */
const STILL_MS = 30_000;

/** Failures stand even if the load was not delivered as stated: less load can only have made things look better. */
export function verdictOf(context: Context): Pick<Found, 'failures' | 'late' | 'gaps' | 'pass'> {
  const { chain, goals, observed, startMs } = context;
  const undelivered = observed.load.undelivered === null ? [] : [observed.load.undelivered];
  const stuck = stuckText(context);
  if (stuck !== null) return { failures: [stuck], late: [], gaps: [], pass: '' };
  const idle = noMetricText(context) ?? idleText(context);
  if (idle !== null) return { failures: [], late: [], gaps: [...undelivered, idle], pass: '' };
  const steps = [
    told(
      stepOf(context, { atMs: chain.decidedMs, limitS: goals.decisionS, what: 'more pods were desired' }),
      chain.decidedMs === null ? complaintsText(observed, startMs) : partsText(context),
    ),
    told(
      stepOf(context, { atMs: chain.readyMs, limitS: goals.readyS, what: 'the new pods were ready' }),
      chain.decidedMs === null ? '' : partsText(context),
    ),
    latencyStep(context),
  ];
  const { failures, gaps } = furtherRaises(context);
  const other = byAnother(chain, context.metric);
  const latency =
    chain.latency === null ? '' : `, latency goal met from ${secondsText(chain.latency.worst.metFromMs)} on`;
  return {
    failures: [...listed(shrunkText(observed, context.spec)), ...listed(other.failure)],
    late: [...steps.flatMap(({ failure }) => failure ?? []), ...failures],
    gaps: [
      ...listed(uncausedText(chain)),
      ...listed(other.gap),
      ...fallbackText(observed),
      ...steps.flatMap(({ gap }) => gap ?? []),
      ...gaps,
      ...undelivered,
    ],
    pass: `more pods desired after ${secondsText(chain.decidedMs)}, ready after ${secondsText(chain.readyMs)}${latency}${causeText(chain)}${partsText(context)}`,
  };
}

/** A failure with where the time went, or what the autoscaler says of it. */
function told(step: Step, more: string): Step {
  return step.failure === undefined ? step : { ...step, failure: `${step.failure}${more}` };
}

/** ` (metric 25 s, decision 5 s, …)` */
function partsText({ chain, observed, startMs }: Context): string {
  const text = stagesText(stagesOf(chain, { startMs, pods: observed.pods }));
  const unseen = observed.unseen === null ? [] : [`pods not listed: ${observed.unseen}`];
  const texts = [...(text === '' ? [] : [text]), ...unseen];
  return texts.length === 0 ? '' : ` (${texts.join(', ')})`;
}

/** Which metric decided, where there are several. */
function causeText({ decision }: Chain): string {
  if (decision === null) return '';
  const { activation, cause, metrics } = decision;
  if (activation !== undefined) return `, by ScaledObject ${activation.by ?? ''}`;
  return metrics.length < 2 ? '' : `, by ${cause.metrics.join(' and ')}`;
}

/** Where a trigger cannot be asked, KEDA may answer with a number of its own: then no metric decided. */
function fallbackText({ scaledObject, startMs, endMs }: Observed): string[] {
  const used = scaledObject.find(
    ({ t, fallback }) => fallback === 'True' && t >= (startMs ?? 0) && t <= (endMs ?? Infinity),
  );
  return used === undefined
    ? []
    : [
        `KEDA could not ask a trigger of ScaledObject ${used.name} and used its fallback: no metric decided then`,
      ];
}

/** The goals are for the first scale-up; each further one may take the goal for ready pods minus that for the decision. */
function furtherRaises({ chain, goals, observed, topMs }: Context): Unmet {
  return unmetOf(chain.raises.slice(1), {
    readyMs: topMs + goals.readyS * 1000,
    eachMs: Math.max(0, goals.readyS - goals.decisionS) * 1000,
    untilMs: untilOf(observed),
  });
}

/** End of the load; of the record where the load was not seen to end. */
function untilOf({ endMs, lastMs }: Observed): number {
  return endMs ?? lastMs;
}

/** The metric calls for more pods than the maximum allows, and no pod was added or latency stayed above its goal. */
function stuckText({ observed, spec, startMs, chain }: Context): string | null {
  const { hpa, endMs } = observed;
  const during = hpa.filter(({ t }) => t >= startMs && t <= (endMs ?? Infinity));
  const stuck = during.filter((one) => isAbove(one, spec) && one.desired >= spec.max);
  const told = (one: Hpa): string =>
    `stuck at the maximum of ${spec.max}: ${one.metric} at ${shown(one.load)} of its target`;
  const [first] = stuck;
  if (chain.decidedMs === null && first !== undefined) return `${told(first)}, so no pod was added`;
  const last = stuck.at(-1);
  const lastingMs = (endMs ?? observed.lastMs) - STILL_MS;
  return last !== undefined && last.t >= lastingMs && chain.latency?.best.last === 'missed'
    ? `${told(last)}, and the latency goal was not met again`
    : null;
}

/** If no pod was added, and the metric was missing while that had to be decided, the cause is unknown. */
function noMetricText({ observed, startMs, topMs, chain, goals }: Context): string | null {
  if (chain.decidedMs !== null) return null;
  const until = Math.min(topMs + goals.decisionS * 1000, observed.endMs ?? Infinity);
  const without = observed.hpa.filter(({ t, load }) => t >= startMs && t <= until && load === null);
  return without.length === 0 ? null : `the autoscaler had no metric for a part of the load: ${why(without)}`;
}

/** The load did not lift the metric over its target. */
function idleText({ observed, spec, startMs, chain }: Context): string | null {
  if (chain.crossedMs !== null || chain.decidedMs !== null) return null;
  const highest = Math.max(0, ...observed.hpa.filter(({ t }) => t >= startMs).map(({ load }) => load ?? 0));
  const unseen = namesWithout(observed, startMs);
  const but = unseen.length === 0 ? '' : `; ${unseen.join(', ')} had no value`;
  return `the load did not raise the metric above its target: at most ${shown(highest)} of the target, with a tolerance of ${Math.round(spec.tolerance * 100)} %${but}`;
}

/** Metrics that never had a value since the load began. */
function namesWithout({ hpa }: Observed, startMs: number): string[] {
  const after = hpa.filter(({ t }) => t >= startMs).flatMap(({ metrics }) => metrics);
  const seen = new Set(after.filter(({ load }) => load !== null).map(({ name }) => name));
  return [...new Set(after.map(({ name }) => name))].filter((name) => !seen.has(name));
}

const listed = (text: string | null): string[] => (text === null ? [] : [text]);

interface Step {
  failure?: string;
  gap?: string;
}

/** When the goals start to count, ms since the load began: at the full load, or when less load than stated crossed the target later. */
function countedFrom({ observed, startMs, topMs, chain }: Context): number {
  const top = topMs - startMs;
  return observed.load.undelivered === null ? top : Math.max(top, chain.crossedMs ?? 0);
}

function stepOf(
  context: Context,
  { atMs, limitS, what }: { atMs: number | null; limitS: number; what: string },
): Step {
  const { observed, startMs } = context;
  const fromMs = countedFrom(context);
  const of = fromMs > 0 ? ' of the full load' : '';
  if (atMs !== null && atMs - fromMs <= limitS * 1000) return {};
  if (atMs !== null)
    return { failure: `${what} after ${secondsOf(atMs - fromMs)} s${of}, the goal is ${limitS} s` };
  const watchedS = secondsOf(untilOf(observed) - startMs - fromMs);
  return watchedS >= limitS
    ? { failure: `not within ${limitS} s${of}: ${what} (observed for ${watchedS} s)` }
    : { gap: `${what}: not seen in ${watchedS} s${of}, the goal is ${limitS} s` };
}

/**
 * Dropped iterations may have been slow or not, and failed requests may be the slow ones or others: the goal is missed only if it is missed at best, and
 * met only if it is met at worst.
 */
function latencyStep(context: Context): Step {
  const { latency } = context.chain;
  const goal = context.goals.latency;
  if (latency === null || goal === null) return {};
  const best = latencyStepOf(context, goal, latency.best);
  if (best.failure !== undefined || best.gap !== undefined) return best;
  const { failure, gap } = latencyStepOf(context, goal, latency.worst);
  const hangs = failure ?? gap;
  const refused = refusedOf(context);
  return hangs === undefined
    ? {}
    : {
        gap: `${refused}the verdict depends on requests that failed, were refused or were dropped: at worst, ${hangs}`,
      };
}

/** Empty where no request was refused. */
function refusedOf({ observed: { load } }: Context): string {
  if (load.result === null) return '';
  const said = refusedText(load.result.requests.refused, load.result.requests.count);
  return said === '' ? '' : `${said}; `;
}

function latencyStepOf(
  context: Context,
  goal: NonNullable<Goals['latency']>,
  { metFromMs, last }: LatencySeen,
): Step {
  const { observed, startMs, topMs } = context;
  if (metFromMs === null) return { gap: 'too few requests to see whether the latency goal was met' };
  const p95 = `p95, counting failed requests as slow, was`;
  const tookS = secondsOf(metFromMs - (topMs - startMs));
  if (tookS > goal.limitS)
    return {
      failure:
        last === 'missed'
          ? `${p95} above ${goal.p95Ms} ms to the end of the load, ${tookS} s`
          : `${p95} above ${goal.p95Ms} ms for ${tookS} s, the goal is ${goal.limitS} s`,
    };
  if (last === 'met') return {};
  const loadedS = secondsOf(untilOf(observed) - topMs);
  return {
    gap:
      last === 'missed'
        ? `${p95} still above ${goal.p95Ms} ms when the load ended after ${loadedS} s`
        : 'too few answers at the end of the load to see whether the latency goal was met',
  };
}

const shown = (load: number | null): string =>
  load === null ? 'an unknown share' : `${Math.round(load * 100)} %`;
