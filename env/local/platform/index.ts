/** Applies the platform to a cluster and waits until it works. Applying it again changes only what differs. */
import { createHash } from 'node:crypto';
import type { PlatformContext } from './context.ts';
import { FIELD_MANAGER, type KubeObject } from './objects.ts';
import { platformParts } from './parts.ts';
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

/** Waits until what applyPlatform applied works; each part has its own deadline and says what it lacks. */
export async function waitPlatform(context: PlatformContext): Promise<void> {
  const objects = platformObjects(context);
  for (const part of platformParts(context.instance, context.with)) {
    context.onProgress(`waiting for ${part.name}`);
    const secrets = await ensureSecrets(context.stateDir, part.passwords);
    await part.wait(context, { objects, secrets });
  }
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
