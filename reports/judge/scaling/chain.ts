/** The steps by which an autoscaler reacts to load. */
import { latencySeen } from './blocks.ts';
import type { LatencySeen } from './blocks.ts';
import type { Hpa, HpaSpec, Observed } from './observed.ts';
import { raisesOf } from './raises.ts';
import type { Raise } from './raises.ts';
import { isAbove } from './settings.ts';
import { secondsOf } from './conclude.ts';

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
  /** With dropped iterations taken as fast (best) and as slow (worst); null: there is no latency goal. */
  latency: { best: LatencySeen; worst: LatencySeen } | null;
}

export interface Context {
  observed: Observed;
  spec: HpaSpec;
  startMs: number;
  topMs: number;
  goals: Goals;
  chain: Chain;
}

/** Why the decision was no answer to the load; null: the metric had crossed its target by then. */
export function uncausedText({ crossedMs, decidedMs }: Chain): string | null {
  if (decidedMs === null || (crossedMs !== null && crossedMs <= decidedMs)) return null;
  const crossed =
    crossedMs === null
      ? 'did not cross its target at all'
      : `crossed its target ${secondsOf(crossedMs - decidedMs)} s later`;
  return `the load did not cause the scale-up: the metric ${crossed}, so something other than the load must have scaled`;
}

/** While there was load, fewer pods were wanted than before although the metric asked for more. */
export function shrunkText({ hpa, startMs, endMs }: Observed): string | null {
  const during = hpa.filter(({ t }) => t >= (startMs ?? Infinity) && t <= (endMs ?? Infinity));
  const at = during.findIndex(
    (one, index) => one.desired < (during[index - 1]?.desired ?? 0) && isAbove(one),
  );
  const one = during[at];
  if (one === undefined) return null;
  return `scaled down under load: from ${during[at - 1]?.desired ?? 0} to ${one.desired} pods desired with ${one.metric} at ${Math.round((one.load ?? 0) * 100)} % of its target`;
}

export function chainOf(observed: Observed, startMs: number, p95Ms: number | null): Chain {
  const { hpa, replicas, seconds } = observed;
  const base = hpa.findLast(({ t }) => t < startMs)?.desired ?? hpa[0]?.desired ?? 0;
  const after = hpa.filter(({ t }) => t >= startMs);
  const crossed = after.find(isAbove);
  const raised = after.find(({ desired }) => desired > base);
  const ready = raised && replicas.find(({ t, ready: count }) => t >= raised.t && count >= raised.desired);
  const since = (t: number | undefined): number | null => (t === undefined ? null : t - startMs);
  return {
    crossedMs: since(crossed?.t),
    decidedMs: since(raised?.t),
    readyMs: since(ready?.t),
    raises: raisesOf(observed, startMs, base),
    latency:
      p95Ms === null
        ? null
        : {
            best: latencySeen(seconds, { startMs, p95Ms, dropsAreSlow: false }),
            worst: latencySeen(seconds, { startMs, p95Ms, dropsAreSlow: true }),
          },
  };
}

/** Why the autoscaler has no metric, by its own conditions. */
export function why(hpa: readonly Hpa[]): string {
  return (
    hpa.findLast(({ complaints }) => complaints.length > 0)?.complaints.join(', ') ??
    'its status does not say why'
  );
}
