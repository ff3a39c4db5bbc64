import type { History, Observation } from '../../record/history.ts';
import type { LoadSecond } from '../slo/load.ts';
import { observedLoad } from '../performance/loads.ts';
import type { Observed as ObservedLoad } from '../performance/loads.ts';
import { list, number, seen, text } from '../topology/findings.ts';

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
  /** What grows: `backend`. */
  called: string;
  hpa: Hpa[];
  spec: HpaSpec | null;
  replicas: Replicas[];
  /** The first load began. */
  startMs: number | null;
  /** It had risen to its full rate; null where none began. */
  topMs: number | null;
  /** The last load that makes it grow was over. */
  endMs: number | null;
  /** The last time of which anything is known. */
  lastMs: number;
  /** Why there was nothing to observe, or no longer: no autoscaler, no rest before the load. */
  lost: string[];
  load: ObservedLoad;
  /** Seconds of the load at the times at which they began. */
  seconds: { atMs: number; second: LoadSecond }[];
  /** Times of faults, for the chart. */
  windows: { name: string; fromMs: number; toMs: number }[];
}

/** @param called what grows, as people call it */
export function observe(history: History, called = 'backend'): Observed {
  const load = observedLoad(history);
  const starts = phases(history, 'load-start');
  const startMs = starts[0]?.t ?? null;
  const lastStartMs = starts.at(-1)?.t ?? Infinity;
  const lastMs = Math.max(0, ...history.observations.map(({ t }) => t));
  const zeroMs = zeroOf(history, load, startMs);
  return {
    called,
    hpa: seen(history, 'hpa').map(hpaOf),
    spec: specOf(seen(history, 'hpa-spec').at(-1)),
    replicas: seen(history, 'replicas').map((one) => ({
      t: one.t,
      ready: number(one, 'ready'),
      total: number(one, 'total'),
    })),
    startMs,
    topMs: startMs === null ? null : (zeroMs ?? startMs) + rampMs(starts[0]),
    endMs: phases(history, 'load-end').find(({ t }) => t >= lastStartMs)?.t ?? null,
    lastMs,
    lost: lostOf(history, called),
    load,
    seconds: placed(load, zeroMs),
    windows: windowsOf(history, lastMs),
  };
}

function phases(history: History, name: string): Observation[] {
  return seen(history, 'phase').filter((one) => one['name'] === name);
}

/** How long the load rises, by the rates that its phase states; 0 where it states none. */
function rampMs(start: Observation | undefined): number {
  const rates = (start?.['rates'] ?? {}) as { rampSeconds?: unknown };
  return typeof rates.rampSeconds === 'number' ? rates.rampSeconds * 1000 : 0;
}

function lostOf(history: History, called: string): string[] {
  const known = seen(history, 'hpa')[0]?.t ?? Infinity;
  return [
    ...seen(history, 'target-missing').map((one) => `Deployment ${text(one, 'deployment')} is not there`),
    ...seen(history, 'hpa-missing').map((one) =>
      one.t > known
        ? `the autoscaler of Deployment ${text(one, 'deployment')} went away while it was observed`
        : `no autoscaler resizes Deployment ${text(one, 'deployment')}`,
    ),
    ...seen(history, 'not-at-minimum').map(
      (one) => `the ${called} was not at rest at its minimum before the load${scaleText(one['scale'])}`,
    ),
  ];
}

/** What was seen of it last. */
export function scaleText(scale: unknown): string {
  if (typeof scale !== 'object' || scale === null) return '';
  const { desired, ready, total, min } = scale as Record<string, unknown>;
  return `: ${String(desired)} pods desired, ${String(ready)} of ${String(total)} ready, the minimum is ${String(min)}`;
}

function hpaOf(one: Observation): Hpa {
  const metric = (one['metric'] ?? {}) as { name?: unknown; value?: unknown; target?: unknown };
  const { name, value, target } = metric;
  const complaints = list(one, 'conditions').flatMap(complaint);
  // Without a metric the controller leaves the last one in the status, and says so in this condition.
  const stale = complaints.some((text) => text.startsWith('ScalingActive=False'));
  const known = !stale && typeof value === 'number' && typeof target === 'number' && target > 0;
  return {
    t: one.t,
    desired: number(one, 'desired'),
    current: number(one, 'current'),
    load: known ? value / target : null,
    metric: typeof name === 'string' ? name : 'the metric',
    complaints,
  };
}

/** AbleToScale and ScalingActive complain when they are False, ScalingLimited when it is True; ScaledToZero (Kubernetes 1.37) never does. */
function complaint(condition: unknown): string[] {
  if (typeof condition !== 'object' || condition === null) return [];
  const { type, status, reason, message } = condition as Record<string, unknown>;
  const bad = type === 'ScalingLimited' ? status === 'True' : status === 'False';
  if (!bad || type === 'ScaledToZero' || (type === 'ScalingLimited' && reason === 'TooFewReplicas'))
    return [];
  const said = [reason, message].filter((one) => typeof one === 'string');
  return [`${String(type)}=${String(status)} ${said.join(': ')}`];
}

function specOf(one: Observation | undefined): HpaSpec | null {
  if (one === undefined) return null;
  const spec = {
    min: number(one, 'min'),
    max: number(one, 'max'),
    stabilisationUpS: orZero(number(one, 'stabilisationUpS')),
    stabilisationDownS: number(one, 'stabilisationDownS'),
  };
  const complete = [spec.min, spec.max, spec.stabilisationDownS].every(Number.isFinite);
  return complete ? { ...spec, shrinkingS: (pods) => shrinkingS(list(one, 'policies'), pods) } : null;
}

const orZero = (value: number): number => (Number.isFinite(value) ? value : 0);

/** Policies of the way down: `{direction: 'down', type: 'Pods'|'Percent', value, periodSeconds}`; without any all pods may go in 15 s. */
function shrinkingS(policies: readonly unknown[], pods: number): number {
  const steps = policies.flatMap((one) => {
    const { direction, type, value, periodSeconds } = (one ?? {}) as Record<string, unknown>;
    const usable = direction === 'down' && type === 'Pods' && typeof value === 'number' && value > 0;
    return usable && typeof periodSeconds === 'number' ? [(Math.ceil(pods / value) - 1) * periodSeconds] : [];
  });
  const percent = policies.some((one) => {
    const { direction, type } = (one ?? {}) as Record<string, unknown>;
    return direction === 'down' && type === 'Percent';
  });
  // Of several policies the one that allows most counts, unless the environment says otherwise.
  return steps.length === 0 || percent ? 0 : Math.max(0, Math.min(...steps));
}

/** A wall clock that was set meanwhile, or another machine's, tells nothing of when a load began. */
const CLOCKS_APART_MS = 60_000;

/** The engine's own start on the clock of the history, where both are known; else when the check took note of it. */
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

function windowsOf(history: History, lastMs: number): Observed['windows'] {
  return phases(history, 'fault-start').map((one) => ({
    name: text(one, 'fault') || 'fault',
    fromMs: one.t,
    toMs: phases(history, 'fault-end').find((other) => other.t > one.t)?.t ?? lastMs,
  }));
}
