import type { History } from '../../../reports/record/history/history.ts';
import { kindOfService } from '../../../reports/record/names/topology-names.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { FROM_ELSEWHERE } from '../../../reports/record/observations/scaling.ts';
import { all, first, last } from '../../../reports/judge/observed.ts';
import type { LoadSecond } from '../../../reports/judge/slo/load.ts';
import { observedLoad } from '../../../reports/judge/performance/loads.ts';
import { measuredIn, TOLERANCE } from './metrics.ts';
import { shrinkingS } from './shrinking.ts';
import type { Measured } from './metrics.ts';
import type { Observed as ObservedLoad } from '../../../reports/judge/performance/loads.ts';

/** The status of the autoscaler at one moment. */
export interface Hpa {
  t: number;
  desired: number;
  current: number;
  /** value / target; null: it has no metric. */
  load: number | null;
  metric: string;
  /** All of them, in the order of the spec. */
  metrics: Measured[];
  /** Conditions that say why it does not scale: `ScalingActive=False FailedGetResourceMetric: …`. */
  complaints: string[];
}

/** Its settings, as read from the cluster. */
export interface HpaSpec {
  min: number;
  max: number;
  stabilisationUpS: number;
  stabilisationDownS: number;
  /** False: nobody stated it, and the controller's own may be shorter. */
  stabilisationDownStated: boolean;
  /** Time until KEDA takes the last pods away, s; 0: it does not. */
  cooldownS: number;
  /** How far above its target a metric may be without a scale-up, as a share. */
  tolerance: number;
  /** Names of the metrics that metrics-server measures; null: not recorded. */
  measured: string[];
  /** Time that the policies need at least to shrink from that many pods to the minimum, s; Infinity: they never go. */
  shrinkingS: (from: number) => number;
}

export interface Replicas {
  t: number;
  ready: number;
  total: number;
}

/** What a check of an autoscaler recorded; times are those of the history, ms. */
export interface Observed {
  /** What the autoscaler resizes: `backend`. */
  called: string;
  hpa: Hpa[];
  spec: HpaSpec | null;
  replicas: Replicas[];
  /** When the first load began. */
  startMs: number | null;
  /** When that load was at its full rate; null if none began. */
  topMs: number | null;
  /** When the last load that makes it grow ended. */
  endMs: number | null;
  /** Time of the last observation. */
  lastMs: number;
  /** Why there was nothing to observe, or no longer: no autoscaler, no rest before the load. */
  lost: string[];
  /** What KEDA said of the autoscaler that it makes, in order. */
  scaledObject: Seen<'scaled-object'>[];
  pods: Seen<'scaled-pod'>[];
  /** Why its pods could not be listed; null: they could. */
  unseen: string | null;
  load: ObservedLoad;
  /** Seconds of the load at the times at which they began. */
  seconds: { atMs: number; second: LoadSecond }[];
}

/** @param called what grows, as people call it */
export function observe(history: History, called = 'backend'): Observed {
  const load = observedLoad(history);
  const starts = all(history, 'load-begun');
  const [begun] = starts;
  const startMs = begun?.t ?? null;
  const lastMs = history.observations.reduce((latest, { t }) => Math.max(latest, t), 0);
  const zeroMs = zeroOf(history, load, startMs);
  return {
    called,
    hpa: all(history, 'hpa').map((status) => hpaOf(status, last(history, 'hpa-spec'))),
    spec: specOf(last(history, 'hpa-spec'), last(history, 'scaled-object')),
    scaledObject: all(history, 'scaled-object'),
    pods: all(history, 'scaled-pod'),
    unseen: last(history, 'scaled-pods-unseen')?.reason ?? null,
    replicas: all(history, 'scaled-pods').map(({ t, ready, total }) => ({ t, ready, total })),
    startMs,
    topMs: begun === undefined ? null : (zeroMs ?? begun.t) + begun.rampSeconds * 1000,
    endMs: endOf(history, starts.at(-1)),
    lastMs,
    lost: lostOf(history, called),
    load,
    seconds: placed(load, zeroMs),
  };
}

/** End of the last load that makes it grow. */
function endOf(history: History, start: Seen<'load-begun'> | undefined): number | null {
  const ends = all(history, 'load-ended');
  return (start && ends.find(({ t }) => t >= start.t)?.t) ?? null;
}

/** Longest allowed time between two looks, ms: a change may be timed late by as much, and pods may come and go unseen. */
const UNWATCHED_MS = 5_000;

function lostOf(history: History, called: string): string[] {
  const known = first(history, 'hpa')?.t ?? Infinity;
  const kind = kindOfTarget(history.header);
  return [
    ...pausedText(history),
    ...all(history, 'target-missing').map(({ deployment }) => `${kind} ${deployment} does not exist`),
    ...all(history, 'hpa-missing').map(({ t, deployment }) =>
      t > known
        ? `no autoscaler scaled ${kind} ${deployment} any more while it was observed`
        : `no autoscaler scales ${kind} ${deployment}`,
    ),
    ...all(history, 'not-at-minimum').map(
      ({ scale }) =>
        `the ${called} had not settled at its minimum of pods before the load${scaleText(scale)}${rolloutText(history)}`,
    ),
    ...all(history, 'hpa-watched')
      .filter((watched) => !isWatched(watched))
      .map(
        ({ looks, longestGapMs, watchedMs }) =>
          `the autoscaler was not observed all the time: it was read ${looks} times in ${Math.round(watchedMs / 1000)} s, with a longest gap of ${Math.round(longestGapMs / 1000)} s`,
      ),
  ];
}

