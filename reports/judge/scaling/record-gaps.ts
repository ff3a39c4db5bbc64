/** Whether the record of an autoscaler is consistent, and possible by Kubernetes' rules for its settings and status. */
import type { History, HistoryHeader } from '../../record/history/history.ts';
import type { Kind, Seen } from '../../record/observations/index.ts';
import { all } from '../observed.ts';
import { conditionGaps } from './status-gaps.ts';

/** Kubernetes refuses a longer stabilisation window, s. */
const LONGEST_WINDOW_S = 3600;
/** A rollout may double the pods for a while. */
const PODS_OF_A_ROLLOUT = 2;
/** No pod is ready this soon after its creation, ms: looks closer together than this see it before it is ready. */
const PODS_START_MS = 500;
/** Tolerance of the start time that a load's own process reports, ms. */
const CLOCK_SLACK_MS = 60_000;
/** A timer may ring a little early, ms. */
const TIMER_MS = 5;
/** Tolerance of a rate, as a share: engines assign due iterations to seconds differently. */
const OF_A_SECOND = 0.1;

const isCount = (value: number): boolean => Number.isInteger(value) && value >= 0;
const isWithin = (value: number, lo: number, hi: number): boolean => value >= lo && value <= hi;

/** Why the record of an autoscaler and of its load cannot be relied on; empty: it can. */
export function soundGaps(history: History): string[] {
  return [...recordGaps(history), ...restGaps(history), ...rateGaps(history)];
}

/** What does not agree, in a few words each; empty: nothing. */
function recordGaps(history: History): string[] {
  const [spec, ...more] = all(history, 'hpa-spec');
  if (spec === undefined) return [];
  const gaps = [...specGaps(history, spec), ...statusGaps(history, spec), ...podsGaps(history, spec)];
  if (more.some((one) => textOf(one) !== textOf(spec)))
    gaps.push('its settings changed while it was observed');
  return gaps.map((gap) => `the record of the autoscaler is not sound: ${gap}`);
}

/** Kinds that are recorded before the load, and once more when it begins. */
const AT_REST = ['hpa-spec', 'hpa', 'scaled-pods'] as const;

/** A phase begins with a full record: without it the state that the load met is unknown. */
function restGaps(history: History): string[] {
  const [begun] = all(history, 'load-begun');
  if (begun === undefined) return [];
  const untilMs = begun.t + LOOKS * longestGap(history);
  const min = all(history, 'hpa-spec')[0]?.min;
  const met = all(history, 'hpa').findLast(({ t }) => t < begun.t);
  if (met !== undefined && met.desired !== min)
    return [
      `${met.desired} pods were desired when the load began, expected was the minimum of ${min ?? '?'}`,
    ];
  return AT_REST.flatMap((kind: Kind) => {
    const seen = all(history, kind);
    const before = seen.findLast(({ t }) => t < begun.t);
    const after = seen.find(({ t }) => t >= begun.t && t <= untilMs);
    if (before === undefined) return [`no ${kind} was recorded before the load`];
    return after !== undefined && restOf(after) === restOf(before)
      ? []
      : [`the ${kind} from when the load began is missing, or differs from the one before the load`];
  });
}

/** The look in progress, and the next. */
const LOOKS = 2;

function longestGap(history: History): number {
  return Math.max(0, ...all(history, 'hpa-watched').map(({ longestGapMs }) => longestGapMs));
}

/** What stays the same at rest: metrics move a little even then. */
function restOf(seen: Seen<Kind>): string {
  return textOf(seen.kind === 'hpa' ? { ...seen, metrics: [], conditions: [] } : seen);
}

function textOf(seen: Seen<Kind>): string {
  return JSON.stringify({ ...seen, t: 0 });
}

