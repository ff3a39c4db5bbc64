import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import type { KubeReply } from '../provider-safety.ts';
import type { KubeRequest } from '../safety/types.ts';
import { canaryPodItems } from './canary-pod.ts';

const staging = await loadEnvironment('staging');
const cni = { name: 'bridge' };
const network = {
  cni,
  policyEnforced: false,
  clusterDomain: 'cluster.local',
  probeImage: 'registry.test/busybox:1',
};
const environment: Environment = { ...staging, topology: { ...staging.topology, network } };

async function looked(reply: KubeReply, of = environment, items: object[] = [], asksDevices = false) {
  const requests: KubeRequest[] = [];
  const kube = (request: KubeRequest): Promise<KubeReply> => {
    requests.push(request);
    return Promise.resolve(reply);
  };
  const cluster = { list: () => Promise.resolve({ items }) } as never;
  const [item] = await canaryPodItems(of, { kube, cluster, timeoutMs: 1_000, asksDevices });
  return { item, requests };
}

const refusal = (status: number, message: string): KubeReply => ({ status, body: { message } });

test('should ask by a dry run, of a pod as canaries are', async () => {
  const { item, requests } = await looked({ status: 201, body: {} });
  assert.equal(item?.state, 'ok');
  const [{ method, path, body } = { method: '', path: '', body: null }] = requests;
  assert.deepEqual(
    [method, path, requests.length],
    ['POST', '/api/v1/namespaces/plumbline-canary/pods?dryRun=All', 1],
  );
  const sent = JSON.stringify(body);
  for (const part of [
    '"image":"registry.test/busybox:1"',
    '"runAsNonRoot":true',
    '"sidecar.istio.io/inject"',
    '"app.kubernetes.io/name":"plumbline-canary"',
    '"app.kubernetes.io/managed-by":"plumbline"',
    '"plumbline.dev/check":"doctor"',
  ])
    assert.ok(sent.includes(part), part);
});

test('should say in the words of the server that it is refused', async () => {
  for (const [status, message] of [
    [403, 'pods "plumbline-doctor" is forbidden: exceeded quota: small, requested: pods=1'],
    [400, 'admission webhook "validate.kyverno.svc-fail" denied the request: label team is required'],
  ] as const) {
    const { item } = await looked(refusal(status, message));
    assert.equal(item?.state, 'missing');
    assert.equal(item.detail, `the API server would refuse it: ${message}`);
  }
});

test('should not take what was not asked for a refusal', async () => {
  const unknown = async (status: number, message: string): Promise<string | undefined> =>
    (await looked(refusal(status, message))).item?.state;
  assert.equal(await unknown(400, 'admission webhook "w" does not support dry run'), 'unknown');
  assert.equal(
    await unknown(403, 'pods is forbidden: User "plumbline" cannot create resource "pods" in API group ""'),
    'unknown',
  );
  assert.equal(await unknown(500, 'failed calling webhook'), 'unknown');
});

test('should take the image of a workload that serves where none is declared, and ask nothing without one', async () => {
  const [workload] = staging.topology.workloads.filter(({ serves, kind }) => serves && kind === 'Deployment');
  assert.ok(workload !== undefined);
  const { namespace, name } = workload;
  const topology = { ...staging.topology, network: undefined, workloads: [workload] };
  const template = { spec: { containers: [{ name: 'a', image: 'registry.test/a:2' }] } };
  const there = { metadata: { namespace, name }, spec: { template } };
  const of = { ...staging, topology };
  const { requests } = await looked({ status: 201, body: {} }, of, [there]);
  assert.match(JSON.stringify(requests[0]?.body), /"image":"registry\.test\/a:2"/);
  assert.deepEqual((await looked({ status: 201, body: {} }, of)).requests, []);
});

test('should take the image of canaries with devices where no other is known, and only for these', async () => {
  const { gpu } = staging;
  assert.ok(gpu !== undefined);
  const topology = { ...staging.topology, network: undefined, workloads: [] };
  const of = { ...staging, topology, gpu: { ...gpu, image: 'registry.test/cuda:1' } };
  const { requests } = await looked({ status: 201, body: {} }, of, [], true);
  assert.match(JSON.stringify(requests[0]?.body), /"image":"registry\.test\/cuda:1"/);
  assert.deepEqual((await looked({ status: 201, body: {} }, of)).requests, []);
  const both = await looked({ status: 201, body: {} }, { ...of, topology: environment.topology }, [], true);
  assert.match(JSON.stringify(both.requests[0]?.body), /"image":"registry\.test\/busybox:1"/);
});

test('should say where the class of canaries with devices lets them displace pods', async () => {
  const { gpu } = staging;
  assert.ok(gpu !== undefined);
  const of = { ...environment, gpu: { ...gpu, priorityClass: 'polite' } };
  const admitted = (preemptionPolicy: string): KubeReply => ({
    status: 201,
    body: { spec: { preemptionPolicy } },
  });
  const rude = await looked(admitted('PreemptLowerPriority'), of, [], true);
  assert.match(JSON.stringify(rude.requests[0]?.body), /"priorityClassName":"polite"/);
  assert.equal(rude.item?.state, 'missing');
  assert.match(rude.item.detail, /PriorityClass polite has no preemptionPolicy Never/);
  assert.equal((await looked(admitted('Never'), of, [], true)).item?.state, 'ok');
  const others = await looked(admitted('PreemptLowerPriority'), of);
  assert.equal(others.item?.state, 'ok', 'no check of devices makes canaries');
  assert.doesNotMatch(JSON.stringify(others.requests[0]?.body), /priorityClassName/);
});