/** A service is a Deployment, unless the environment declares a Rollout of its name. */
function kindOfTarget({ settings: { topology, ai } }: History['header']): string {
  const of = ai === undefined ? topology?.edge?.backend?.deployment : ai.deployment;
  return of === undefined ? 'Deployment' : kindOfService(of, topology?.workloads);
}

/** While KEDA is paused it scales nothing, and may take the autoscaler away. */
function pausedText(history: History): string[] {
  const paused = all(history, 'scaled-object').find((one) => one.paused !== null);
  return [
    ...all(history, 'scaled-object-missing').map(
      ({ name }) => `there is no ScaledObject ${name} that scales the workload`,
    ),
    ...(paused === undefined
      ? []
      : [`ScaledObject ${paused.name} is paused (${paused.paused ?? ''}): KEDA scales nothing meanwhile`]),
  ];
}

/** A rollout in progress has pods of two versions, more than are desired. */
function rolloutText(history: History): string {
  const seen = last(history, 'rollout');
  if (seen === undefined || seen.phase === 'Healthy') return '';
  return `; its Rollout is ${[seen.phase || 'in no phase', seen.message].filter((one) => one !== '').join(': ')}`;
}

/** Looks at most the longest gap apart must cover the time watched; and they come no more often than every 100 ms. */
function isWatched({ looks, longestGapMs, watchedMs }: Seen<'hpa-watched'>): boolean {
  return (
    longestGapMs > 0 &&
    longestGapMs <= UNWATCHED_MS &&
    looks * longestGapMs >= watchedMs &&
    looks * LEAST_GAP_MS <= watchedMs + UNWATCHED_MS
  );
}

const LEAST_GAP_MS = 100;

type Scale = Seen<'not-back'>['scale'];

/** The scale seen last. */
export function scaleText(scale: Scale): string {
  if (scale === null) return '';
  const { desired, ready, total, min } = scale;
  return `: ${desired} pods desired, ${ready} of ${total} ready, the minimum is ${min}`;
}

/** Of several metrics an autoscaler follows the one that asks for most. */
function hpaOf(status: Seen<'hpa'>, spec: Seen<'hpa-spec'> | undefined): Hpa {
  const { t, desired, current, conditions } = status;
  const metrics = measuredIn(status, spec);
  const [most] = metrics.filter(({ load }) => load !== null).sort((a, b) => (b.load ?? 0) - (a.load ?? 0));
  return {
    t,
    desired,
    current,
    metrics,
    load: most?.load ?? null,
    metric: most?.name ?? metrics[0]?.name ?? 'the metric',
    complaints: conditions.flatMap(complaint),
  };
}

/** AbleToScale and ScalingActive complain when they are False, ScalingLimited when it is True. */
function complaint({ type, status, reason, message }: Seen<'hpa'>['conditions'][number]): string[] {
  const bad = type === 'ScalingLimited' ? status === 'True' : status === 'False';
  if (!bad || (type === 'ScalingLimited' && reason === 'TooFewReplicas')) return [];
  return [`${type}=${status} ${[reason, message].filter((one) => one !== '').join(': ')}`];
}

function specOf(one: Seen<'hpa-spec'> | undefined, by: Seen<'scaled-object'> | undefined): HpaSpec | null {
  if (one === undefined) return null;
  const { min, max, metrics, measures, stabilisationUpS, stabilisationDownS } = one;
  const isMeasured = ({ type }: { type: string } | undefined = { type: '' }): boolean =>
    type !== '' && !FROM_ELSEWHERE.has(type);
  return {
    min,
    max,
    stabilisationUpS,
    stabilisationDownS,
    stabilisationDownStated: one.stabilisationDownStated ?? true,
    cooldownS: min === 0 || min === by?.idle ? (by?.cooldownS ?? 0) : 0,
    tolerance: one.toleranceUp ?? TOLERANCE,
    measured: metrics.filter((_, index) => isMeasured(measures[index])),
    shrinkingS: (from) => shrinkingS(one, { from, to: min }),
  };
}

/** Further apart, ms, the engine's wall clock was set meanwhile or is another machine's: it does not show when the load began. */
const CLOCKS_APART_MS = 60_000;

/** Start of the load on the clock of the history: the engine's own where it can be used, otherwise when the check noted it. */
function zeroOf({ header }: History, { result }: ObservedLoad, startMs: number | null): number | null {
  if (result === null) return startMs;
  const sinceAnchor = Date.parse(result.startedAt) - Date.parse(header.anchor.wall);
  const own = header.anchor.monoMs + sinceAnchor;
  const apart = startMs !== null && Math.abs(own - startMs) > CLOCKS_APART_MS;
  return Number.isNaN(own) || apart ? startMs : own;
}

function placed({ result }: ObservedLoad, zeroMs: number | null): { atMs: number; second: LoadSecond }[] {
  if (result === null || zeroMs === null) return [];
  return result.seconds.map((second) => ({ atMs: zeroMs + second.atMs, second }));
}
