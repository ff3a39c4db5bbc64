/** Invented observations of an autoscaler under a load, for the tests of its judges. */
import { recordedLoad } from '../../../reports/judge/slo/_testing/histories.ts';
import type { InventedLoad } from '../../../reports/judge/slo/_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

/** The history's clock when the load began; the wall clock of invented loads is the anchor's. */
const START = 100_000;
const SPEC = {
  min: 2,
  max: 5,
  metrics: ['cpu'],
  measures: [{ type: 'Resource', by: 'Utilization' }],
  stabilisationUpS: 0,
  stabilisationDownS: 60,
  metricResolutionS: 10,
  lookEverySeconds: 0.25,
};

export interface Story {
  /** Seconds since the start of the load → pods desired. */
  desired: (second: number) => number;
  metric?: (second: number) => number | null;
  /** All metrics, where there are others than CPU. */
  metrics?: (second: number) => { name: string; value: number | null; target: number | null }[];
  /** Seconds that a pod needs until it is ready, or is gone. */
  lag?: number;
  /** Pods that are ready, where that does not follow from what is desired. */
  ready?: (second: number) => number;
  /** Seconds that the load rises. */
  rampS?: number;
  lastS?: number;
  loadS?: number;
  spec?: Partial<typeof SPEC>;
  load?: InventedLoad;
  conditions?: unknown[];
}

export const at = (second: number): number => START + second * 1000;

export function tell(of: Story): Seen[] {
  const { lastS = 150, loadS = 150, rampS = 0, spec, load = {} } = of;
  const looks = Array.from({ length: Math.floor((lastS + 20) / 5) + 1 }, (_, index) => index * 5 - 20);
  return [
    ['hpa-spec', { t: at(-20), ...SPEC, ...spec }],
    ['hpa-spec', { t: at(0), ...SPEC, ...spec }],
    ['load-begun', { t: at(0), perSecond: load.perSecond ?? 50, rampSeconds: rampS }],
    ...looks.flatMap((second) => look(of, second, loadS)),
    ...recordedLoad({ seconds: loadS, ...load }, START),
    ['load-ended', { t: at(loadS) }],
    ['hpa-watched', { t: at(lastS), looks: 4 * lastS, longestGapMs: 400, watchedMs: lastS * 1000 }],
    ['end', { t: at(lastS) }],
  ];
}

/** What is seen of the autoscaler and its pods in one second. */
function look(of: Story, second: number, loadS: number): Seen[] {
  const { lag = 10, metric = (s) => (s > 20 && s < loadS ? 110 : 20) } = of;
  const desired = of.desired(second);
  const there = of.desired(second - lag);
  const value = { name: 'cpu', value: metric(second), target: 70 };
  const conditions = of.conditions ?? conditionsOf(desired !== there);
  const total = second > loadS ? there : Math.max(there, desired);
  return [
    ['hpa', { t: at(second), desired, current: there, conditions, metrics: of.metrics?.(second) ?? [value] }],
    ['scaled-pods', { t: at(second), ready: of.ready?.(second) ?? there, total }],
  ];
}

/** As Kubernetes sets them; a policy is what limits pods that are added. */
export function conditionsOf(isScaling: boolean): unknown[] {
  const limited = isScaling
    ? { status: 'True', reason: 'ScaleUpLimit' }
    : { status: 'False', reason: 'DesiredWithinRange' };
  return [
    {
      type: 'AbleToScale',
      status: 'True',
      message: '',
      reason: isScaling ? 'SucceededRescale' : 'ReadyForNewScale',
    },
    { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: '' },
    { type: 'ScalingLimited', ...limited, message: '' },
  ];
}
