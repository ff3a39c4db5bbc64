import { lookUntil, repeat } from '../../../host/wait.ts';
import type { ObjectOf, RolloutObject, WorkloadObject } from '../../../probes/kubernetes/objects.ts';
import { ROLLOUT, SCALED_OBJECT } from '../../../probes/kubernetes/workloads.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject } from '../../harness/protocol.ts';
import type { RecordedFields } from '../../harness/observations.ts';
import { autoscalerOf, loadOf, specOf, statusOf } from './hpa.ts';
import type { Autoscaler } from './hpa.ts';
import { isScaledBy, leastPods, scaledObjectOf } from './keda.ts';
import { finite, shrinkingS } from '../_judge/shrinking.ts';
import { FROM_ELSEWHERE } from '../../../reports/record/observations/scaling.ts';
import { metricResolution } from './metrics-server.ts';
import { PodFollower } from './pods.ts';

/** The runner's cache is fed by watches, so that a look costs the API server nothing. */
const LOOK_EVERY_MS = 250;

/** What an autoscaler resizes. */
export interface Scaled {
  kind: 'Deployment' | 'Rollout';
  namespace: string;
  name: string;
  /** The ScaledObject of KEDA that makes the autoscaler, in the same namespace. */
  scaledObject?: string;
}

type Target = WorkloadObject | RolloutObject;
/** How a ScaledObject leaves what it scales at rest. */
interface Rest {
  least: number;
  /** Time until it goes below the minimum of its autoscaler, s. */
  afterS: number;
  /** It says itself that no trigger of its is active. */
  isIdle: boolean;
}
type RolloutStatus = NonNullable<RolloutObject['status']>;

/** What was seen last; the numbers are pods. */
export interface Scale {
  desired: number;
  ready: number;
  total: number;
  min: number;
  max: number;
  stabilisationDownS: number;
  /** Time that policies need from the maximum to the minimum, s. */
  shrinkingS?: number;
  /** The highest of its metrics as a share of its target; null: the autoscaler has none now. */
  load: number | null;
  /** KEDA left no pod, since nothing asks for one. */
  isIdle: boolean;
}

/** How long to wait for a scale. */
export interface Patience {
  timeoutMs: number;
  /** The scale must match for this long without a break; for one look when left out. */
  forMs?: number;
  /** Ends the wait early. */
  signal?: AbortSignal;
}

type Changing =
  | 'hpa-spec'
  | 'hpa'
  | 'scaled-pods'
  | 'scaled-pods-unseen'
  | 'rollout'
  | 'scaled-object'
  | 'scaled-object-missing'
  | 'hpa-missing'
  | 'target-missing'
  | 'unavailable';

/** Records every change of an autoscaler and of what it resizes until it is ended. */
export class ScaleFollower {
  readonly #ctx: CheckContext;
  readonly #target: Scaled;
  readonly #pods: PodFollower;
  readonly #over = new AbortController();
  readonly #last = new Map<string, string>();
  #resolutionS: number | null = null;
  readonly #watch = { beganMs: 0, lastMs: 0, looks: 0, longestGapMs: 0 };
  #scale: Scale | null = null;
  #following: Promise<void> = Promise.resolve();

  constructor(ctx: CheckContext, target: Scaled) {
    this.#ctx = ctx;
    this.#target = target;
    this.#pods = new PodFollower(ctx, target);
  }

  /** Null until both objects were seen. */
  get scale(): Scale | null {
    return this.#scale;
  }