function specGaps(history: History, spec: Seen<'hpa-spec'>): string[] {
  const { min, max, metrics, stabilisationUpS, stabilisationDownS } = spec;
  const gaps: string[] = [];
  if (!(isCount(min) && isCount(max) && max >= Math.max(1, min)))
    gaps.push(`its limits of ${min} to ${max} pods are not valid`);
  if (metrics.length === 0) gaps.push('it has no metric');
  if (![stabilisationUpS, stabilisationDownS].every((windowS) => isWithin(windowS, 0, LONGEST_WINDOW_S)))
    gaps.push(
      `its stabilisation windows of ${stabilisationUpS} s up and ${stabilisationDownS} s down are not valid`,
    );
  return [...gaps, ...measureGaps(spec), ...limitGaps(history, spec), ...timeGaps(history, spec)];
}

/** Types of metrics that autoscaling/v2 has (Kubernetes 1.37). */
const METRIC_TYPES = ['ContainerResource', 'External', 'Object', 'Pods', 'Resource'];

/** Records of earlier versions do not say how metrics are measured. */
function measureGaps({ metrics, measures }: Seen<'hpa-spec'>): string[] {
  if (measures === undefined) return [];
  if (measures.length !== metrics.length)
    return [`how ${measures.length} of its ${metrics.length} metrics are measured is recorded`];
  const odd = measures.find(({ type }) => !METRIC_TYPES.includes(type));
  return odd === undefined ? [] : [`it has a metric of the type ${odd.type}, which is not known`];
}

/** The autoscaler's limits must lie within the replicas that the environment declares. */
function limitGaps({ header }: History, { min, max }: Seen<'hpa-spec'>): string[] {
  const declared = declaredOf(header);
  if (declared === undefined || (min >= declared.min && max <= declared.max)) return [];
  return [`its limits are ${min} to ${max} pods, declared are ${declared.min} to ${declared.max}`];
}

/** How many pods the service that grows may have. */
function declaredOf({ settings }: HistoryHeader): { min: number; max: number } | undefined {
  const { topology, ai } = settings;
  // The history of a backend check has no AI settings.
  const grows = ai === undefined ? topology?.edge?.backend?.deployment : ai.deployment;
  const services = topology?.workloads?.filter(({ kind }) => kind === 'Deployment' || kind === 'Rollout');
  return services?.find(({ namespace, name }) => namespace === grows?.namespace && name === grows.name)
    ?.replicas;
}

/** Looks cannot be closer together than the wait between them. */
function timeGaps(history: History, { lookEverySeconds, metricResolutionS }: Seen<'hpa-spec'>): string[] {
  const gaps: string[] = [];
  const longestMs = longestGap(history);
  if (!(lookEverySeconds > 0 && lookEverySeconds * 1000 <= longestMs + TIMER_MS))
    gaps.push(
      `it was read every ${lookEverySeconds} s, which does not fit a longest gap of ${Math.round(longestMs)} ms`,
    );
  const odd = all(history, 'hpa-watched').find((watched) => !fits(watched, lookEverySeconds * 1000));
  if (odd !== undefined)
    gaps.push(
      `${odd.looks} readings and a gap of ${Math.round(odd.longestGapMs)} ms do not fit into the time of observation`,
    );
  if (metricResolutionS !== null && metricResolutionS <= 0)
    gaps.push(`a metric resolution of ${metricResolutionS} s is not valid`);
  return gaps;
}

/** All looks but the first follow a wait, and one of these waits was the longest gap. */
function fits({ looks, longestGapMs, watchedMs }: Seen<'hpa-watched'>, everyMs: number): boolean {
  return (looks - 2) * (everyMs - TIMER_MS) + longestGapMs <= watchedMs + TIMER_MS;
}

