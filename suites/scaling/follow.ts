import { setTimeout as sleep } from 'node:timers/promises';
import type { CheckContext } from '../harness/check.ts';
import type { KubeObject } from '../harness/protocol.ts';
import { autoscalerOf, specOf, statusOf } from './hpa.ts';
import type { Autoscaler } from './hpa.ts';

/** The runner's cache is fed by watches, so that a look costs the API server nothing. */
const LOOK_EVERY_MS = 250;

export interface Backend {
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
}

interface Deployment extends KubeObject {
  status?: { readyReplicas?: number; replicas?: number };
}

/** Records every change of an autoscaler and of what it resizes until it is ended. */
export class ScaleFollower {
  readonly #ctx: CheckContext;
  readonly #backend: Backend;
  readonly #over = new AbortController();
  readonly #last = new Map<string, string>();
  #scale: Scale | null = null;
  #following: Promise<void> = Promise.resolve();

  constructor(ctx: CheckContext, backend: Backend) {
    this.#ctx = ctx;
    this.#backend = backend;
  }

  /** Null until both objects were seen. */
  get scale(): Scale | null {
    return this.#scale;
  }

  /** False when there is nothing to follow: then that is recorded. */
  async start(): Promise<boolean> {
    if (!(await this.#look())) return false;
    const signal = AbortSignal.any([this.#over.signal, this.#ctx.signal]);
    this.#following = this.#follow(signal);
    return true;
  }

  /** Records what is so now once more, changed or not: what a phase begins with. */
  repeat(): void {
    this.#last.clear();
  }

  async end(): Promise<void> {
    this.#over.abort();
    await this.#following;
  }

  /** Waits until the scale is so; false after the deadline. */
  async until(is: (scale: Scale) => boolean, timeoutMs: number): Promise<boolean> {
    const endMs = performance.now() + timeoutMs;
    for (;;) {
      if (this.#scale !== null && is(this.#scale)) return true;
      if (performance.now() > endMs) return false;
      await sleep(LOOK_EVERY_MS, undefined, { signal: this.#ctx.signal });
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for (;;) {
      const ended = await sleep(LOOK_EVERY_MS, false, { signal }).catch(() => true);
      if (ended) return;
      await this.#look();
    }
  }

  async #look(): Promise<boolean> {
    const { namespace, name } = this.#backend;
    const autoscaler = await this.#find('autoscaling/v2/HorizontalPodAutoscaler', (items) =>
      autoscalerOf(items, this.#backend),
    );
    const deployment = await this.#find('apps/v1/Deployment', (items) =>
      items.find((one): one is Deployment => one.metadata.name === name),
    );
    if (autoscaler === undefined || deployment === undefined) {
      if (autoscaler === undefined) this.#changed('hpa-missing', { deployment: `${namespace}/${name}` });
      return false;
    }
    this.#record(autoscaler, deployment);
    return true;
  }

  #record(autoscaler: Autoscaler, deployment: Deployment): void {
    const spec = specOf(autoscaler);
    const status = statusOf(autoscaler);
    const ready = deployment.status?.readyReplicas ?? 0;
    const total = deployment.status?.replicas ?? 0;
    this.#changed('hpa-spec', spec);
    this.#changed('hpa', status);
    this.#changed('replicas', { ready, total });
    const desired = Number(status['desired']);
    this.#scale = { desired, ready, total, min: Number(spec['min']), max: Number(spec['max']) };
  }

  /** What did not change says nothing new. */
  #changed(kind: string, fields: Record<string, unknown>): void {
    const text = JSON.stringify(fields);
    if (this.#last.get(kind) === text) return;
    this.#last.set(kind, text);
    this.#ctx.record(kind, fields);
  }

  async #find<T extends KubeObject>(
    kind: string,
    pick: (items: KubeObject[]) => T | undefined,
  ): Promise<T | undefined> {
    const { items, unavailable } = await this.#ctx.cluster.list({ kind, namespace: this.#backend.namespace });
    if (unavailable !== undefined) this.#changed('unavailable', { what: kind, reason: unavailable });
    return pick(items);
  }
}
