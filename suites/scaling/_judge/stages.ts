/** Where the time of a scale-up goes: until the metric shows the load, until the decision, until its pods exist, have a node and are ready. */
import type { Seen } from '../../../reports/record/observations/index.ts';
import type { Figure } from '../../../reports/record/judgement.ts';
import type { Chain } from './chain.ts';
import { secondsOf } from './conclude.ts';

/** Lengths, ms; null: an end of the stage was not seen. */
export interface Stages {
  /** From the start of the load to the first status of the autoscaler in which the metric that decided was above its target. */
  metricMs: number | null;
  /** From there to the first status that wants more pods. */
  decisionMs: number | null;
  /** Of the last of the new pods to be ready: from the decision to its object, on to a node, on to ready. */
  createdMs: number | null;
  scheduledMs: number | null;
  readyMs: number | null;
  /** New pods that were not seen on a node, or not ready, when the watch ended. */
  unscheduled: string[];
  unready: string[];
}

interface PodTimes {
  pod: string;
  created: number;
  scheduled: number | null;
  ready: number | null;
  gone: boolean;
}

type ScaledPod = Seen<'scaled-pod'>;

/**
 * The stages of the first scale-up after the load began.
 * @param pods all that was recorded of pods, in the order of time
 */
export function stagesOf(
  chain: Chain,
  { startMs, pods }: { startMs: number; pods: readonly ScaledPod[] },
): Stages {
  const fresh = newPods(chain, { startMs, pods });
  const last = lastReady(chain, { startMs, fresh });
  const decided = chain.decidedMs === null ? null : startMs + chain.decidedMs;
  return {
    ...ofAutoscaler(chain),
    createdMs: between(decided, last?.created),
    scheduledMs: between(last?.created, last?.scheduled),
    readyMs: between(last?.scheduled, last?.ready),
    unscheduled: fresh.filter(({ scheduled }) => scheduled === null).map(({ pod }) => pod),
    unready: fresh.filter(({ ready }) => ready === null).map(({ pod }) => pod),
  };
}

/** A metric that crossed after the decision did not cause it. */
function ofAutoscaler({ crossedMs, decidedMs }: Chain): Pick<Stages, 'metricMs' | 'decisionMs'> {
  if (decidedMs === null) return { metricMs: crossedMs, decisionMs: null };
  return crossedMs !== null && crossedMs <= decidedMs
    ? { metricMs: crossedMs, decisionMs: decidedMs - crossedMs }
    : { metricMs: null, decisionMs: null };
}

const between = (from: number | null | undefined, to: number | null | undefined): number | null =>
  typeof from === 'number' && typeof to === 'number' ? Math.max(0, to - from) : null;

/**
 * As many new pods as the first scale-up asked for. The controller resizes before it writes its status, so that a pod may be there a moment
 * before the decision is seen.
 */
function newPods(
  { raises: [raise] }: Chain,
  { startMs, pods }: { startMs: number; pods: readonly ScaledPod[] },
): PodTimes[] {
  if (raise === undefined) return [];
  return timesOf(pods)
    .filter(({ created, gone }) => created > startMs && !gone)
    .sort((a, b) => a.created - b.created)
    .slice(0, raise.to - raise.from);
}

/** The new pod that was ready last when all were; undefined: they were not. */
function lastReady(
  { readyMs }: Chain,
  { startMs, fresh }: { startMs: number; fresh: readonly PodTimes[] },
): PodTimes | undefined {
  const until = readyMs === null ? -Infinity : startMs + readyMs + SEEN_MS;
  return fresh
    .filter(({ ready }) => ready !== null && ready <= until)
    .toSorted((a, b) => (b.ready ?? 0) - (a.ready ?? 0))[0];
}

/** A pod and the count of its workload are two objects, whose changes arrive one after the other, ms. */
const SEEN_MS = 1_000;

function timesOf(pods: readonly ScaledPod[]): PodTimes[] {
  return [...Map.groupBy(pods, ({ pod }) => pod)].flatMap(([pod, lines]) => {
    const at = (state: ScaledPod['state']): number | null =>
      lines.find((one) => one.state === state)?.t ?? null;
    const created = at('created');
    if (created === null) return [];
    const ready = at('ready');
    // One that went after it was ready was there; one that went before never was.
    return [{ pod, created, scheduled: at('scheduled'), ready, gone: ready === null && at('gone') !== null }];
  });
}

const NAMES = [
  ['metricMs', 'metric'],
  ['decisionMs', 'decision'],
  ['createdMs', 'pods created'],
  ['scheduledMs', 'scheduling'],
  ['readyMs', 'readiness'],
] as const;

/** `metric 25 s, decision 5 s, pods created 0.3 s, scheduling 0.1 s, readiness 9.6 s`; empty: nothing is known of the pods. */
export function stagesText(stages: Stages): string {
  const known = NAMES.flatMap(([key, name]) => {
    const ms = stages[key];
    return ms === null ? [] : [`${name} ${secondsOf(ms)} s`];
  });
  const waits = [
    ...(stages.unscheduled.length > 0 ? [`without a node: ${stages.unscheduled.join(', ')}`] : []),
    ...(stages.unready.length > 0 ? [`not ready: ${stages.unready.join(', ')}`] : []),
  ];
  return [...known, ...waits].join(', ');
}

/** With the source of each in its name. */
export function stageFigures(stages: Stages): Figure[] {
  const s = (ms: number | null): number | null => (ms === null ? null : secondsOf(ms));
  return [
    {
      name: 'metric: from the load to a value above the target, by the status of the autoscaler',
      value: s(stages.metricMs),
      unit: 's',
    },
    {
      name: 'decision: from there to more pods desired, by the same',
      value: s(stages.decisionMs),
      unit: 's',
    },
    {
      name: 'creation: from there to the object of the last new pod, by its watch',
      value: s(stages.createdMs),
      unit: 's',
    },
    {
      name: 'scheduling: from there to a node, by its condition PodScheduled',
      value: s(stages.scheduledMs),
      unit: 's',
    },
    { name: 'readiness: from there to ready, by its condition Ready', value: s(stages.readyMs), unit: 's' },
  ];
}
