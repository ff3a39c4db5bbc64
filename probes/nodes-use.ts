/**
 * How busy the nodes of a cluster are, and with whose pods, from its metrics API (metrics.k8s.io/v1beta1, which metrics-server serves).
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { PressureLook } from '../reports/record/pressure.ts';
import { monoMs } from '../host/clock.ts';
import { Followers } from './store/followers.ts';
import type { KubeCluster, NodeObject, PodObject } from './kubernetes/index.ts';
import { quantityOf } from './kubernetes/quantity.ts';

/** The default interval of metrics-server (`--metric-resolution`). */
const EVERY_MS = 15_000;
/** If two samples are further apart than this, too little is known of the time between. */
const MOST_BETWEEN_MS = 90_000;
/** A look that takes longer is left out: a trial does not wait for it. */
const LOOK_MS = 3000;
const API = '/apis/metrics.k8s.io/v1beta1';
/** The API is missing or forbidden: that does not change, so it is not queried again. */
const NEVER = [401, 403, 404];

const cpu = z.object({ cpu: z.string() });
const nodesSaid = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      /** End of what was measured, and how long that was: `2026-11-27T21:00:00Z`, `15.2s`. */
      timestamp: z.iso.datetime({ offset: true }),
      window: z.string(),
      usage: cpu,
    }),
  ),
});
const podsSaid = z.object({
  items: z.array(
    z.object({ metadata: z.object({ name: z.string() }), containers: z.array(z.object({ usage: cpu })) }),
  ),
});
type NodeUse = z.infer<typeof nodesSaid>['items'][number];
type PodUse = z.infer<typeof podsSaid>['items'][number];

/** Of all nodes that hold a pod of the environment, in cores. */
export interface NodesUse {
  nodes: number;
  cores: number;
  /** Used by everything on them. */
  used: number;
  /** Used by pods of the environment and of the harness. */
  ours: number;
  /** Earliest beginning and earliest end of the nodes' samples, wall clock ms. */
  fromMs: number;
  toMs: number;
  /** Pods whose use is known to be ours. When one of them ends, the node's use still contains it for a while. */
  pods: string;
}

export interface Namespaces {
  environment: readonly string[];
  harness: readonly string[];
}

export type Asked = Pick<KubeCluster, 'list'> & { client: Pick<KubeCluster['client'], 'raw'> };

/** Thrown where it makes no sense to ask again. */
export class NoMetricsError extends Error {
  override readonly name = 'NoMetricsError';
}

/**
 * @returns null if a part of it is unknown this time: unknown use of ours would count as others'
 * @throws NoMetricsError
 */
export async function lookAtUse(
  cluster: Asked,
  { environment, harness }: Namespaces,
): Promise<NodesUse | null> {
  const pods = await cluster.list({ kind: 'v1/Pod' });
  if (pods.unavailable !== undefined) return null;
  const held = nodesHeldBy(pods.items, environment);
  const isElsewhere = (pod: PodObject): boolean => isOfEveryNode(pod) && !held.has(pod.spec.nodeName ?? '');
  const counted = pods.items.filter((pod) => !isElsewhere(pod));
  const elsewhere = new Set(pods.items.filter(isElsewhere).map(({ metadata }) => metadata.name));
  const nodes = await cluster.list({ kind: 'v1/Node' });
  if (nodes.unavailable !== undefined) return null;
  const [used, measuredPods] = await Promise.all([
    said(cluster, `${API}/nodes`, nodesSaid),
    measuredIn(cluster, counted, [...environment, ...harness]),
  ]);
  if (used === null || measuredPods === null) return null;
  const own = measuredPods.filter(({ metadata }) => !elsewhere.has(metadata.name));
  const measured = used.items.filter(({ metadata }) => held.has(metadata.name));
  if (held.size === 0 || measured.length !== held.size) return null;
  const amounts = amountsOf(
    nodes.items.filter(({ metadata }) => held.has(metadata.name)),
    { measured, own },
  );
  const times = timesOf(measured);
  if (amounts === null || times === null) return null;
  const names = own.map(({ metadata }) => metadata.name).toSorted();
  return { nodes: held.size, ...amounts, ...times, pods: names.join(' ') };
}