function statusGaps(history: History, spec: Seen<'hpa-spec'>): string[] {
  const statuses = all(history, 'hpa');
  const gaps: string[] = [];
  if (!statuses.every(({ desired }) => isCount(desired) && isWithin(desired, spec.min, spec.max)))
    gaps.push(`its desired pods are outside of its limits, ${spec.min} to ${spec.max}`);
  const fewest = Math.min(1, spec.min);
  const most = PODS_OF_A_ROLLOUT * spec.max;
  if (
    !statuses.every(({ current }) => isCount(current) && isWithin(current, fewest, most)) ||
    !isCounted(history)
  )
    gaps.push('its status counts more or fewer pods than its Deployment had');
  const named = spec.metrics.join();
  if (!statuses.every(({ metrics }) => metrics.map(({ name }) => name).join() === named))
    gaps.push(`a status has other metrics than its settings, ${named}`);
  if (!isStabilised(statuses.filter(isOwn(history)), spec))
    gaps.push('it scaled down sooner than its settings allow');
  return [...gaps, ...metricGaps(statuses), ...conditionGaps(statuses, spec)];
}

/** Tolerance of a stabilisation window, ms: the controller syncs every 15 s, and its decision is seen a little later. */
const WINDOW_SLACK_MS = 20_000;

/** Where KEDA takes the last pods away, no pods are no decision of the autoscaler. */
function isOwn(history: History): (status: Seen<'hpa'>) => boolean {
  const isKeda = all(history, 'scaled-object').length > 0;
  return ({ desired }) => !isKeda || desired > 0;
}

/**
 * Kubernetes scales down to the highest recommendation of the window, so a raised number stays for at least the window. How long one is that
 * nobody stated is for the controller's flag to say.
 */
function isStabilised(
  statuses: readonly Seen<'hpa'>[],
  { stabilisationDownS, stabilisationDownStated = true }: Seen<'hpa-spec'>,
): boolean {
  if (!stabilisationDownStated) return true;
  const leastMs = stabilisationDownS * 1000 - WINDOW_SLACK_MS;
  const before = (index: number): number => statuses[index - 1]?.desired ?? Infinity;
  const raises = statuses.filter(({ desired }, index) => desired > before(index));
  return statuses.every(
    ({ t, desired }, index) =>
      desired >= before(index) ||
      before(index) === Infinity ||
      raises.every((raise) => raise.t > t || raise.desired <= desired || t - raise.t >= leastMs),
  );
}

/** Kubernetes: the controller syncs every 15 s, and writes its count of pods then; one sync may be missed. */
const COUNTED_WITHIN_MS = 30_000;
/** Tolerance, ms: Deployment and autoscaler are two objects, whose changes arrive one after the other. */
const APART_MS = 1_000;

/**
 * `current` must be a number of pods that the Deployment had when the controller last looked, and the actual one once it stays. A status
 * from before the pods were first recorded cannot be checked.
 */
function isCounted(history: History): boolean {
  const pods = all(history, 'scaled-pods');
  const statuses = all(history, 'hpa');
  const fromMs = pods[0]?.t ?? Infinity;
  const endMs = Math.max(0, ...all(history, 'hpa-watched').map(({ t }) => t));
  return statuses.every(({ t, current }, index) => {
    const untilMs = statuses[index + 1]?.t ?? endMs;
    const seen = totalsIn(pods, t - COUNTED_WITHIN_MS, t + APART_MS);
    if (t - COUNTED_WITHIN_MS >= fromMs && !seen.includes(current)) return false;
    const staying = totalsIn(pods, untilMs - COUNTED_WITHIN_MS, untilMs);
    const isOld = t <= untilMs - COUNTED_WITHIN_MS && untilMs - COUNTED_WITHIN_MS >= fromMs;
    return !isOld || staying.length > 1 || staying[0] === current;
  });
}

/** The totals in a stretch of time, with the one that held when it began. */
function totalsIn(pods: readonly Seen<'scaled-pods'>[], fromMs: number, toMs: number): number[] {
  const before = pods.findLast(({ t }) => t <= fromMs);
  const since = pods.filter(({ t }) => t > fromMs && t <= toMs);
  const totals = [...(before === undefined ? [] : [before]), ...since].map(({ total }) => total);
  return [...new Set(totals)];
}

