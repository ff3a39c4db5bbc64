import type { CheckContext } from '../../../harness/context.ts';
import { RequestError } from '../../../harness/request-error.ts';
import type { KubeObject, WaitParams } from '../../../harness/protocol.ts';
import { canaryMetadata, canaryNamespace, canaryPod, offOthers, refOf } from '../../_objects/canary.ts';
import { byTime } from '../../_objects/events.ts';
import { errorText } from '../../../../reports/record/error-text.ts';
import { heldUpBy, stateOf, VOLUME } from './held-up.ts';
import type { HeldUp } from './held-up.ts';

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
      ctx.record('canary-written', { digest: await digestOf(ctx, writer) });
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
    await ctx.step('remove the volume', () => removeAll(ctx, [reader, writer, claim]));
  }
}

/** Reasons of a failed call (probes/kubernetes/errors.ts) that mean: the wait ran out, or can no longer succeed. */
const IN_VAIN = ['timeout', 'invalid'];

/** A busy or refusing API server says nothing about the volume, and a wait that ran out only with what held the pod up. */
function causeOf(error: unknown): HeldUp['cause'] | 'api' {
  return error instanceof WaitedInVain ? error.heldUp : 'api';
}

/** What was waited for did not get there in time, or never can. */
class WaitedInVain extends Error {
  override readonly name = 'WaitedInVain';
  readonly heldUp: HeldUp['cause'];

  constructor(message: string, { cause, heldUp = 'pod' }: { cause: unknown; heldUp?: HeldUp['cause'] }) {
    super(message, { cause });
    this.heldUp = heldUp;
  }
}

/** @throws WaitedInVain if it did not get there in time; errors of the API server unchanged */
async function waitFor(ctx: CheckContext, query: WaitParams): Promise<void> {
  const namespace = canaryNamespace(ctx);
  const waited = await ctx.cluster.wait({ ...query, namespace }).catch((error: unknown) => {
    if (!(error instanceof RequestError) || !IN_VAIN.includes(error.reason)) throw error;
    throw new WaitedInVain(error.message, { cause: error });
  });
  // What could not be watched was never waited for.
  if (waited.unavailable !== undefined) throw new Error(waited.unavailable);
}

async function digestOf(ctx: CheckContext, { metadata: { name } }: KubeObject): Promise<string> {
  const timeoutMs = ctx.timeoutMs('podReady') + ctx.timeoutMs('volumeBound');
  try {
    await waitFor(ctx, { kind: 'v1/Pod', names: [name], until: 'succeeded', count: 1, timeoutMs });
  } catch (error) {
    if (!(error instanceof WaitedInVain)) throw error;
    const heldUp = await heldUpNow(ctx, name);
    if (heldUp !== null)
      throw new WaitedInVain(`${error.message}; ${heldUp.seen}`, { cause: error, heldUp: heldUp.cause });
  }
  const log = await ctx.cluster.logs({ namespace: canaryNamespace(ctx), pod: name, container: CONTAINER });
  return /^[0-9a-f]{64}/.exec(log)?.[0] ?? '';
}

/**
 * What keeps a pod from its end; null: nothing does, its own container has ended well, and what is left is not ours, such as a proxy.
 * @throws Error when it cannot be read
 */
async function heldUpNow(ctx: CheckContext, name: string): Promise<HeldUp | null> {
  const namespace = canaryNamespace(ctx);
  const pods = await ctx.cluster.list({ kind: 'v1/Pod', namespace });
  if (pods.unavailable !== undefined) throw new Error(pods.unavailable);
  const pod = pods.items.find(({ metadata }) => metadata.name === name);
  if (stateOf(pod, CONTAINER).terminated?.exitCode === 0) return null;
  const claims = await ctx.cluster.list({ kind: 'v1/PersistentVolumeClaim', namespace });
  if (claims.unavailable !== undefined) throw new Error(claims.unavailable);
  const claim = claims.items.find(({ metadata }) => metadata.name === CLAIM);
  const { items, unavailable } = await ctx.cluster.list({ kind: 'v1/Event', namespace });
  const about = [pod, claim].flatMap((one) => one?.metadata.uid ?? []);
  const events = items.filter(({ involvedObject: { uid = '' } }) => about.includes(uid)).sort(byTime);
  return heldUpBy({ pod, claim, events: unavailable === undefined ? events : null }, CONTAINER);
}

async function removeAndWait(ctx: CheckContext, pod: KubeObject): Promise<void> {
  await ctx.cluster.remove([refOf(pod)]);
  await untilGone(ctx, 'v1/Pod', pod.metadata.name);
}

function untilGone(ctx: CheckContext, kind: string, name: string): Promise<void> {
  return waitFor(ctx, { kind, names: [name], until: 'gone', count: 0, timeoutMs: ctx.timeoutMs('podGone') });
}

/** A claim stays until no pod uses it. The next trial needs its name; one that stays is noted, and says nothing of the bytes. */
async function removeAll(ctx: CheckContext, objects: readonly KubeObject[]): Promise<void> {
  await ctx.cluster.remove(objects.map(refOf));
  try {
    await untilGone(ctx, 'v1/PersistentVolumeClaim', CLAIM);
  } catch (error) {
    ctx.signal.throwIfAborted();
    ctx.record('evidence', { source: `claim ${CLAIM} after its removal`, text: errorText(error) });
  }
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
    volumeMounts: [{ name: VOLUME, mountPath: '/data' }],
  };
  return canaryPod(canaryMetadata(ctx, of.name), container, {
    volumes: [{ name: VOLUME, persistentVolumeClaim: { claimName: CLAIM } }],
    ...offOthers(ctx),
  });
}
