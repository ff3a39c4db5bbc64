/** The steps by which an autoscaler reacts to load. */
import { latencySeen } from './blocks.ts';
import type { LatencySeen } from './blocks.ts';
import { causeOf, wantsText } from './metrics.ts';
import type { Cause, Measured } from './metrics.ts';
import type { Hpa, HpaSpec, Observed } from './observed.ts';
import { raisesOf, readyFrom } from './raises.ts';
import type { Raise } from './raises.ts';
import { isAbove } from './settings.ts';
import { secondsOf } from './conclude.ts';
import { refusedTotal } from '../../../reports/record/refusals.ts';

export interface Goals {
  decisionS: number;
  readyS: number;
  /** null: no client waits for the result. */
  latency: { limitS: number; p95Ms: number } | null;
}

/** The chain of events, ms since the load began; null: not seen. */
export interface Chain {
  crossedMs: number | null;
  decidedMs: number | null;
  readyMs: number | null;
  raises: Raise[];
  decision: Decision | null;
  /** At best and at worst (blocks.ts); null: there is no latency goal. */
  latency: { best: LatencySeen; worst: LatencySeen } | null;
}

/** The first time that more pods were desired than before the load. */
interface Decision {
  from: number;
  desired: number;
  metrics: readonly Measured[];
  cause: Cause;
  /** Metrics that were above their targets before the load. */
  above: readonly string[];
  /** From no pods at all: by KEDA's own word, or nobody's (null). Otherwise left out. */
  activation?: { by: string | null };
}

export interface Context {
  /** The metric by which it must decide; undefined: any. */
  metric: string | undefined;
  observed: Observed;
  spec: HpaSpec;
  startMs: number;
  topMs: number;
  goals: Goals;
  chain: Chain;
}

/** Why the decision was no answer to the load; null: a metric that asks for as many pods had crossed its target by then. */
export function uncausedText(chain: Chain): string | null {
  const { crossedMs, decidedMs, decision } = chain;
  if (decidedMs === null || decision === null) return null;
  const unknown = unknownCauseText(decision);
  if (unknown !== null) return unknown;
  const other = scheduledText(decision) ?? earlierText(decision);
  if (other !== null) return other;
  if (crossedMs !== null && crossedMs <= decidedMs) return unaskedText(decision);
  const crossed =
    crossedMs === null
      ? 'did not cross its target at all'
      : `crossed its target ${secondsOf(crossedMs - decidedMs)} s later`;
  return `the load did not cause the scale-up: the metric ${crossed}, so something other than the load must have scaled`;
}

/** KEDA names a trigger by its place and its kind (`GenerateMetricNameWithIndex`, 2.17): `s0-cron-…` is high at times of the day. */
const BY_THE_CLOCK = /^s\d+-cron-/;

/** A schedule is no answer to a load. */
function scheduledText({ cause }: Decision): string | null {
  const isClock = cause.metrics.length > 0 && cause.metrics.every((name) => BY_THE_CLOCK.test(name));
  return isClock
    ? `the load did not cause the scale-up: ${cause.metrics.join(' and ')} decided, which follows the clock; run it outside of that time`
    : null;
}

/** What was above its target before there was any load of ours, something else had raised. */
function earlierText({ cause, above }: Decision): string | null {
  const early = cause.metrics.filter((name) => above.includes(name));
  return early.length === 0 || early.length < cause.metrics.length
    ? null
    : `whether the load caused the scale-up is not known: ${early.join(' and ')} had been above its target before the load began`;
}

/** Why nobody can know what the decision rests on. */
function unknownCauseText({ from, desired, metrics, cause, activation }: Decision): string | null {
  if (activation?.by === null)
    return `from ${from} pods ${desired} were desired, and what asked for that is not known: the autoscaler has no metric at ${from} pods. Where KEDA makes it, name its ScaledObject (scaledObject beside the rates of the load)`;
  const isUnknown = activation === undefined && cause.metrics.length === 0 && cause.unknown.length > 0;
  return isUnknown
    ? `which metric caused the scale-up from ${from} to ${desired} pods is not known: none that has a value asks for as many (${wantsText(metrics)})`
    : null;
}

function unaskedText({ desired, metrics, cause, activation }: Decision): string | null {
  return activation !== undefined || cause.metrics.length > 0
    ? null
    : `no metric asks for the ${desired} pods that were desired (${wantsText(metrics)}), so something other than the load must have scaled`;
}

/** While there was load, fewer pods were wanted than before although the metric asked for more. */
export function shrunkText({ hpa, startMs, endMs }: Observed, spec: HpaSpec): string | null {
  const during = hpa.filter(({ t }) => t >= (startMs ?? Infinity) && t <= (endMs ?? Infinity));
  const at = during.findIndex(
    (one, index) => one.desired < (during[index - 1]?.desired ?? 0) && isAbove(one, spec),
  );
  const one = during[at];
  if (one === undefined) return null;
  return `scaled down under load: from ${during[at - 1]?.desired ?? 0} to ${one.desired} pods desired with ${one.metric} at ${Math.round((one.load ?? 0) * 100)} % of its target`;
}

