import type { History } from '../../../reports/record/history/history.ts';
import { last } from '../../../reports/judge/observed.ts';
import type { Hpa, HpaSpec } from './observed.ts';
import { finite, SYNC_S } from './shrinking.ts';

/** metrics-server: `--metric-resolution` of its own manifests, where it could not be read. */
const METRIC_RESOLUTION_S = 15;

export interface Expected {
  /** From the start of the load, ms. */
  crossed: Window | null;
  decided: Window | null;
  /** From the end of the load, ms. */
  back: Window | null;
  derivation: string;
}

export interface Window {
  loMs: number;
  hiMs: number;
}

/** Whether a metric asks for more pods. */
export function isAbove({ load }: Pick<Hpa, 'load'>, { tolerance }: Pick<HpaSpec, 'tolerance'>): boolean {
  return load !== null && load > 1 + tolerance;
}

/**
 * When the autoscaler should act, by its own settings. CPU is a difference of two samples, so a change shows in full after at most two
 * resolutions of metrics-server. The controller syncs every 15 s. Upwards it takes the lowest recommendation of the stabilisation window,
 * downwards the highest, so a decision comes after the window and at most one sync. A rising load may cross the target at any time until it
 * is at its top. Each upper end includes the interval of our own looks.
 * @param rampMs from the start of the load to its top
 * @param peak pods from which it goes down to the minimum
 */
export function expectedOf(
  history: History,
  spec: HpaSpec,
  { rampMs, peak }: { rampMs: number; peak: number },
): Expected {
  const resolutionS = last(history, 'hpa-spec')?.metricResolutionS ?? METRIC_RESOLUTION_S;
  const pollS = last(history, 'hpa-spec')?.lookEverySeconds ?? 0;
  const rampS = rampMs / 1000;
  const seeS = 2 * resolutionS + SYNC_S + pollS;
  const stabilise = (windowS: number): number => windowS + (windowS > 0 ? SYNC_S : 0);
  const { stabilisationUpS, stabilisationDownS, stabilisationDownStated } = spec;
  const seeDownS = seeS + stabilise(stabilisationDownS) + finite(spec.shrinkingS(peak));
  const window = (loS: number, hiS: number): Window => ({ loMs: loS * 1000, hiMs: Math.round(hiS * 1000) });
  return {
    crossed: window(0, rampS + seeS),
    decided: window(stabilisationUpS, rampS + seeS + stabilise(stabilisationUpS)),
    back: window(stabilisationDownStated ? stabilisationDownS : 0, seeDownS),
    derivation: `${rampS > 0 ? `load rising for ${Number(rampS.toFixed(1))} s, ` : ''}metrics-server resolution ${resolutionS} s (twice), ${governing(spec, pollS)}`,
  };
}

/** No setting says when a queue is deep enough to cross its target: no times are expected, and only the settings are reported. */
export function unexpected(history: History, spec: HpaSpec): Expected {
  const derivation = governing(spec, last(history, 'hpa-spec')?.lookEverySeconds ?? 0);
  return { crossed: null, decided: null, back: null, derivation };
}

function governing(spec: HpaSpec, pollS: number): string {
  const { stabilisationUpS, stabilisationDownS, stabilisationDownStated, tolerance } = spec;
  const down = `${stabilisationDownS} s down${stabilisationDownStated ? '' : " (not stated: the controller's default)"}`;
  return `sync ${SYNC_S} s, tolerance ${tolerance}, stabilisation ${stabilisationUpS} s up and ${down}, read every ${Number(pollS.toFixed(2))} s`;
}

export function outside(atMs: number | null, window: Window | null): 'no' | 'faster' | 'slower' | 'unknown' {
  if (atMs === null || window === null) return 'unknown';
  if (atMs < window.loMs) return 'faster';
  return atMs > window.hiMs ? 'slower' : 'no';
}
