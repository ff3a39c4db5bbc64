/**
 * The k6-operator engine against a real API server, with real pods: the operator itself is not to be had here, so that this test moves the
 * TestRun through its stages, and the pods say what k6 would.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { MAIN } from '../../load/engines/k6-operator/bundle.ts';
import { OperatorEngine } from '../../load/engines/k6-operator/index.ts';
import { BEGIN, END, MARK } from '../../load/engines/k6-operator/main-module.ts';
import { openCluster } from '../../probes/kubernetes/index.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import type { KubeObject, ObjectRef } from '../../probes/kubernetes/types.ts';
import type { LoadSecond } from '../../reports/record/details/load-result.ts';
import { CHECKOUT } from '../../host/paths.ts';
import { provisioned } from './_helpers/instance.ts';

const NAMESPACE = 'plumbline-k6';
const TEST_RUNS = 'k6.io/v1alpha1/TestRun';
const CRD = parse(readFileSync(`${CHECKOUT}/load/engines/k6-operator/crd.yaml`, 'utf8')) as KubeObject;
const READY_MS = 60_000;
const REQUESTS = 10;
/** What a pod does in place of k6: it counts, answers its REST API, and prints a summary at its end. */
const POD = `
  const count = ${REQUESTS};
  const metric = { id: 'http_reqs', attributes: { type: 'counter', sample: { count } } };
  require('node:http').createServer((_, response) => response.end(JSON.stringify({ data: [metric] }))).listen(6565);
  setTimeout(() => { console.log(process.env.LOG); process.exit(0); }, 6000);`;
const over = new AbortController();
let cluster: KubeCluster;
let image = '';

before(async () => {
  const kubeconfig = await provisioned(['postgres']);
  cluster = openCluster({ kubeconfig, signal: over.signal });
  const backend = await cluster.client.get(ref('apps/v1', 'Deployment', 'tender-api', 'tender'));
  const spec = backend?.['spec'] as { template: { spec: { containers: { image: string }[] } } };
  image = spec.template.spec.containers[0]?.image ?? '';
  await cluster.client.create(CRD);
  await cluster.client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } });
  await until('TestRuns are served', async () => (await engine().unavailable()) === null);
});

after(async () => {
  await cluster.client.delete(ref('v1', 'Namespace', NAMESPACE));
  await cluster.client.delete(ref('apiextensions.k8s.io/v1', 'CustomResourceDefinition', CRD.metadata.name));
  over.abort();
  cluster.close();
});

function ref(apiVersion: string, kind: string, name: string, namespace?: string): ObjectRef {
  return { apiVersion, kind, name, ...(namespace !== undefined && { namespace }) };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + READY_MS;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within ${READY_MS} ms: ${what}`);
    await sleep(250);
  }
}

function engine(): OperatorEngine {
  const { client } = cluster;
  return new OperatorEngine({
    client,
    namespace: NAMESPACE,
    check: 'performance.api.latency',
    parallelism: 2,
    image,
    stubbed: true,
    objects: {
      create: async (object, signal) => {
        await client.create(object, { signal });
      },
      remove: (object) => client.delete(object),
    },
  });
}

function summary(): string {
  const counter = (count: number): object => ({ type: 'counter', contains: 'default', values: { count } });
  const data = {
    metrics: { http_reqs: counter(REQUESTS), iterations: counter(REQUESTS) },
    root_group: { name: '', path: '' },
    state: { testRunDurationMs: 5000 },
    scenarios: { steady: { executor: 'constant-arrival-rate' } },
    added: [],
  };
  return [BEGIN, MARK + JSON.stringify(data), END].join('\n');
}

function runnerPod(testRun: KubeObject, index: number): KubeObject {
  const { name, uid = '' } = testRun.metadata;
  const owner = { apiVersion: testRun.apiVersion, kind: testRun.kind, name, uid };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${index + 1}`,
      namespace: NAMESPACE,
      labels: { app: 'k6', k6_cr: name, runner: 'true' },
      ownerReferences: [owner],
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: 0,
      containers: [
        { name: 'k6', image, command: ['node', '-e', POD], env: [{ name: 'LOG', value: summary() }] },
      ],
    },
  };
}

/**
 * What the operator does, without the Jobs between: pods, and the stage in the status. It stops at "started": the operator looks every 15 s,
 * so that the engine as a rule sees the pods' end first, and deletes the TestRun (its pods with it) before there is a "finished".
 */
async function operate(): Promise<KubeObject> {
  const { client } = cluster;
  let found: KubeObject | undefined;
  await until('a TestRun is created', async () => {
    [found] = (await client.list(TEST_RUNS, { namespace: NAMESPACE })).items;
    return found !== undefined;
  });
  const testRun = found as KubeObject;
  const own = ref('k6.io/v1alpha1', 'TestRun', testRun.metadata.name, NAMESPACE);
  const stage = (name: string): Promise<unknown> =>
    client.patch(own, { status: { stage: name } }, { subresource: 'status' });
  await stage('initialized');
  for (const index of [0, 1]) await client.create(runnerPod(testRun, index));
  await stage('created');
  await until('the pods run', async () => {
    const { items } = await client.list('v1/Pod', { namespace: NAMESPACE });
    return (
      items.length === 2 && items.every(({ status }) => (status as { phase?: string }).phase === 'Running')
    );
  });
  await stage('started');
  return testRun;
}

test('should spread a load over pods, read the whole of it back and leave nothing', async () => {
  const seconds: LoadSecond[] = [];
  const request = {
    script: `${CHECKOUT}/load/scenarios/steady.ts`,
    variables: { BASE_URL: 'https://tender.plumbline.test' },
    limits: { requests: 1000, durationMs: 60_000 },
  };
  const listener = { second: (one: LoadSecond) => void seconds.push(one) };
  const [result, testRun] = await Promise.all([engine().run(request, listener, over.signal), operate()]);
  assert.deepEqual([result.outcome, result.reason], ['completed', '']);
  assert.deepEqual(result.engine, {
    name: 'k6-operator',
    version: image,
    stubbed: true,
    latencyFrom: 'sent',
  });
  assert.equal(result.requests.count, 2 * REQUESTS);
  assert.ok(
    seconds.reduce((sum, { requests }) => sum + requests, 0) > 0,
    'the pods were asked for their counts while they ran',
  );
  // As the API server has it: a field that the CRD does not know would be gone.
  const spec = testRun['spec'] as Record<string, Record<string, unknown>>;
  assert.equal(spec['parallelism'], 2);
  assert.deepEqual(spec['script'], { configMap: { name: testRun.metadata.name, file: MAIN } });
  assert.equal(spec['runner']?.['image'], image);
  for (const kind of [TEST_RUNS, 'v1/ConfigMap', 'v1/Pod']) {
    const { items } = await cluster.client.list(kind, { namespace: NAMESPACE });
    const own = items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt');
    assert.deepEqual(
      own.map(({ metadata }) => metadata.name),
      [],
      kind,
    );
  }
});
