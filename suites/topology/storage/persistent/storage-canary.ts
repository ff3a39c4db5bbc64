import type { CheckContext } from '../../../harness/context.ts';
import { RunnerError } from '../../../harness/client.ts';
import type { KubeObject, WaitParams } from '../../../harness/protocol.ts';
import { canaryMetadata, canaryNamespace, canaryPod, offOthers, refOf } from '../../_objects/canary.ts';
import { errorText } from '../../../../reports/record/error-text.ts';

const CLAIM = 'persist';
const FILE = '/data/bytes';
const CONTAINER = 'canary';

export interface StorageCanary {
  image: string;
  className: string;
  bytes: number;
}

/** One pod writes random bytes to a new volume and is deleted; the next one reads them. Both say their digest. */
export async function writeAndReadBack(ctx: CheckContext, canary: StorageCanary): Promise<void> {
  const claim = claimFor(ctx, canary);
  const blocks = Math.max(1, Math.ceil(canary.bytes / 1024));
  const writer = podFor(ctx, canary, {
    name: `${CLAIM}-writer`,
    script: `busybox dd if=/dev/urandom of=${FILE} bs=1024 count=${blocks} 2>/dev/null && busybox sync && busybox sha256sum ${FILE}`,
  });
  // Lost bytes are a result, not a failure of the pod: it exits with 0 and prints no digest.
  const script = `busybox sha256sum ${FILE} || busybox true`;
  const reader = podFor(ctx, canary, { name: `${CLAIM}-reader`, script });
  let step = 'write';
  try {
    await ctx.step('write bytes to a new volume', async () => {
      await ctx.cluster.apply([claim, writer]);
      ctx.record('canary-written', { digest: await digestOf(ctx, writer), bytes: blocks * 1024 });
    });
    step = 'delete the pod';
    await ctx.step('delete the pod that wrote them', () => removeAndWait(ctx, writer));
    step = 'read';
    await ctx.step('read them from another pod', async () => {
      await ctx.cluster.apply([reader]);
      ctx.record('canary-read', { digest: await digestOf(ctx, reader) });
    });
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.record('canary-failed', { step, cause: causeOf(error), reason: errorText(error) });
  } finally {
    await ctx.step('remove the volume', () => ctx.cluster.remove([reader, writer, claim].map(refOf)));
  }
}

/** Reasons of a failed call (probes/kubernetes/errors.ts) that mean: the wait ran out, or can no longer succeed. */
const OF_VOLUME = ['timeout', 'invalid'];

/** Only a wait that failed points at the volume: a busy or refusing API server says nothing about it. */
function causeOf(error: unknown): 'volume' | 'api' {
  return error instanceof WaitedInVain ? 'volume' : 'api';
}

/** The pod did not reach the awaited state in time, or never can. */
class WaitedInVain extends Error {
  override readonly name = 'WaitedInVain';
}

/** @throws WaitedInVain if the pod did not get there in time; errors of the API server unchanged */
async function waitFor(ctx: CheckContext, query: Omit<WaitParams, 'kind'>): Promise<void> {
  const namespace = canaryNamespace(ctx);
  const waited = await ctx.cluster.wait({ ...query, kind: 'v1/Pod', namespace }).catch((error: unknown) => {
    if (!(error instanceof RunnerError) || !OF_VOLUME.includes(error.reason)) throw error;
    throw new WaitedInVain(error.message, { cause: error });
  });
  // Pods that could not be watched were never waited for.
  if (waited.unavailable !== undefined) throw new Error(waited.unavailable);
}

async function digestOf(ctx: CheckContext, { metadata: { name } }: KubeObject): Promise<string> {
  const timeoutMs = ctx.timeoutMs('podReady') + ctx.timeoutMs('volumeBound');
  await waitFor(ctx, { names: [name], until: 'succeeded', count: 1, timeoutMs });
  const log = await ctx.cluster.logs({ namespace: canaryNamespace(ctx), pod: name, container: CONTAINER });
  return /^[0-9a-f]{64}/.exec(log)?.[0] ?? '';
}

async function removeAndWait(ctx: CheckContext, pod: KubeObject): Promise<void> {
  await ctx.cluster.remove([refOf(pod)]);
  const names = [pod.metadata.name];
  await waitFor(ctx, { names, until: 'gone', count: 0, timeoutMs: ctx.timeoutMs('podGone') });
}

function claimFor(ctx: CheckContext, canary: StorageCanary): KubeObject {
  // Kubernetes rounds up; no provisioner makes less than a mebibyte.
  const mebibytes = Math.max(1, Math.ceil((canary.bytes * 2) / 1024 / 1024));
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: canaryMetadata(ctx, CLAIM),
    spec: {
      storageClassName: canary.className,
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: `${mebibytes}Mi` } },
    },
  };
}

function podFor(ctx: CheckContext, canary: StorageCanary, of: { name: string; script: string }): KubeObject {
  const container = {
    name: CONTAINER,
    image: canary.image,
    command: ['busybox', 'sh', '-c', of.script],
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  };
  return canaryPod(canaryMetadata(ctx, of.name), container, {
    volumes: [{ name: 'data', persistentVolumeClaim: { claimName: CLAIM } }],
    ...offOthers(ctx),
  });
}