  /** False when there is nothing to follow: then that is recorded. */
  async start(): Promise<boolean> {
    this.#resolutionS = await metricResolution(this.#ctx);
    this.#watch.beganMs = this.#watch.lastMs = performance.now();
    if (!(await this.#look())) return false;
    const signal = AbortSignal.any([this.#over.signal, this.#ctx.signal]);
    this.#following = repeat(LOOK_EVERY_MS, signal, async () => {
      await this.#look();
    });
    return true;
  }

  /** Makes the next look record the full state, changed or not: each phase begins with it. */
  repeat(): void {
    this.#last.clear();
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#following;
    const { beganMs, lastMs, looks, longestGapMs } = this.#watch;
    this.#ctx.record('hpa-watched', { looks, longestGapMs, watchedMs: lastMs - beganMs });
  }

  /** Waits until the scale matches; false after the deadline, or when the signal ended it. */
  async until(is: (scale: Scale) => boolean, { timeoutMs, forMs = 0, signal }: Patience): Promise<boolean> {
    let sinceMs = Infinity;
    const look = (): boolean => {
      const nowMs = performance.now();
      const isSo = this.#scale !== null && is(this.#scale);
      sinceMs = isSo ? Math.min(sinceMs, nowMs) : Infinity;
      return nowMs - sinceMs >= forMs;
    };
    return await lookUntil(look, (held) => held || signal?.aborted === true, {
      deadlineMs: timeoutMs,
      intervalMs: LOOK_EVERY_MS,
      signal: this.#ctx.signal,
    });
  }

  async #look(): Promise<boolean> {
    const { name, kind } = this.#target;
    const rest = await this.#restOf();
    const autoscaler = await this.#find('autoscaling/v2/HorizontalPodAutoscaler', (items) =>
      autoscalerOf(items, this.#target),
    );
    const isIt = ({ metadata }: KubeObject): boolean => metadata.name === name;
    const target: Target | undefined | null = await (kind === 'Rollout'
      ? this.#find(ROLLOUT, (items) => items.find(isIt))
      : this.#find('apps/v1/Deployment', (items) => items.find(isIt)));
    if (autoscaler && target) {
      this.#record(autoscaler, target, rest);
      await this.#lookAtPods(target);
      this.#looked();
      return true;
    }
    // Null: the list could not be read, which was recorded.
    if (autoscaler === undefined) this.#missing('hpa-missing');
    if (target === undefined) this.#missing('target-missing');
    return false;
  }

  async #lookAtPods({ spec }: Target): Promise<void> {
    const reason = await this.#pods.look(spec.selector?.matchLabels ?? {});
    if (reason !== null) this.#changed('scaled-pods-unseen', { reason });
  }

  /** How few pods are left, and when, by the ScaledObject; null: none is declared, or it is not known. */
  async #restOf(): Promise<Rest | null> {
    const { scaledObject: name, namespace } = this.#target;
    if (name === undefined) return null;
    const found = await this.#find(SCALED_OBJECT, (items) =>
      items.find((one) => one.metadata.name === name && isScaledBy(this.#target, one)),
    );
    if (found === undefined) this.#changed('scaled-object-missing', { name: `${namespace}/${name}` });
    if (found === undefined || found === null) return null;
    const fields = scaledObjectOf(found);
    this.#changed('scaled-object', fields);
    return { least: leastPods(fields), afterS: fields.cooldownS, isIdle: fields.active === 'False' };
  }

  #looked(): void {
    const nowMs = performance.now();
    const watch = this.#watch;
    watch.longestGapMs = Math.max(watch.longestGapMs, nowMs - watch.lastMs);
    watch.lastMs = nowMs;
    watch.looks += 1;
  }

  #missing(kind: 'hpa-missing' | 'target-missing'): void {
    const { namespace, name } = this.#target;
    this.#scale = null;
    this.#changed(kind, { deployment: `${namespace}/${name}` });
  }

  /** @param rest by what makes the autoscaler, which takes it out of action to go below its minimum */
  #record(autoscaler: Autoscaler, target: Target, rest: Rest | null): void {
    const own = specOf(autoscaler);
    const isBelow = rest !== null && rest.least < own.min;
    const spec = isBelow ? { ...own, min: rest.least, ownMin: own.min } : own;
    const status = statusOf(autoscaler);
    const isMeasured = autoscaler.spec.metrics?.some(({ type }) => !FROM_ELSEWHERE.has(type)) ?? true;
    this.#changed('hpa-spec', {
      ...spec,
      metricResolutionS: isMeasured ? this.#resolutionS : null,
      lookEverySeconds: LOOK_EVERY_MS / 1000,
    });
    this.#changed('hpa', status);
    const counts = this.#counts(target);
    const { min, max } = spec;
    const stabilisationDownS = Math.max(spec.stabilisationDownS, isBelow ? rest.afterS : 0);
    this.#scale = {
      desired: status.desired,
      ...counts,
      min,
      max,
      stabilisationDownS,
      shrinkingS: finite(shrinkingS(spec, { from: max, to: min })),
      load: loadOf(autoscaler),
      isIdle: counts.total === 0 && rest?.isIdle === true,
    };
  }

  #counts({ status = {} }: Target): { ready: number; total: number } {
    const { readyReplicas: ready = 0, replicas: total = 0 } = status;
    this.#changed('scaled-pods', { ready, total });
    if (this.#target.kind === 'Rollout') {
      const { phase = '', message = '' } = status as RolloutStatus;
      this.#changed('rollout', { phase, message });
    }
    return { ready, total };
  }

  /** Records changes only. */
  #changed<K extends Changing>(kind: K, ...fields: RecordedFields<K>): void {
    const text = JSON.stringify(fields);
    if (this.#last.get(kind) === text) return;
    this.#last.set(kind, text);
    this.#ctx.record(kind, ...fields);
  }

  /** Undefined: it does not exist; null: unknown, since the list could not be read. */
  async #find<K extends string>(
    kind: K,
    pick: (items: ObjectOf<K>[]) => ObjectOf<K> | undefined,
  ): Promise<ObjectOf<K> | undefined | null> {
    const { items, unavailable } = await this.#ctx.cluster.list({ kind, namespace: this.#target.namespace });
    if (unavailable === undefined) return pick(items);
    this.#changed('unavailable', { what: kind, reason: unavailable });
    return null;
  }
}
