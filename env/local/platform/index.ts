/** Applies the platform to a cluster and waits until it works. Applying it again changes only what differs. */
import { createHash } from 'node:crypto';
import type { PlatformContext } from './context.ts';
import { FIELD_MANAGER, type KubeObject } from './objects.ts';
import { EDGE_PART, platformParts, type Part } from './parts.ts';
import { ensureSecrets, PLACEHOLDERS } from './secrets.ts';

export type { PlatformContext } from './context.ts';
export { STORES } from './parts.ts';
export { secretsFile } from './secrets.ts';
export { ALL_HOPS } from './edge/index.ts';
export { EDGE_HOST, edgeFiles } from './edge/haproxy.ts';

const APPLY_DEADLINE_MS = 60_000;

async function applyObjects(context: PlatformContext, objects: readonly KubeObject[]): Promise<void> {
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects });
  const argv = ['apply', '--server-side', '--force-conflicts', `--field-manager=${FIELD_MANAGER}`, '-f', '-'];
  await context.kubectl(argv, { input, timeoutMs: APPLY_DEADLINE_MS });
}

async function applyParts(context: PlatformContext, parts: readonly Part[]): Promise<void> {
  const secrets = await ensureSecrets(context.stateDir);
  for (const part of parts) await part.prepare?.(context);
  context.onProgress(`applying ${parts.map((part) => part.name).join(', ')}`);
  await applyObjects(
    context,
    parts.flatMap((part) => part.objects(context, secrets)),
  );
}

async function waitParts(context: PlatformContext, parts: readonly Part[]): Promise<void> {
  for (const part of parts) {
    context.onProgress(`waiting for ${part.name}`);
    await part.wait(context);
  }
}

/**
 * Applies everything but the edge. The edge's images need not exist yet.
 * @throws when the API server refuses an object or a store is unknown
 */
export async function applyPlatform(context: PlatformContext): Promise<void> {
  await applyParts(context, platformParts(context.with));
}

/** Waits until what applyPlatform applied works; each part has its own deadline and says what it lacks. */
export async function waitPlatform(context: PlatformContext): Promise<void> {
  await waitParts(context, platformParts(context.with));
}

/** Applies the edge: certificate, load balancer, ingress controller, gateway. Needs their images. */
export async function applyEdge(context: PlatformContext): Promise<void> {
  await applyParts(context, [EDGE_PART]);
}

/** Waits until one request has passed every hop. */
export async function waitEdge(context: PlatformContext): Promise<void> {
  await waitParts(context, [EDGE_PART]);
}

/** What a set of manifests and images digests to; passwords are left out. Differs when anything applied would differ. */
export function platformFingerprint(context: PlatformContext, edge: boolean): string {
  const parts = [...platformParts(context.with), ...(edge ? [EDGE_PART] : [])];
  const objects = parts.flatMap((part) => part.objects(context, PLACEHOLDERS));
  return createHash('sha256').update(JSON.stringify(objects)).digest('hex');
}
