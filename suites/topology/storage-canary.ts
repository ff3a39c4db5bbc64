import type { CheckContext } from '../harness/check.ts';
import type { KubeObject } from '../harness/protocol.ts';
import {
  canaryMetadata,
  canaryNamespace,
  CONTAINER_DEFAULTS,
  messageOf,
  POD_DEFAULTS,
  refOf,
} from './canary.ts';

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
  // Bytes that are gone are something seen, not something to wait for: it ends well and prints no digest.
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
    ctx.record('canary-failed', { step, reason: messageOf(error) });
  } finally {
    await ctx.step('remove the volume', () => ctx.cluster.remove([reader, writer, claim].map(refOf)));
  }
}

async function digestOf(ctx: CheckContext, pod: KubeObject): Promise<string> {
  const namespace = canaryNamespace(ctx);
  const { name } = pod.metadata;
  const timeoutMs = ctx.timeoutMs('podReady') + ctx.timeoutMs('volumeBound');
  await ctx.cluster.wait({
    kind: 'v1/Pod',
    namespace,
    names: [name],
    until: 'succeeded',
    count: 1,
    timeoutMs,
  });
  const log = await ctx.cluster.logs({ namespace, pod: name, container: CONTAINER });
  return /^[0-9a-f]{64}/.exec(log)?.[0] ?? '';
}

async function removeAndWait(ctx: CheckContext, pod: KubeObject): Promise<void> {
  await ctx.cluster.remove([refOf(pod)]);
  const query = { kind: 'v1/Pod', namespace: canaryNamespace(ctx), names: [pod.metadata.name] };
  await ctx.cluster.wait({ ...query, until: 'gone', count: 0, timeoutMs: ctx.timeoutMs('podGone') });
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
    ...CONTAINER_DEFAULTS,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: canaryMetadata(ctx, of.name),
    spec: {
      ...POD_DEFAULTS,
      restartPolicy: 'Never',
      containers: [container],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: CLAIM } }],
    },
  };
}
