import { CommandError, EXIT } from '../../host/errors.ts';
import type { Environment } from '../../env/schema.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import type { KubeCall } from '../provider-safety.ts';

const CALL_TIMEOUT_MS = 10_000;

/**
 * In the embedded environment Plumbline makes its own namespaces; elsewhere the owners of the cluster do, with the roles
 * that are in deploy/, since we have no right to.
 * @throws Error when the API server refuses; CommandError (75) where the owners have not made the one that every run needs.
 */
export async function ensureOwnNamespaces(environment: Environment, kube: KubeCall): Promise<void> {
  if (!traitsOf(environment).ownedByUs) return expectSystemNamespace(environment, kube);
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
        `the namespace ${name} cannot be created: the API server answered ${reply.status} ${JSON.stringify(reply.body).slice(0, 200)}`,
      );
    }
  }
}

/** Lease, kill switch and journal live in it. If we may not read namespaces, the next call reports it. */
async function expectSystemNamespace(environment: Environment, kube: KubeCall): Promise<void> {
  const name = environment.namespaces.system;
  const path = `/api/v1/namespaces/${name}`;
  const { status } = await kube({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS });
  if (status !== 404) return;
  throw new CommandError(
    `${environment.name}: the namespace ${name}, where Plumbline keeps its Lease, kill switch and journal, is missing; ` +
      'expected the owners of the cluster to have created it with the roles in deploy/rbac.yaml. Nothing was touched.',
    EXIT.refused,
  );
}
