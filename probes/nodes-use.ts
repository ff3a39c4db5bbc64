/** How busy the nodes of a cluster are, and by whom, as its metrics API says (metrics.k8s.io/v1beta1, which metrics-server serves). */
import { AsyncLocalStorage } from 'node:async_hooks';
import { z } from 'zod';
import type { PressureLook } from '../reports/record/pressure.ts';
import { monoMs } from './clock.ts';
import type { KubeCluster, PodObject } from './kubernetes/index.ts';
import { quantityOf } from './kubernetes/quantity.ts';

/** metrics-server measures as often by default (`--metric-resolution`). */
const EVERY_MS = 15_000;
/** A look that takes longer is left out: a trial does not wait for it. */
const LOOK_MS = 3000;
const API = '/apis/metrics.k8s.io/v1beta1';
/** It is not there, or we may not read it: so it stays, and is asked no more. */
const NEVER = [401, 403, 404];

const cpu = z.object({ cpu: z.string() });
const nodesSaid = z.object({
  items: z.array(z.object({ metadata: z.object({ name: z.string() }), usage: cpu })),
});
const podsSaid = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string() }), containers: z.array(z.object({ usage: cpu })) }),
  ),
});
type PodUse = z.infer<typeof podsSaid>['items'][number];

/** Of all nodes that hold a pod of the environment, in cores. */
export interface NodesUse {
  nodes: number;
  cores: number;
  /** Taken by everything on them. */
  used: number;
  /** Taken by pods of the environment and of the harness. */
  ours: number;
}

export type Asked = Pick<KubeCluster, 'list'> & { client: Pick<KubeCluster['client'], 'raw'> };

/** Thrown where it makes no sense to ask again. */
export class NoMetricsError extends Error {
  override readonly name = 'NoMetricsError';
}

/**
 * @param namespaces of the environment and of the harness
 * @returns null where something of it is not known this time: what is not known of ours would count as others'
 * @throws NoMetricsError
 */
export async function lookAtUse(cluster: Asked, namespaces: readonly string[]): Promise<NodesUse | null> {
  const pods = await cluster.list({ kind: 'v1/Pod' });
  const nodes = await cluster.list({ kind: 'v1/Node' });
  if (pods.unavailable !== undefined || nodes.unavailable !== undefined) return null;
  const [used, ...ours] = await Promise.all([
    said(cluster, `${API}/nodes`, nodesSaid),
    ...namespaces.map(async (namespace) => {
      const own = pods.items.filter(({ metadata }) => metadata.namespace === namespace);
      if (own.length === 0) return 0;
      const use = await said(cluster, `${API}/namespaces/${namespace}/pods`, podsSaid);
      return use === null ? null : usedBy(own, use.items);
    }),
  ]);
  const own = pods.items.filter(({ metadata }) => namespaces.includes(metadata.namespace ?? ''));
  const held = [...new Set(own.flatMap(({ spec }) => spec.nodeName ?? []))];
  const ofNode = new Map(used?.items.map(({ metadata, usage }) => [metadata.name, quantityOf(usage.cpu)]));
  const allocatable = new Map(
    nodes.items.map(({ metadata, status }) => [metadata.name, quantityOf(status.allocatable?.['cpu'])]),
  );
  const [cores, all, mine] = [
    sum(held.map((name) => allocatable.get(name))),
    sum(held.map((name) => ofNode.get(name))),
    sum(ours),
  ];
  if (cores === null || cores === 0 || all === null || mine === null) return null;
  return { nodes: held.length, cores, used: all, ours: mine };
}

/** Null where one that runs is not measured yet, as for half a minute after its start: that would be the time in which it takes most. */
function usedBy(pods: readonly PodObject[], measured: readonly PodUse[]): number | null {
  const names = new Set(measured.map(({ metadata }) => metadata.name));
  if (pods.some(({ metadata, status }) => status.phase === 'Running' && !names.has(metadata.name)))
    return null;
  return sum(measured.flatMap(({ containers }) => containers.map(({ usage }) => quantityOf(usage.cpu))));
}

/** Null where one of them is not known. */
function sum(values: readonly (number | null | undefined)[]): number | null {
  return values.reduce<number | null>(
    (total, value) => (total === null || value === null || value === undefined ? null : total + value),
    0,
  );
}

async function said<T>({ client }: Asked, path: string, schema: z.ZodType<T>): Promise<T | null> {
  const { status, body } = await client.raw(path, { timeoutMs: LOOK_MS });
  if (NEVER.includes(status)) throw new NoMetricsError(`${path} answered ${status}`);
  if (status !== 200) return null;
  return schema.parse(JSON.parse(body));
}

type Take = (look: PressureLook) => void;

/** Looks again and again while somebody follows it, and when somebody begins to and ends: what was taken since is added up. */
export class NodesWatch {
  readonly #look: () => Promise<NodesUse | null>;
  readonly #everyMs: number;
  readonly #followers = new Set<Take>();
  /** Who follows first pays for no call of all. */
  readonly #onOwnAccount = AsyncLocalStorage.snapshot();
  #timer: NodeJS.Timeout | null = null;
  #underWay: Promise<void> | null = null;
  #isOver = false;
  /** Added up so far; the metrics API tells rates. */
  readonly #sum = { t: monoMs(), usedMs: 0, oursMs: 0 };

  constructor(look: () => Promise<NodesUse | null>, everyMs = EVERY_MS) {
    this.#look = look;
    this.#everyMs = everyMs;
  }

  /** @param take whoever cannot take a look gets no more: it was not measured, and no more than that */
  follow(take: Take): { close(): Promise<void> } {
    this.#followers.add(take);
    this.#timer ??= setInterval(() => void this.#again(), this.#everyMs).unref();
    void this.#again();
    return {
      close: async () => {
        if (!this.#followers.has(take)) return;
        await this.#underWay;
        await this.#again();
        this.#leave(take);
      },
    };
  }

  #leave(take: Take): void {
    this.#followers.delete(take);
    if (this.#followers.size > 0 || this.#timer === null) return;
    clearInterval(this.#timer);
    this.#timer = null;
  }

  /** One at a time: whoever comes meanwhile gets that one. */
  #again(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#underWay ??= this.#onOwnAccount(() => this.#tell()).finally(() => (this.#underWay = null));
    return this.#underWay;
  }

  async #tell(): Promise<void> {
    let use: NodesUse | null;
    try {
      use = await this.#look();
    } catch (error) {
      this.#isOver = error instanceof NoMetricsError;
      return;
    }
    if (use === null) return;
    const t = monoMs();
    const sum = this.#sum;
    sum.usedMs += use.used * (t - sum.t);
    sum.oursMs += use.ours * (t - sum.t);
    sum.t = t;
    const cores = { count: use.cores, busyMs: sum.usedMs, oursMs: sum.oursMs };
    const look = {
      kind: 'pressure',
      t,
      cpuMs: null,
      memoryMs: null,
      ioMs: null,
      cores,
      nodes: use.nodes,
    } as const;
    for (const take of [...this.#followers]) {
      try {
        take(look);
      } catch {
        this.#leave(take);
      }
    }
  }
}
