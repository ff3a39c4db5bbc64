import type { Environment } from '../env/schema.ts';
import { embeddedOf } from './environment-parts.ts';
import type { KubeCall } from './safety/index.ts';

const CALL_TIMEOUT_MS = 10_000;

/**
 * In the embedded environment Plumbline makes its own namespaces; elsewhere the owners of the cluster do, with the roles
 * that are in deploy/, since we have no right to.
 * @throws Error when the API server refuses.
 */
export async function ensureOwnNamespaces(environment: Environment, kube: KubeCall): Promise<void> {
  if (embeddedOf(environment) === undefined) return;
  for (const name of [environment.namespaces.system, environment.namespaces.canary]) {
    const body = {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'plumbline' } },
    };
    const reply = await kube({
      method: 'POST',
      path: '/api/v1/namespaces',
      body,
      timeoutMs: CALL_TIMEOUT_MS,
    });
    if (reply.status >= 300 && reply.status !== 409) {
      throw new Error(
        `the namespace ${name} cannot be made: ${reply.status} ${JSON.stringify(reply.body).slice(0, 200)}`,
      );
    }
  }
}