function metricGaps(statuses: readonly Seen<'hpa'>[]): string[] {
  const metrics = statuses.flatMap((status) => status.metrics);
  const odd = metrics.find(isOdd);
  if (odd !== undefined)
    return [
      `the metric ${odd.name} is ${odd.value ?? '?'} with a target of ${odd.target ?? '?'}, which is not valid`,
    ];
  const targets = Map.groupBy(
    metrics.filter(({ target }) => target !== null),
    ({ name }) => name,
  );
  return [...targets].flatMap(([name, own]) =>
    new Set(own.map(({ target }) => target)).size > 1 ? [`the target of ${name} changed`] : [],
  );
}

function isOdd({ value, target }: Seen<'hpa'>['metrics'][number]): boolean {
  return (value !== null && value < 0) || (target !== null && target <= 0);
}

/** The metric covers ready pods only: with none ready, `desired` is not an answer to the load. */
function podsGaps(history: History, { min, max }: Seen<'hpa-spec'>): string[] {
  const isSound = ({ ready, total }: Seen<'scaled-pods'>): boolean =>
    isCount(ready) && ready <= total && isCount(total) && total <= PODS_OF_A_ROLLOUT * max;
  const seen = all(history, 'scaled-pods');
  if (!seen.every(isSound))
    return [`more pods were ready than existed, or more existed than a maximum of ${max} allows`];
  if (min > 0 && seen.some(({ ready }) => ready === 0)) return ['there was a time at which no pod was ready'];
  const isClose = longestGap(history) <= PODS_START_MS;
  return isClose && seen.some(({ ready }, index) => ready > (seen[index - 1]?.total ?? ready))
    ? ['pods were ready sooner than they can start']
    : [];
}

/** The load begun must be the planned one, and the one that its engine offered, where the engine records that by the second. */
function rateGaps(history: History): string[] {
  const [begun, ...more] = all(history, 'load-begun');
  if (begun === undefined) return [];
  const gaps = [...plannedGaps(history, begun), ...momentGaps(history, begun)];
  const [started, ended] = [all(history, 'load-start').length, all(history, 'load-ended').length];
  if (ended < started) gaps.push('the end of a load is not recorded');
  if (ended > started) gaps.push('the start of a load is not recorded');
  const offered = all(history, 'load-second').flatMap((second) => second.offered ?? []);
  if (more.length > 0 || offered.length === 0) return gaps;
  const most = Math.max(...offered);
  const least = Math.min(...offered);
  const isSo = Math.abs(most - begun.perSecond) <= Math.max(1, OF_A_SECOND * begun.perSecond) && least >= 0;
  if (!isSo)
    gaps.push(
      `a load of ${begun.perSecond} per second was begun, but its engine offered ${least} to ${most} per second`,
    );
  return gaps;
}

function plannedGaps({ header }: History, { perSecond, rampSeconds }: Seen<'load-begun'>): string[] {
  const planned = plannedRate(header);
  if (planned === null) return [];
  const { highPerSecond, rampSeconds: rises } = planned;
  return perSecond === highPerSecond && rampSeconds === rises
    ? []
    : [
        `a load was begun that rises to ${perSecond} per second in ${rampSeconds} s, planned were ${highPerSecond} per second in ${rises} s`,
      ];
}

/** Tenders are created at one rate from the first second on. */
function plannedRate({ settings }: HistoryHeader): { highPerSecond: number; rampSeconds: number } | null {
  const { ai, topology } = settings;
  if (ai === undefined) return topology?.edge?.backend?.scaling ?? null;
  const tenders = ai.scaling;
  return tenders === undefined ? null : { highPerSecond: tenders.perSecond, rampSeconds: 0 };
}

/** A load begins between the start of its engine and its result. */
function momentGaps(history: History, { t }: Seen<'load-begun'>): string[] {
  const [start] = all(history, 'load-start');
  const [end] = all(history, 'load');
  if (start === undefined || end === undefined) return [];
  return isWithin(t, start.t - CLOCK_SLACK_MS, end.t + CLOCK_SLACK_MS)
    ? []
    : ['the recorded start of the load is not between the start and the result of its engine'];
}
