/** The manifests of deploy/ on a real API server: who may do what, asked of its own authorizer. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { openCluster } from '../../probes/kubernetes/index.ts';
import { kubeCallFrom } from '../../runner/provider-safety.ts';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { canaryPod } from '../../suites/topology/_objects/canary.ts';
import { KUBECONFIG, ROOT } from './_helpers/runner-fixture.ts';

const NIGHTLY = 'system:serviceaccount:plumbline-system:plumbline';
const DRILL = 'system:serviceaccount:plumbline-drill:plumbline-drill';
const UNDO = 'system:serviceaccount:plumbline-system:plumbline-undo';
const TIMEOUT_MS = 10_000;

const stop = new AbortController();
const cluster = openCluster({ kubeconfig: KUBECONFIG, signal: stop.signal });
const { call, close } = kubeCallFrom(KUBECONFIG);
const manifests = parseAllDocuments(readFileSync(join(ROOT, 'deploy/rbac.yaml'), 'utf8')).map(
  (document) => document.toJS() as KubeObject,
);
/** What is in use all the time, or is not ours, stays. */
const KEPT = new Set(['Namespace', 'Lease', 'ConfigMap']);

before(() => cluster.apply(manifests));
after(async () => {
  const ours = manifests.filter(({ kind }) => !KEPT.has(kind));
  await cluster.delete(
    ours.map(({ apiVersion, kind, metadata: { name, namespace } }) => ({
      apiVersion,
      kind,
      name,
      ...(namespace !== undefined && { namespace }),
    })),
  );
  stop.abort();
  cluster.close();
  close();
});

/** `verb group/resource/subresource[name]@namespace` */
async function may(user: string, asked: string): Promise<boolean> {
  const match =
    /^(?<verb>\w+) (?:(?<group>[\w.]+):)?(?<resource>\w+)(?:\/(?<sub>\w+))?(?:\[(?<name>[\w-]+)\])?(?:@(?<namespace>[\w-]+))?$/.exec(
      asked,
    )?.groups;
  assert.ok(match, asked);
  const { verb, group = '', resource, sub, name, namespace } = match;
  const [, , ns = ''] = user.split(':');
  const body = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user,
      groups: ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${ns}`],
      resourceAttributes: { verb, group, resource, subresource: sub, name, namespace },
    },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const reply = await call({ method: 'POST', path, body, timeoutMs: TIMEOUT_MS });
  assert.equal(reply.status, 201, JSON.stringify(reply.body));
  return (reply.body as { status: { allowed: boolean } }).status.allowed;
}

async function assertRights(user: string, rights: { may: string[]; mayNot: string[] }): Promise<void> {
  for (const asked of rights.may)
    assert.equal(await may(user, asked), true, `${user} must be able to ${asked}`);
  for (const asked of rights.mayNot) assert.equal(await may(user, asked), false, `${user} must not ${asked}`);
}

test('the nightly account reads, holds the Lease and makes canaries, and disturbs nothing', async () => {
  await assertRights(NIGHTLY, {
    may: [
      'list pods',
      'list metrics.k8s.io:nodes',
      'list metrics.k8s.io:pods@tender',
      'watch apps:statefulsets',
      'list batch:jobs',
      'get namespaces[kube-system]',
      'update coordination.k8s.io:leases[plumbline]@plumbline-system',
      'patch configmaps[plumbline-journal]@plumbline-system',
      'get configmaps[plumbline-stop]@plumbline-system',
      'get configmaps[plumbline-permit]@plumbline-system',
      'create batch:jobs@plumbline-system',
      'create pods@plumbline-canary',
      'create pods/exec@plumbline-canary',
      'create apps:daemonsets@plumbline-canary',
      'get pods/log@tender',
      'get pods/log@edge',
    ],
    mayNot: [
      'delete pods@tender',
      'create pods@tender',
      'create apps:daemonsets@tender',
      'create pods/exec@tender',
      'get secrets@tender',
      'list secrets',
      'get secrets@plumbline-system',
      'create pods@plumbline-drill',
      'create batch:jobs@plumbline-drill',
      'update configmaps[plumbline-permit]@plumbline-system',
      'create configmaps@plumbline-canary',
      'create configmaps@plumbline-system',
      'delete configmaps[plumbline-stop]@plumbline-system',
      'create rbac.authorization.k8s.io:clusterroles',
      'patch nodes',
    ],
  });
});

test('the account of drills deletes pods of the platform and makes privileged pods in one namespace, and permits itself nothing', async () => {
  await assertRights(DRILL, {
    may: [
      'delete pods@tender',
      'create pods@plumbline-drill',
      'create pods/exec@plumbline-drill',
      'update coordination.k8s.io:leases[plumbline]@plumbline-system',
      'get configmaps[plumbline-permit]@plumbline-system',
    ],
    mayNot: [
      'delete pods@kube-system',
      'create pods@tender',
      'create pods/exec@tender',
      'delete apps:statefulsets@tender',
      'patch apps:statefulsets@tender',
      'patch apps:deployments@tender',
      'get secrets@tender',
      'patch configmaps[plumbline-permit]@plumbline-system',
      'create configmaps@plumbline-system',
      'patch nodes',
    ],
  });
});

test('the account of undo Jobs may take away what is marked as ours, and no more', async () => {
  await assertRights(UNDO, {
    may: [
      'delete pods@plumbline-canary',
      'delete apps:daemonsets@plumbline-canary',
      'delete pods@plumbline-drill',
      'get configmaps[plumbline-journal]@plumbline-system',
      'patch configmaps[plumbline-journal]@plumbline-system',
    ],
    mayNot: [
      'delete pods@tender',
      'patch apps:deployments@tender',
      'create pods@plumbline-canary',
      'update coordination.k8s.io:leases[plumbline]@plumbline-system',
      'get secrets@plumbline-system',
    ],
  });
});

test('only the owners write permits and the kill switch', async () => {
  const body = (resource: string) => ({
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: {
      user: 'an.owner@example.com',
      groups: ['tender-owners'],
      resourceAttributes: { verb: 'create', resource, namespace: 'plumbline-system' },
    },
  });
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  const allowed = async (resource: string) => {
    const reply = await call({ method: 'POST', path, body: body(resource), timeoutMs: TIMEOUT_MS });
    return (reply.body as { status: { allowed: boolean } }).status.allowed;
  };
  assert.equal(await allowed('configmaps'), true);
  assert.equal(await allowed('pods'), false);
});

test('the namespace of canaries is restricted, and admits the pods of checks', async () => {
  const made = async (pod: KubeObject) =>
    await call({
      method: 'POST',
      path: '/api/v1/namespaces/plumbline-canary/pods?dryRun=All',
      body: pod,
      timeoutMs: TIMEOUT_MS,
    });
  const container = { name: 'canary', image: 'none' };
  const ours = await made(canaryPod({ name: 'admitted', namespace: 'plumbline-canary' }, container));
  assert.equal(ours.status, 201, JSON.stringify(ours.body));
  const other = canaryPod({ name: 'refused', namespace: 'plumbline-canary' }, container, {
    securityContext: {},
  });
  const refused = await made(other);
  assert.equal(refused.status, 403);
  assert.match(JSON.stringify(refused.body), /violates PodSecurity .*restricted/);
});
