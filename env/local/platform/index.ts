/** Applies the platform to a cluster and waits until it works. Applying it again changes only what differs. */
import { createHash } from 'node:crypto';
import { allSettledOrThrow } from '../cluster/bringup.ts';
import { SYSTEM, type PlatformContext } from './context.ts';
import { FIELD_MANAGER, type KubeObject } from './objects.ts';
import { platformParts } from './parts.ts';
import { waitReady } from './ready.ts';
import { ensureSecrets, placeholders } from './secrets.ts';

export type { PlatformContext } from './context.ts';
export { imagesFor, sizesOf, toolsFor } from './parts.ts';
export { ALL_HOPS } from './edge/index.ts';
export { EDGE_HOST, edgeFiles } from './edge/haproxy.ts';

const APPLY_DEADLINE_MS = 60_000;

async function applyObjects(context: PlatformContext, objects: readonly KubeObject[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const argv = ['apply', '--server-side', '--force-conflicts', `--field-manager=${FIELD_MANAGER}`, '-f', '-'];
  await context.kubectl(argv, { input, timeoutMs: APPLY_DEADLINE_MS });
}

/**
 * Applies everything. Its images must exist.
 * @throws when the API server refuses an object or a store is unknown
 */
export async function applyPlatform(context: PlatformContext): Promise<void> {
  const parts = platformParts(context.instance, context.with);
  for (const part of parts) await part.prepare?.(context);
  const objects: KubeObject[] = [];
  for (const part of parts)
    objects.push(...part.objects(context, await ensureSecrets(context.stateDir, part.passwords)));
  context.onProgress(`applying ${parts.map((part) => part.name).join(', ')}`);
  await applyObjects(context, objects);
}

/** What the cluster runs itself, and every part needs. */
const OF_CLUSTER = [
  { kind: 'DaemonSet', metadata: { name: 'kube-proxy', namespace: SYSTEM } },
  { kind: 'Deployment', metadata: { name: 'coredns', namespace: SYSTEM } },
];

/**
 * Waits until what applyPlatform applied is ready, and then until each part works.
 * @throws NotReadyError; DeadlineError with what a part lacks
 */
export async function waitPlatform(context: PlatformContext): Promise<void> {
  const objects = platformObjects(context);
  await waitReady(context, [...OF_CLUSTER, ...objects]);
  const parts = platformParts(context.instance, context.with).filter((part) => 'works' in part);
  context.onProgress(`everything is ready; waiting until ${parts.map(({ name }) => name).join(', ')} work`);
  await allSettledOrThrow(
    parts.map(async (part) => {
      const secrets = await ensureSecrets(context.stateDir, part.passwords);
      await part.works?.(context, { objects, secrets });
    }),
  );
}

/** Every object as it is applied, but for passwords, which are placeholders. */
export function platformObjects(context: PlatformContext): KubeObject[] {
  return platformParts(context.instance, context.with).flatMap((part) =>
    part.objects(context, placeholders(part.passwords)),
  );
}

/** What a set of manifests and images digests to; passwords are left out. Differs when anything applied would differ. */
export function platformFingerprint(context: PlatformContext): string {
  return createHash('sha256')
    .update(JSON.stringify(platformObjects(context)))
    .digest('hex');
}
