import type { History } from '../../record/history.ts';
import { number, seen } from '../topology/findings.ts';
import type { Hpa, HpaSpec } from './observed.ts';

/** Kubernetes: `--horizontal-pod-autoscaler-sync-period` of the controller manager, default. */
const SYNC_S = 15;
/** Kubernetes: `--horizontal-pod-autoscaler-tolerance`, default: up to a tenth above or below the target nothing is done. */
const TOLERANCE = 0.1;
/** metrics-server: `--metric-resolution`, default; `metricResolutionS` of an `hpa-spec` observation replaces it. */
const METRIC_RESOLUTION_S = 15;

export interface Expected {
  /** From the start of the load, ms. */
  crossed: Window;
  decided: Window;
  /** From its end. */
  back: Window;
  derivation: string;
}

export interface Window {
  loMs: number;
  hiMs: number;
}

/** Whether the metric asks for more pods. */
export function isAbove({ load }: Hpa): boolean {
  return load !== null && load > 1 + TOLERANCE;
}

/**
 * When things should happen by the autoscaler's own settings. CPU is a difference of two samples, so that a change is whole after two
 * resolutions of metrics-server at the latest; the controller looks every 15 s; upwards it takes the lowest recommendation of the
 * stabilisation window, downwards the highest, so that a decision comes after the window, and one look later at most. To each end the
 * interval of our own looking is added.
 * @param pods how many have to go on the way down
 */
export function expectedOf(
  history: History,
  spec: HpaSpec,
  { hpa, pods }: { hpa: readonly Hpa[]; pods: number },
): Expected {
  const stated = seen(history, 'hpa-spec').at(-1);
  const own = stated === undefined ? Number.NaN : number(stated, 'metricResolutionS');
  const resolutionS = Number.isFinite(own) ? own : METRIC_RESOLUTION_S;
  const pollS = pollSeconds(hpa);
  const seeS = 2 * resolutionS + SYNC_S + pollS;
  const stabilise = (windowS: number): number => windowS + (windowS > 0 ? SYNC_S : 0);
  const { stabilisationUpS, stabilisationDownS } = spec;
  const window = (loS: number, hiS: number): Window => ({ loMs: loS * 1000, hiMs: Math.round(hiS * 1000) });
  return {
    crossed: window(0, seeS),
    decided: window(stabilisationUpS, seeS + stabilise(stabilisationUpS)),
    back: window(stabilisationDownS, seeS + stabilise(stabilisationDownS) + spec.shrinkingS(pods)),
    derivation: `metrics-server resolution ${resolutionS} s (twice), sync ${SYNC_S} s, tolerance ${TOLERANCE}, stabilisation ${stabilisationUpS} s up and ${stabilisationDownS} s down, looked at every ${Number(pollS.toFixed(1))} s`,
  };
}

/** The longest time between two looks, s; a minute at most: what was not looked at for longer is a gap, not an error of measurement. */
function pollSeconds(hpa: readonly Hpa[]): number {
  const steps = hpa.slice(1).map((one, index) => one.t - (hpa[index]?.t ?? one.t));
  return Math.min(60, Math.max(0, ...steps) / 1000);
}

export function outside(atMs: number | null, window: Window | null): 'no' | 'faster' | 'slower' | 'unknown' {
  if (atMs === null || window === null) return 'unknown';
  if (atMs < window.loMs) return 'faster';
  return atMs > window.hiMs ? 'slower' : 'no';
}
