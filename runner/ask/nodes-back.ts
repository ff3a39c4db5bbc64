import { lookUntil } from '../../host/wait.ts';
import { isIn } from '../../probes/kubernetes/index.ts';
import type { KubeCluster, PodObject } from '../../probes/kubernetes/index.ts';
import { controllerOf } from '../../probes/kubernetes/workloads.ts';
import type { Environment } from '../../env/schema.ts';
import type { Restarts } from '../state/drilled.ts';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import type { Entry } from '../provider-safety.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { namespacedName } from '../../probes/kubernetes/kube-object.ts';

const LOOK_EVERY_MS = 500;
/** Missing things that are named. */
const NAMED = 5;

/** What is needed of the runner. */
export interface Looking {
  runState: { environment: Environment };
  parts: { cluster: Pick<KubeCluster, 'get' | 'list'> };
}

/** All pods before a loss. */
export interface Before {
  /** Ids of the containers that ran. */
  containers: ReadonlySet<string>;
  /** By UID, whether it was ready: a pod that was not has nothing to return to, whoever it belongs to. */
  ready: ReadonlyMap<string, boolean>;
  /** Owners of ready pods: a replacement of one must become ready too. */
  owners: ReadonlySet<string>;
}

/**
 * Lost nodes, and what they had reported before. They are back when they report something different. Times are not compared, since clocks
 * differ: a node a minute ahead would be back before it was lost.
 */
export interface Lost {
  nodes: readonly string[];
  before: Before;
  /** Each node's last heartbeat, as the node wrote it. If one is missing here, the next that is read counts as its last. */
  beats: Map<string, string>;
  /** Those whose Node objects were gone at the last look. */
  replaced?: readonly string[];
}

/**
 * Waits until lost nodes that were given back are Ready and all their pods are. A Ready condition or a ready pod proves nothing: both stay
 * for some 40 s after a node has died. New heartbeats and new containers do. A node whose Node object is gone is not waited for: only for
 * the pods that follow those on it.
 * @returns what was still missing at the deadline, as a sentence; null when everything is back
 */
export async function awaitNodes(runner: Looking, lost: Lost, signal: AbortSignal): Promise<string | null> {
  const limitMs = timeoutMsOf(runner.runState.environment, 'nodeReady');
  const missing = await lookUntil(() => missingOf(runner, lost), isEmpty, {
    deadlineMs: limitMs,
    intervalMs: LOOK_EVERY_MS,
    signal,
  });
  return missing.length === 0
    ? null
    : `nodes ${lost.nodes.join(', ')} were started again, but not everything on them was ready within ${limitMs / 1000} s: ${missing.slice(0, NAMED).join('; ')}`;
}

/** Names of the pods on nodes, as `namespace/name`; none where they cannot be listed. */
export async function podsOn({ parts }: Looking, nodes: readonly string[]): Promise<string[]> {
  const { items } = await parts.cluster.list({ kind: 'v1/Pod' });
  return items.flatMap(({ metadata, spec: { nodeName = '' } }) => {
    return nodes.includes(nodeName) ? [namespacedName({ metadata })] : [];
  });
}

/** How often the containers of each pod have restarted so far; empty where pods cannot be read. */
export async function restartsNow({ parts }: Looking): Promise<Restarts> {
  const { items } = await parts.cluster.list({ kind: 'v1/Pod' });
  return new Map(
    items.map(({ metadata, status }) => {
      const { containerStatuses = [], initContainerStatuses = [] } = status;
      const counts = [...containerStatuses, ...initContainerStatuses].map((one) => one.restartCount ?? 0);
      return [namespacedName({ metadata }), counts.reduce((sum, count) => sum + count, 0)];
    }),
  );
}

/**
 * Waits until a restarted node has sent a new heartbeat and is Ready; its pods may still be starting.
 * @param of.beats its last heartbeat before it was started
 * @returns what was missing at the deadline; null when nothing is
 */