/** In cores; null if a quantity is invalid. */
function amountsOf(
  nodes: readonly NodeObject[],
  { measured, own }: { measured: readonly NodeUse[]; own: readonly PodUse[] },
): Pick<NodesUse, 'cores' | 'used' | 'ours'> | null {
  // A node's use covers all its cores, those reserved for the system included.
  const cores = sum(nodes.map(({ status }) => status.capacity?.['cpu']));
  const used = sum(measured.map(({ usage }) => usage.cpu));
  const ours = sum(own.flatMap(({ containers }) => containers.map(({ usage }) => usage.cpu)));
  return cores === null || cores === 0 || used === null || ours === null ? null : { cores, used, ours };
}

/** Null if a namespace could not be read. */
async function measuredIn(
  cluster: Asked,
  pods: readonly PodObject[],
  namespaces: readonly string[],
): Promise<PodUse[] | null> {
  const found = await Promise.all(
    namespaces.map(async (namespace) => {
      const own = pods.filter(({ metadata }) => metadata.namespace === namespace);
      if (own.length === 0) return [];
      const use = await said(cluster, `${API}/namespaces/${namespace}/pods`, podsSaid);
      return use === null ? null : measuredOf(own, use.items);
    }),
  );
  return found.every((one) => one !== null) ? found.flat() : null;
}

/** DaemonSets have one on every node, also on nodes of others, which may be dead and measured by nobody. */
function isOfEveryNode({ metadata }: PodObject): boolean {
  return (metadata.ownerReferences ?? []).some(({ kind }) => kind === 'DaemonSet');
}

/** Nodes with a pod in one of the namespaces, other than of a DaemonSet. */
export function nodesHeldBy(pods: readonly PodObject[], namespaces: readonly string[]): Set<string> {
  return new Set(
    pods
      .filter((pod) => namespaces.includes(pod.metadata.namespace ?? '') && isThere(pod.status))
      .filter((pod) => !isOfEveryNode(pod))
      .flatMap(({ spec }) => spec.nodeName ?? []),
  );
}

/** A pod that has ended keeps the name of its node. */
function isThere({ phase }: PodObject['status']): boolean {
  return phase !== 'Succeeded' && phase !== 'Failed';
}

/** Null if a running pod is not measured yet, as for half a minute after its start: that is when it uses most. */
function measuredOf(pods: readonly PodObject[], measured: PodUse[]): PodUse[] | null {
  const names = new Set(measured.map(({ metadata }) => metadata.name));
  const missing = pods.some(
    ({ metadata, status }) => status.phase === 'Running' && !names.has(metadata.name),
  );
  return missing ? null : measured;
}

/** Null if a quantity is invalid. */
function sum(quantities: readonly (string | undefined)[]): number | null {
  const values = quantities.map(quantityOf);
  return values.some((value) => value === null)
    ? null
    : values.reduce<number>((all, one) => all + (one ?? 0), 0);
}

/** Earliest end and earliest beginning of the samples. */
function timesOf(nodes: readonly NodeUse[]): { fromMs: number; toMs: number } | null {
  const ends = nodes.map(({ timestamp }) => Date.parse(timestamp));
  const begins = nodes.map(({ window }, i) => (ends[i] ?? Number.NaN) - (windowMs(window) ?? Number.NaN));
  const times = { fromMs: Math.min(...begins), toMs: Math.min(...ends) };
  return Number.isFinite(times.fromMs) && Number.isFinite(times.toMs) ? times : null;
}

