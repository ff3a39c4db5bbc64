import type { History } from '../../record/history/history.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all, first, last } from '../observed.ts';
import type { LoadSecond } from '../slo/load.ts';
import { observedLoad } from '../performance/loads.ts';
import type { Observed as ObservedLoad } from '../performance/loads.ts';

/** The status of the autoscaler at one moment. */
export interface Hpa {
  t: number;
  desired: number;
  current: number;
  /** value / target; null: it has no metric. */
  load: number | null;
  metric: string;
  /** Conditions that say why it does not scale: `ScalingActive=False FailedGetResourceMetric: …`. */
  complaints: string[];
}

/** Its settings, as read from the cluster. */
export interface HpaSpec {
  min: number;
  max: number;
  stabilisationUpS: number;
  stabilisationDownS: number;
  /** Time that the policies need at least to shrink by that many pods, s. */
  shrinkingS: (pods: number) => number;
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
    hpa: all(history, 'hpa').map(hpaOf),
    spec: specOf(last(history, 'hpa-spec')),
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
  return [
    ...all(history, 'target-missing').map(({ deployment }) => `Deployment ${deployment} does not exist`),
    ...all(history, 'hpa-missing').map(({ t, deployment }) =>
      t > known
        ? `no autoscaler scaled Deployment ${deployment} any more while it was observed`
        : `no autoscaler scales Deployment ${deployment}`,
    ),
    ...all(history, 'not-at-minimum').map(
      ({ scale }) =>
        `the ${called} had not settled at its minimum of pods before the load${scaleText(scale)}`,
    ),
    ...all(history, 'hpa-watched')
      .filter((watched) => !isWatched(watched))
      .map(
        ({ looks, longestGapMs, watchedMs }) =>
          `the autoscaler was not observed all the time: it was read ${looks} times in ${Math.round(watchedMs / 1000)} s, with a longest gap of ${Math.round(longestGapMs / 1000)} s`,
      ),
  ];
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
function hpaOf({ t, desired, current, metrics, conditions }: Seen<'hpa'>): Hpa {
  // Without a metric the controller leaves the last one in the status, and says so in this condition.
  const stale = conditions.some(({ type, status }) => type === 'ScalingActive' && status === 'False');
  const known = metrics.flatMap(({ name, value, target }) =>
    stale || value === null || target === null || target <= 0 ? [] : [{ name, load: value / target }],
  );
  const [most] = known.sort((a, b) => b.load - a.load);
  return {
    ...{ t, desired, current, load: most?.load ?? null },
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

function specOf(one: Seen<'hpa-spec'> | undefined): HpaSpec | null {
  if (one === undefined) return null;
  const { min, max, stabilisationUpS, stabilisationDownS, policiesDown } = one;
  return {
    ...{ min, max, stabilisationUpS, stabilisationDownS },
    shrinkingS: (pods) => shrinkingS(policiesDown ?? [], pods),
  };
}

/** Of several policies the one that allows most counts: Kubernetes' default, selectPolicy Max. */
function shrinkingS(policies: NonNullable<Seen<'hpa-spec'>['policiesDown']>, pods: number): number {
  const steps = policies
    .filter((policy) => policy.pods > 0)
    .map((policy) => (Math.ceil(pods / policy.pods) - 1) * policy.periodSeconds);
  return steps.length === 0 ? 0 : Math.max(0, Math.min(...steps));
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
