import { setTimeout as sleep } from 'node:timers/promises';
import { monoMs } from '../probes/clock.ts';
import { isIn } from '../probes/kubernetes/index.ts';
import type { KubeObject } from '../suites/harness/protocol.ts';
import type { EngineCore } from './engine-parts.ts';
import { timeoutMsOf } from './environment-parts.ts';

const LOOK_EVERY_MS = 500;
/** Kubernetes writes when a container started in whole seconds. */
const START_PRECISION_MS = 1_000;

interface Lost {
  nodes: readonly string[];
  /** Before the loss, on the wall clock, ms. */
  sinceMs: number;
}

/**
 * Waits until nodes that were lost and given back are Ready and all their pods are. Neither a Ready condition nor a ready pod proves
 * anything by itself: both stand for some 40 s after a node has died. So a new heartbeat is waited for, and containers that started
 * since.
 * @returns what was still missing at the deadline, as a sentence; null when everything is back
 */
export async function awaitNodes(
  engine: EngineCore,
  lost: Lost,
  signal: AbortSignal,
): Promise<string | null> {
  const limitMs = timeoutMsOf(engine.book.environment, 'nodeReady');
  const until = monoMs() + limitMs;
  const backMs = Date.now();
  for (;;) {
    const missing = await missingOf(engine, lost, backMs);
    if (missing.length === 0) return null;
    signal.throwIfAborted();
    if (monoMs() > until)
      return `nodes ${lost.nodes.join(', ')} were given back, and not everything on them was ready within ${limitMs / 1000} s: ${missing.slice(0, 5).join('; ')}`;
    await sleep(LOOK_EVERY_MS);
  }
}

/**
 * Waits until a node that was started again has sent a heartbeat since and is Ready; its pods may still be on their way.
 * @param startedMs when it was started, on the wall clock
 * @returns what was missing at the deadline; null when nothing is
 */
export async function awaitHeartbeat(
  engine: Beating,
  of: { node: string; startedMs: number },
  signal: AbortSignal,
): Promise<string | null> {
  const limitMs = timeoutMsOf(engine.book.environment, 'nodeReady');
  const until = monoMs() + limitMs;
  for (;;) {
    const missing = await silentOf(engine, [of.node], of.startedMs);
    if (missing.length === 0) return null;
    signal.throwIfAborted();
    if (monoMs() > until) return `${missing.join('; ')} within ${limitMs / 1000} s`;
    await sleep(LOOK_EVERY_MS);
  }
}

/** As much of the engine as a heartbeat takes. */
interface Beating {
  book: { environment: EngineCore['book']['environment'] };
  parts: { cluster: Pick<EngineCore['parts']['cluster'], 'get'> };
}

async function silentOf({ parts }: Beating, nodes: readonly string[], backMs: number): Promise<string[]> {
  const { cluster } = parts;
  const missing: string[] = [];
  for (const name of nodes) {
    const lease = await cluster.get({
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      namespace: 'kube-node-lease',
      name,
    });
    const { renewTime = '' } = (lease?.spec ?? {}) as { renewTime?: string };
    if (!(Date.parse(renewTime) > backMs)) missing.push(`${name} has sent no heartbeat`);
    const node = await cluster.get({ apiVersion: 'v1', kind: 'Node', name });
    if (node === null || !isIn('ready', node)) missing.push(`${name} is not Ready`);
  }
  return missing;
}

async function missingOf(engine: EngineCore, lost: Lost, backMs: number): Promise<string[]> {
  const { cluster } = engine.parts;
  const missing = await silentOf(engine, lost.nodes, backMs);
  const { items, unavailable } = await cluster.list({ kind: 'v1/Pod' });
  if (unavailable !== undefined) return [...missing, unavailable];
  const theirs = items.filter((pod) =>
    lost.nodes.includes((pod.spec as { nodeName?: string } | undefined)?.nodeName ?? ''),
  );
  return [...missing, ...theirs.filter((pod) => !hasReturned(pod, lost.sinceMs)).map(nameOf)];
}

interface PodStatus {
  phase?: string;
  containerStatuses?: { state?: { running?: { startedAt?: string } } }[];
}

/** A pod that is over needs no return; one that runs must have started since. */
export function hasReturned(pod: KubeObject, sinceMs: number): boolean {
  const { phase, containerStatuses = [] } = (pod.status ?? {}) as PodStatus;
  if (phase === 'Succeeded' || phase === 'Failed') return true;
  const started = containerStatuses.every(
    ({ state }) => Date.parse(state?.running?.startedAt ?? '') > sinceMs - START_PRECISION_MS,
  );
  return started && isIn('ready', pod);
}

function nameOf({ metadata }: KubeObject): string {
  return `pod ${metadata.namespace ?? ''}/${metadata.name} has not returned`;
}