/** A duration as Go writes it: `15.2s`, `1m0s`; ms, null for any other. */
function windowMs(text: string): number | null {
  const match = /^(?:(\d+)m)?(\d+(?:\.\d+)?)s$/.exec(text);
  return match === null ? null : (Number(match[1] ?? 0) * 60 + Number(match[2])) * 1000;
}

async function said<T>({ client }: Asked, path: string, schema: z.ZodType<T>): Promise<T | null> {
  const { status, body } = await client.raw(path, { timeoutMs: LOOK_MS });
  if (NEVER.includes(status)) throw new NoMetricsError(`${path} answered ${status}`);
  if (status !== 200) return null;
  return schema.parse(JSON.parse(body));
}

type Take = (look: PressureLook) => void;

/** The sample that the next one is compared with. */
interface Before extends Pick<NodesUse, 'toMs' | 'pods'> {
  t: number;
  /** Since when no pod of ours has come or gone, wall clock ms: an earlier sample may still contain one that has. */
  sinceMs: number;
}

/**
 * Looks repeatedly while it has followers, and when a follower joins or leaves. Use between two samples is added up. Stretches in which
 * something was unknown, or a pod came or went, are left out: `knownMs` says how much time is covered.
 */
export class NodesWatch {
  readonly #look: () => Promise<NodesUse | null>;
  readonly #followers: Followers<PressureLook>;
  /** Looks are not charged to the first follower. */
  readonly #onOwnAccount = AsyncLocalStorage.snapshot();
  #underWay: Promise<void> | null = null;
  #isOver = false;
  #before: Before | null = null;
  #last: NodesUse | null = null;
  /** Added up so far; the metrics API gives rates. */
  readonly #sums = { knownMs: 0, busyMs: 0, oursMs: 0 };

  constructor(look: () => Promise<NodesUse | null>, everyMs = EVERY_MS) {
    this.#look = look;
    this.#followers = new Followers(everyMs, () => void this.#again());
  }

  follow(take: Take): { close(): Promise<void> } {
    this.#followers.join(take);
    void this.#again();
    return {
      close: async () => {
        if (!this.#followers.has(take)) return;
        await this.#underWay;
        await this.#again();
        this.#followers.leave(take);
      },
    };
  }

  /** One look at a time: a caller that comes meanwhile gets the look in flight. */
  #again(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.#underWay ??= this.#onOwnAccount(() => this.#tell()).finally(() => (this.#underWay = null));
    return this.#underWay;
  }

  async #tell(): Promise<void> {
    const use = await this.#lookSoon();
    const t = monoMs();
    if (use === null) this.#before = null;
    else this.#add(use, t);
    if (this.#last === null) return;
    const { cores: count, nodes } = this.#last;
    const cores = { count, ...this.#sums };
    this.#followers.tell({ kind: 'pressure', t, cpuMs: null, memoryMs: null, ioMs: null, cores, nodes });
  }

  /** Null also for a look that takes too long: nobody waits for it. */
  async #lookSoon(): Promise<NodesUse | null> {
    const late = new AbortController();
    try {
      return await Promise.race([this.#look(), sleep(LOOK_MS, null, { signal: late.signal, ref: false })]);
    } catch (error) {
      this.#isOver = error instanceof NoMetricsError;
      return null;
    } finally {
      late.abort();
    }
  }

  #add(use: NodesUse, t: number): void {
    const { toMs, pods } = use;
    const before = this.#before;
    this.#last = use;
    if (before?.pods !== pods) {
      this.#before = { t, toMs, pods, sinceMs: Date.now() };
      return;
    }
    // The same sample as before: the next one will cover the time since then.
    if (toMs <= before.toMs) return;
    const ms = t - before.t;
    this.#before = { ...before, t, toMs };
    if (use.fromMs < before.sinceMs || ms > MOST_BETWEEN_MS) return;
    this.#sums.knownMs += ms;
    this.#sums.busyMs += use.used * ms;
    this.#sums.oursMs += use.ours * ms;
  }
}
