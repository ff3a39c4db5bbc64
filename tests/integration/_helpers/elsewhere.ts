/**
 * The small embedded environment as if it were any other cluster: an environment file with a kubeconfig and a pin, and what the owners of
 * such a cluster make in it. Faults then go through the Kubernetes API, privileged pods and the declared power command.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments, stringify } from 'yaml';
import { nodeBinDir, nodeSpec, nodeStatus } from '../../../env/local/nodes/index.ts';
import { CHECKOUT, stateDir } from '../../../host/paths.ts';
import { readStamp } from '../../../env/local/state/stamp.ts';
import type { KubeCall } from '../../../runner/provider-safety.ts';
import { INSTANCE } from './instance.ts';
import { declaringOnly, smallDeclared } from './provisioned-stores.ts';

const CALL_TIMEOUT_MS = 10_000;
/** Longer than any series that asks for it once, at its beginning; `endElsewhere` takes it back. */
const PERMIT_HOURS = 48;

/** Name of the environment, and so of its file. */
export const ELSEWHERE = 'elsewhere';

/**
 * Writes the environment file into the folder and makes what the owners make: the namespace for privileged pods and the permit.
 * @returns the path of the file
 * @throws Error when the small environment is not up
 */
export async function prepareElsewhere(folder: string, kube: KubeCall): Promise<string> {
  const stamp = readStamp(INSTANCE);
  const { pid1 } = nodeStatus(nodeSpec(INSTANCE, 'worker-1'));
  if (stamp === null || pid1 === null) throw new Error(`${INSTANCE} is not up`);
  const power = (action: string): string[] => [
    process.execPath,
    join(CHECKOUT, 'tests/integration/_helpers/power.ts'),
    action,
    '{node}',
    nodeBinDir(pid1),
  ];
  const declared = declaringOnly(smallDeclared(INSTANCE), stamp.with);
  const { application: _application, topology, ...rest } = declared;
  const { certificates: _certificates, edge: _edge, ...kept } = topology;
  const environment = {
    ...rest,
    topology: kept,
    name: ELSEWHERE,
    kind: 'testing',
    description: 'The small embedded environment, reached like any other cluster',
    cluster: {
      kubeconfig: { file: join(stateDir(INSTANCE), 'kubeconfig') },
      pin: { kubeSystemUid: stamp.uid, caSha256: stamp.caSha256 },
      power: {
        off: power('off'),
        on: power('on'),
        state: power('state'),
        isOn: ': on',
        isOff: ': off',
      },
    },
    drills: {
      nodeImage: await imageIn(kube, '/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy'),
      undoImage: await imageIn(kube, '/apis/apps/v1/namespaces/tender/deployments/tender-api'),
    },
    timeouts: { restoreDeadline: { seconds: 300, reason: 'a test' } },
  };
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${ELSEWHERE}.yaml`);
  writeFileSync(file, stringify(environment));
  await ownersPart(kube);
  return file;
}

/** What deploy/rbac.yaml and the owners of a cluster provide; the rights are the administrator's here, but for those of the Job that undoes. */
async function ownersPart(kube: KubeCall): Promise<void> {
  await ensure(kube, '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: 'plumbline-drill',
      labels: {
        'app.kubernetes.io/managed-by': 'plumbline',
        'pod-security.kubernetes.io/enforce': 'privileged',
      },
    },
  });
  await ensure(kube, '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'plumbline-system', labels: { 'app.kubernetes.io/managed-by': 'plumbline' } },
  });
  await ensure(kube, '/api/v1/namespaces', {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'plumbline-canary', labels: { 'app.kubernetes.io/managed-by': 'plumbline' } },
  });
  await undoAccount(kube);
  const permit = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'plumbline-permit', namespace: 'plumbline-system' },
    data: {
      checks: 'failover/**',
      ticket: 'TEST-1',
      until: new Date(Date.now() + PERMIT_HOURS * 3_600_000).toISOString(),
    },
  };
  await applied(kube, '/api/v1/namespaces/plumbline-system/configmaps/plumbline-permit', permit);
}

const COLLECTIONS = new Map([
  ['ServiceAccount', { api: '/api/v1', resource: 'serviceaccounts' }],
  ['Role', { api: '/apis/rbac.authorization.k8s.io/v1', resource: 'roles' }],
  ['RoleBinding', { api: '/apis/rbac.authorization.k8s.io/v1', resource: 'rolebindings' }],
]);

/** The account of the Job that undoes, with its rights, of deploy/rbac.yaml; without it nothing is made outside embedded environments. */
async function undoAccount(kube: KubeCall): Promise<void> {
  for (const document of parseAllDocuments(readFileSync(join(CHECKOUT, 'deploy/rbac.yaml'), 'utf8'))) {
    const object = document.toJS() as { kind: string; metadata: { name: string; namespace?: string } };
    const { name, namespace = '' } = object.metadata;
    const collection = COLLECTIONS.get(object.kind);
    if (name !== 'plumbline-undo' || collection === undefined) continue;
    await applied(kube, `${collection.api}/namespaces/${namespace}/${collection.resource}/${name}`, object);
  }
}

async function applied(kube: KubeCall, path: string, body: object): Promise<void> {
  const contentType = 'application/apply-patch+yaml';
  const request = { method: 'PATCH', contentType, body, timeoutMs: CALL_TIMEOUT_MS } as const;
  const { status, body: said } = await kube({ ...request, path: `${path}?fieldManager=owners&force=true` });
  if (status >= 300) throw new Error(`${path} answered ${status}: ${JSON.stringify(said)}`);
}

/** Takes the permit back; the namespaces stay, empty, and so does the account of the Job that undoes. */
export async function endElsewhere(kube: KubeCall): Promise<void> {
  const path = '/api/v1/namespaces/plumbline-system/configmaps/plumbline-permit';
  await kube({ method: 'DELETE', path, timeoutMs: CALL_TIMEOUT_MS });
}

async function ensure(kube: KubeCall, path: string, body: object): Promise<void> {
  const { status, body: said } = await kube({ method: 'POST', path, body, timeoutMs: CALL_TIMEOUT_MS });
  if (status !== 201 && status !== 409)
    throw new Error(`${path} answered ${status}: ${JSON.stringify(said)}`);
}

async function imageIn(kube: KubeCall, path: string): Promise<string> {
  const { status, body } = await kube({ method: 'GET', path, timeoutMs: CALL_TIMEOUT_MS });
  const workload = body as { spec?: { template: { spec: { containers: { image: string }[] } } } };
  const image = workload.spec?.template.spec.containers[0]?.image;
  if (image === undefined) throw new Error(`${path} answered ${status} and names no image`);
  return image;
}