export async function awaitHeartbeat(
  runner: Looking,
  of: { node: string; beats: Lost['beats'] },
  signal: AbortSignal,
): Promise<string | null> {
  const limitMs = timeoutMsOf(runner.runState.environment, 'nodeReady');
  const missing = await lookUntil(() => silentOf(runner, [of.node], of.beats), isEmpty, {
    deadlineMs: limitMs,
    intervalMs: LOOK_EVERY_MS,
    signal,
  });
  return missing.length === 0 ? null : `${missing.join('; ')} within ${limitMs / 1000} s`;
}

function isEmpty(missing: readonly string[]): boolean {
  return missing.length === 0;
}

/** The last heartbeat of each node; a node without any has an empty one. */
export async function heartbeatsOf(runner: Looking, nodes: readonly string[]): Promise<Map<string, string>> {
  const beats = new Map<string, string>();
  for (const name of nodes) {
    const lease = await runner.parts.cluster.get({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: 'kube-node-lease',
      name,
    });
    beats.set(name, lease?.spec.renewTime ?? '');
  }
  return beats;
}

/** The current pods, to see later which came back. @throws Error when pods cannot be read */
export async function podsNow({ parts }: Looking): Promise<Before> {
  const { items, unavailable } = await parts.cluster.list({ kind: 'v1/Pod' });
  if (unavailable !== undefined)
    throw new Error(
      `the pods cannot be listed, so it could not be seen later which of them returned: ${unavailable}`,
    );
  return beforeOf(items);
}

export function beforeOf(pods: readonly PodObject[]): Before {
  return {
    containers: new Set(pods.flatMap(containersOf)),
    ready: new Map(pods.map((pod) => [pod.metadata.uid ?? '', isIn('ready', pod)])),
    owners: new Set(pods.filter((pod) => isIn('ready', pod)).map(ownerOf)),
  };
}

/** UID of a pod's controller; without one, the pod's name. */
function ownerOf(pod: PodObject): string {
  return controllerOf(pod)?.uid ?? namespacedName(pod);
}

/**
 * Those whose Node objects are gone: a group of machines replaces one that was stopped, by one of another name. What was on them must be
 * whole again elsewhere.
 */
async function replacedOf(runner: Looking, nodes: readonly string[]): Promise<string[]> {
  const replaced: string[] = [];
  for (const name of nodes)
    if ((await runner.parts.cluster.get({ apiVersion: 'v1', kind: 'Node', name })) === null)
      replaced.push(name);
  return replaced;
}

async function silentOf(runner: Looking, nodes: readonly string[], before: Lost['beats']): Promise<string[]> {
  const beats = await heartbeatsOf(runner, nodes);
  const missing: string[] = [];
  for (const name of nodes) {
    const beat = beats.get(name) ?? '';
    if (!before.has(name)) before.set(name, beat);
    if (beat === '' || beat === before.get(name)) missing.push(`${name} has sent no heartbeat`);
    const node = await runner.parts.cluster.get({ apiVersion: 'v1', kind: 'Node', name });
    if (node === null || !isIn('ready', node)) missing.push(`${name} is not Ready`);
  }
  return missing;
}

/** Which nodes and pods are not back, in words. */
async function missingOf(runner: Looking, lost: Lost): Promise<string[]> {
  const replaced = await replacedOf(runner, lost.nodes);
  lost.replaced = replaced;
  const kept = lost.nodes.filter((name) => !replaced.includes(name));
  const missing = await silentOf(runner, kept, lost.beats);
  const { items, unavailable } = await runner.parts.cluster.list({ kind: 'v1/Pod' });
  if (unavailable !== undefined) return [...missing, unavailable];
  // What follows the pods of a node that was replaced may be on any node, or on none yet.
  const isNew = ({ metadata: { uid = '' } }: PodObject): boolean =>
    replaced.length > 0 && !lost.before.ready.has(uid);
  const theirs = items.filter((pod) => lost.nodes.includes(pod.spec.nodeName ?? '') || isNew(pod));
  return [...missing, ...theirs.filter((pod) => !hasReturned(pod, lost.before)).map(nameOf)];
}