export function chainOf(
  observed: Observed,
  { startMs, p95Ms, spec }: { startMs: number; p95Ms: number | null; spec: HpaSpec },
): Chain {
  const { hpa, replicas, seconds } = observed;
  const base = hpa.findLast(({ t }) => t < startMs)?.desired ?? hpa[0]?.desired ?? 0;
  const after = hpa.filter(({ t }) => t >= startMs);
  const raised = after.find(({ desired }) => desired > base);
  const decision =
    raised === undefined
      ? null
      : decisionOf(observed, { raised, from: base, above: aboveBefore(hpa, { spec, startMs }) });
  const readyAt = raised && readyFrom(replicas, raised.t, raised.desired);
  const refusedAreGood = refusedIn(observed);
  const since = (t: number | undefined): number | null => (t === undefined ? null : t - startMs);
  return {
    crossedMs: since(crossedAt(observed, { after, raised, decision, spec, startMs })),
    decidedMs: since(raised?.t),
    readyMs: since(readyAt ?? undefined),
    raises: raisesOf(observed, startMs, base),
    decision,
    latency:
      p95Ms === null
        ? null
        : {
            best: latencySeen(seconds, { startMs, p95Ms, at: 'best', refusedAreGood }),
            worst: latencySeen(seconds, { startMs, p95Ms, at: 'worst', refusedAreGood: 0 }),
          },
  };
}

/** Requests of the load that were refused before the service answered. */
function refusedIn({ load: { result } }: Observed): number {
  return result === null ? 0 : refusedTotal(result.requests.refused);
}

/** Metrics that were above their targets when the load began. */
function aboveBefore(
  hpa: readonly Hpa[],
  { spec, startMs }: { spec: HpaSpec; startMs: number },
): readonly string[] {
  const met = hpa.findLast(({ t }) => t < startMs)?.metrics ?? [];
  return met.filter((metric) => isAbove(metric, spec)).map(({ name }) => name);
}

function decisionOf(
  { scaledObject }: Observed,
  { raised, from, above }: { raised: Hpa; from: number; above: readonly string[] },
): Decision {
  const { desired, metrics } = raised;
  const cause = causeOf(metrics, desired);
  // An autoscaler that measures a total may go from no pods by itself.
  if (from > 0 || (raised.current === 0 && cause.metrics.length > 0))
    return { from, desired, metrics, cause, above };
  const by = scaledObject.find(({ active }) => active === 'True')?.name ?? null;
  return { from, desired, metrics, cause, above, activation: { by } };
}

/** Changes of two objects arrive one after the other, ms. */
const APART_MS = 1_000;

interface Crossing {
  after: readonly Hpa[];
  raised: Hpa | undefined;
  decision: Decision | null;
  spec: HpaSpec;
  startMs: number;
}

/**
 * When the metric that decided was above its target; before a decision, and where none asks for as many pods, when any was. What the controller
 * cuts off a value when it writes it may hide a crossing until the decision itself.
 */
function crossedAt(
  { scaledObject }: Observed,
  { after, raised, decision, spec, startMs }: Crossing,
): number | undefined {
  if (decision?.activation !== undefined) return activeAt(scaledObject, { raised, startMs });
  const names = decision?.cause.metrics ?? [];
  const isOver = (one: Hpa): boolean =>
    names.length === 0
      ? isAbove(one, spec)
      : one.metrics.some((metric) => names.includes(metric.name) && isAbove(metric, spec));
  const first = after.find(isOver)?.t;
  if (raised === undefined || names.length === 0) return first;
  return Math.min(first ?? Infinity, raised.t);
}

/** KEDA scales first and says so then, and the two objects are not read in one moment. */
function activeAt(
  scaledObject: Observed['scaledObject'],
  { raised, startMs }: Pick<Crossing, 'raised' | 'startMs'>,
): number | undefined {
  const active = scaledObject.find((one) => one.t >= startMs && one.active === 'True')?.t;
  if (active === undefined || raised === undefined) return active;
  return active - raised.t <= APART_MS ? Math.min(active, raised.t) : active;
}

/** Why the autoscaler has no metric, by its own conditions. */
export function why(hpa: readonly Hpa[]): string {
  return (
    hpa.findLast(({ complaints }) => complaints.length > 0)?.complaints.join(', ') ??
    'its status does not say why'
  );
}

/** What the autoscaler, and what makes it, complained of last since then: `; the autoscaler says …`; empty: of nothing. */
export function complaintsText({ hpa, scaledObject }: Observed, sinceMs: number): string {
  const during = hpa.filter(({ t }) => t >= sinceMs);
  const unready = scaledObject.findLast(({ ready }) => ready === 'False');
  const said = [
    ...(during.findLast(({ complaints }) => complaints.length > 0)?.complaints ?? []),
    ...(unready === undefined ? [] : [`ScaledObject ${unready.name} is not ready: ${unready.why}`]),
  ];
  return said.length === 0 ? '' : `; the autoscaler says ${said.join(', ')}`;
}
