import { lookUntil, repeat } from '../../../host/wait.ts';
import type { ObjectOf, WorkloadObject } from '../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { RecordedFields } from '../../harness/observations.ts';
import { autoscalerOf, loadOf, specOf, statusOf } from './hpa.ts';
import type { Autoscaler } from './hpa.ts';
import { metricResolution } from './metrics-server.ts';

/** The runner's cache is fed by watches, so that a look costs the API server nothing. */
const LOOK_EVERY_MS = 250;
/** Types of metrics (autoscaling/v2) that metrics-server does not measure. */
const FROM_ELSEWHERE: ReadonlySet<string> = new Set(['Pods', 'Object', 'External']);

/** The Deployment that an autoscaler resizes. */
export interface Scaled {
  namespace: string;
  name: string;
}

/** What was seen last; the numbers are pods. */
export interface Scale {
  desired: number;
  ready: number;
  total: number;
  min: number;
  max: number;
  stabilisationDownS: number;
  /** The highest of its metrics as a share of its target; null: the autoscaler has none now. */
  load: number | null;
}

/** How long to wait for a scale. */
export interface Patience {
  timeoutMs: number;
  /** The scale must match for this long without a break; for one look when left out. */
  forMs?: number;
  /** Ends the wait early. */
  signal?: AbortSignal;
}

type Changing = 'hpa-spec' | 'hpa' | 'scaled-pods' | 'hpa-missing' | 'target-missing' | 'unavailable';

/** Records every change of an autoscaler and of what it resizes until it is ended. */
export class ScaleFollower {
  readonly #ctx: CheckContext;
  readonly #backend: Scaled;
  readonly #over = new AbortController();
  readonly #last = new Map<string, string>();
  #resolutionS: number | null = null;
  readonly #watch = { beganMs: 0, lastMs: 0, looks: 0, longestGapMs: 0 };
  #scale: Scale | null = null;
  #following: Promise<void> = Promise.resolve();

  constructor(ctx: CheckContext, backend: Scaled) {
    this.#ctx = ctx;
    this.#backend = backend;
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
    const { name } = this.#backend;
    const autoscaler = await this.#find('autoscaling/v2/HorizontalPodAutoscaler', (items) =>
      autoscalerOf(items, this.#backend),
    );
    const deployment = await this.#find('apps/v1/Deployment', (items) =>
      items.find(({ metadata }) => metadata.name === name),
    );
    if (autoscaler && deployment) {
      this.#record(autoscaler, deployment);
      this.#looked();
      return true;
    }
    // Null: the list could not be read, which was recorded.
    if (autoscaler === undefined) this.#missing('hpa-missing');
    if (deployment === undefined) this.#missing('target-missing');
    return false;
  }

  #looked(): void {
    const nowMs = performance.now();
    const watch = this.#watch;
    watch.longestGapMs = Math.max(watch.longestGapMs, nowMs - watch.lastMs);
    watch.lastMs = nowMs;
    watch.looks += 1;
  }

  #missing(kind: 'hpa-missing' | 'target-missing'): void {
    const { namespace, name } = this.#backend;
    this.#scale = null;
    this.#changed(kind, { deployment: `${namespace}/${name}` });
  }

  #record(autoscaler: Autoscaler, deployment: WorkloadObject): void {
    const spec = specOf(autoscaler);
    const status = statusOf(autoscaler);
    const isMeasured = autoscaler.spec.metrics?.some(({ type }) => !FROM_ELSEWHERE.has(type)) ?? true;
    const ready = deployment.status?.readyReplicas ?? 0;
    const total = deployment.status?.replicas ?? 0;
    this.#changed('hpa-spec', {
      ...spec,
      metricResolutionS: isMeasured ? this.#resolutionS : null,
      lookEverySeconds: LOOK_EVERY_MS / 1000,
    });
    this.#changed('hpa', status);
    this.#changed('scaled-pods', { ready, total });
    const { desired } = status;
    const { min, max, stabilisationDownS } = spec;
    this.#scale = { desired, ready, total, min, max, stabilisationDownS, load: loadOf(autoscaler) };
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
    const { items, unavailable } = await this.#ctx.cluster.list({ kind, namespace: this.#backend.namespace });
    if (unavailable === undefined) return pick(items);
    this.#changed('unavailable', { what: kind, reason: unavailable });
    return null;
  }
}