/** Whether a pod is ready with no container from before the loss. One that has ended, or was not ready before, need not return. */
export function hasReturned(pod: PodObject, before: Before): boolean {
  const { phase, containerStatuses = [] } = pod.status;
  if (phase === 'Succeeded' || phase === 'Failed') return true;
  if (!(before.ready.get(pod.metadata.uid ?? '') ?? before.owners.has(ownerOf(pod)))) return true;
  const started = containerStatuses.every(
    ({ state, containerID = '' }) =>
      state?.running !== undefined && containerID !== '' && !before.containers.has(containerID),
  );
  return started && isIn('ready', pod);
}

function containersOf(pod: PodObject): string[] {
  return (pod.status.containerStatuses ?? []).flatMap(({ containerID }) => containerID ?? []);
}

function replacedText(nodes: readonly string[]): string {
  return `the cluster has no Node ${nodes.join(', ')} any more since its power was taken away: a group of machines has replaced it, or somebody has deleted it; the pods that follow those on it are ready`;
}

function nameOf({ metadata }: KubeObject): string {
  return `pod ${namespacedName({ metadata })} has not returned`;
}

/** The nodes that journal entries switch on again. */
export function nodesOf(entries: readonly Pick<Entry, 'rollback'>[]): string[] {
  return entries.flatMap(({ rollback }) =>
    rollback.kind === 'node-start' || rollback.kind === 'node-power' ? [rollback.node] : [],
  );
}

type LossOf = Lost & { check: string };

/** The nodes that drills of a run have taken away, until they are known to be back. One for a whole run. */
export class LostNodes {
  readonly #lost: LossOf[] = [];
  /** Those that were waited for already. */
  readonly #waited = new Set<LossOf>();
  readonly #remark: (sentence: string) => void;

  /** @param remark told of nodes that are gone for good, and left nothing missing */
  constructor(remark: (sentence: string) => void = () => undefined) {
    this.#remark = remark;
  }

  /** To be called once nodes are lost. Reads their last heartbeats in the background: the API server may be lost with them. */
  add(runner: Looking, check: string, lost: Omit<Lost, 'beats' | 'replaced'>): void {
    const entry = { ...lost, check, beats: new Map<string, string>() };
    this.#lost.push(entry);
    heartbeatsOf(runner, lost.nodes).then(
      (beats) => {
        for (const [node, beat] of beats) if (!entry.beats.has(node)) entry.beats.set(node, beat);
      },
      () => undefined,
    );
  }

  /**
   * Waits for a check's lost nodes after they were given back. Each loss is waited for once: a trial restores several times, and its time
   * is bounded. @returns what is missing, as a sentence
   */
  async awaitOf(runner: Looking, check: string, signal: AbortSignal): Promise<string | null> {
    return this.#await(
      runner,
      this.#lost.filter((one) => one.check === check && !this.#waited.has(one)),
      signal,
    );
  }

  async #await(runner: Looking, entries: readonly LossOf[], signal: AbortSignal): Promise<string | null> {
    const missing: string[] = [];
    for (const lost of entries) {
      this.#waited.add(lost);
      const sentence = await awaitNodes(runner, lost, signal);
      if (sentence !== null) {
        missing.push(sentence);
        continue;
      }
      this.#lost.splice(this.#lost.indexOf(lost), 1);
      const { replaced = [] } = lost;
      if (replaced.length > 0) this.#remark(`${lost.check}: ${replacedText(replaced)}`);
    }
    return missing.length === 0 ? null : missing.join('; ');
  }

  /**
   * The last look, when all is undone: what is still missing, in sentences. Nodes of a trial that broke off were given back without a wait
   * for them.
   */
  async stillGone(runner: Looking, signal: AbortSignal): Promise<{ gone: string[]; unseen: string[] }> {
    const gone: string[] = [];
    const unseen: string[] = [];
    for (const check of new Set(this.#lost.map((one) => one.check))) {
      try {
        const entries = this.#lost.filter((one) => one.check === check);
        const missing = await this.#await(runner, entries, signal);
        if (missing !== null) gone.push(`${check}: ${missing}`);
      } catch (error) {
        const why = errorText(error);
        unseen.push(`whether the nodes that ${check} took away are back: ${why}`);
      }
    }
    return { gone, unseen };
  }
}
