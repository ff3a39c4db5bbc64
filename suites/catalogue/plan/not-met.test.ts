import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { TRACE_KINDS } from '../../../probes/traces/kinds.ts';
import { resultOf } from '../../../runner/record/record.ts';
import { notMetYet } from './not-met.ts';
import { planChecks } from './plan.ts';

const staging = await loadEnvironment('staging');
const local = await loadEnvironment('local');
const { postgres } = staging.stores;
assert.ok(postgres);
const { patroni: _patroni, ...rest } = postgres;
const operated = {
  ...staging,
  stores: {
    ...staging.stores,
    postgres: { ...rest, cloudnativepg: { namespace: 'databases', name: 'orders' } },
  },
};

test('should say which checks use an adapter that no real product has answered', () => {
  const notMetIn = (environment: typeof staging, id: string) =>
    planChecks(environment, { checks: [id] }).map(({ row }) => row.notMet)[0];
  assert.deepEqual(notMetIn(operated, 'failover/postgres/pod-crash'), ['CloudNativePG']);
  assert.equal(notMetIn(staging, 'failover/postgres/pod-crash'), undefined);
  assert.deepEqual(notMetIn(staging, 'failover/neo4j/pod-crash'), ['Neo4j Enterprise']);
  const roles = 'topology/workloads/roles';
  assert.deepEqual(notMetIn(operated, roles), ['CloudNativePG', 'Neo4j Enterprise']);
  assert.deepEqual(notMetIn(staging, roles), ['Neo4j Enterprise']);
  assert.equal(notMetIn(local, roles), undefined, 'Community has been met');
  for (const id of ['failover/redis/pod-crash', 'topology/nodes/pools'])
    assert.equal(notMetIn(operated, id), undefined, id);
});

test('should say so of templates of objectives, where their queries are asked', () => {
  const [first] = staging.objectives;
  assert.ok(first);
  const notMet = 'template kong';
  const objectives = [
    { ...first, notMet },
    { ...first, name: 'b', notMet },
  ];
  const environment = { ...staging, objectives };
  const of = (id: string) => planChecks(environment, { checks: [id] })[0]?.row.notMet;
  assert.deepEqual(of('performance/budget'), [notMet]);
  assert.equal(of('telemetry/alerts/rules'), undefined);
  assert.equal(planChecks(staging, { checks: ['performance/budget'] })[0]?.row.notMet, undefined);
});

test('should say so of a token endpoint, for the checks that send requests through the edge', () => {
  const { application } = staging;
  assert.ok(application);
  const oauth2 = {
    tokenUrl: 'https://login.test/token',
    clientId: 'c',
    clientSecret: { env: 'S' },
    sends: 'basic',
    renewSeconds: 30,
  } as const;
  const known = { ...staging, application: { ...application, credentials: { oauth2 } } };
  const of = (id: string) => planChecks(known, { checks: [id] }).map(({ row }) => row.notMet)[0];
  assert.deepEqual(of('topology/edge/path'), ['OAuth2 client credentials']);
  assert.equal(of('topology/nodes/pools'), undefined);
});

test('should say so of API keys, of the store and of logs, once where a check asks both', () => {
  const { elasticsearch } = staging.stores;
  const { telemetry } = staging;
  assert.ok(elasticsearch !== undefined && telemetry?.logs !== undefined);
  const { user: _user, password: _password, ...search } = elasticsearch;
  const { user: _of, password: _known, ...logs } = telemetry.logs;
  const apiKey = { env: 'KEY' };
  const keyed = {
    ...staging,
    stores: { ...staging.stores, elasticsearch: { ...search, apiKey } },
    telemetry: { ...telemetry, logs: { ...logs, apiKey } },
  };
  const label = 'API keys of Elasticsearch';
  const notMetIn = (environment: typeof staging, id: string) =>
    planChecks(environment, { checks: [id] }).map(({ row }) => row.notMet)[0];
  assert.deepEqual(notMetIn(keyed, 'failover/elasticsearch/pod-crash'), [label]);
  assert.deepEqual(notMetIn(keyed, 'telemetry/logs/canary'), [label]);
  assert.equal(notMetIn(keyed, 'failover/postgres/pod-crash'), undefined);
  assert.equal(notMetIn(staging, 'failover/elasticsearch/pod-crash'), undefined);
  assert.deepEqual(notMetYet(['elasticsearch'])[0], { label, declaredBy: 'stores.elasticsearch.apiKey' });
  const both = planChecks(keyed, {}).map(({ row }) => row.notMet ?? []);
  for (const labels of both) assert.equal(new Set(labels).size, labels.length);
});

test('should carry that into the record', () => {
  const [planned] = planChecks(operated, { checks: ['topology/workloads/roles'] });
  assert.ok(planned);
  assert.deepEqual(resultOf(planned, undefined, operated).notMet, ['CloudNativePG', 'Neo4j Enterprise']);
});

test('should list every adapter that is not met yet', () => {
  assert.deepEqual(notMetYet(['postgres', 'redis', 'neo4j']), [
    { label: 'CloudNativePG', declaredBy: 'stores.postgres.cloudnativepg' },
    { label: 'Neo4j Enterprise', declaredBy: 'stores.neo4j.enterprise' },
    { label: 'Loki', declaredBy: 'telemetry.logs.kind: loki' },
    { label: 'API keys of Elasticsearch', declaredBy: 'telemetry.logs.apiKey' },
    { label: 'Jaeger 2', declaredBy: 'telemetry.traces.kind: jaeger2' },
    { label: 'Tempo', declaredBy: 'telemetry.traces.kind: tempo' },
    { label: 'Grafana', declaredBy: 'telemetry.dashboards.kind: grafana' },
    { label: 'Kibana', declaredBy: 'telemetry.dashboards.kibana' },
    { label: 'Argo Rollouts', declaredBy: 'topology.workloads with kind: Rollout' },
    { label: 'KEDA', declaredBy: 'scaledObject of topology.edge.backend.scaling or ai.scaling' },
    { label: 'devices through ResourceClaims', declaredBy: 'gpu.claims' },
    { label: "kubelet's pod-resources", declaredBy: 'gpu.podResources' },
  ]);
});

test('should say so of operators, for the checks that read their objects where they are declared', () => {
  const { topology, gpu, ai } = staging;
  assert.ok(gpu !== undefined && topology.edge?.backend !== undefined);
  const { edge } = topology;
  const backend = { ...topology.edge.backend };
  const scaling = { ...backend.scaling, scaledObject: 'orders' };
  const [first = assert.fail(), ...others] = topology.workloads;
  const all: typeof staging = {
    ...staging,
    ...(ai !== undefined && { ai }),
    gpu: { ...gpu, claims: { driver: 'gpu.nvidia.com' }, podResources: { command: ['ask'] } },
    topology: {
      ...topology,
      workloads: [{ ...first, kind: 'Rollout' }, ...others],
      edge: { ...edge, backend: { ...backend, scaling } },
    },
  };
  const notMetIn = (environment: typeof staging, id: string) =>
    planChecks(environment, { checks: [id] }).map(({ row }) => row.notMet)[0];
  assert.deepEqual(notMetIn(all, 'scaling/backend/up'), ['Argo Rollouts', 'KEDA']);
  assert.deepEqual(notMetIn(all, 'topology/workloads/declared'), ['Argo Rollouts']);
  assert.deepEqual(notMetIn(all, 'gpu/allocatable'), ['devices through ResourceClaims']);
  const exclusive = notMetIn(all, 'gpu/exclusive') ?? [];
  assert.ok(exclusive.includes("kubelet's pod-resources"), exclusive.join());
  assert.equal(notMetIn(staging, 'scaling/backend/up'), undefined);
});

test('should say which checks ask a source of telemetry that no real product has answered, and not where it is a stand-in', () => {
  const { telemetry } = staging;
  assert.ok(telemetry?.logs !== undefined && telemetry.traces !== undefined);
  const asking = {
    ...staging,
    telemetry: {
      ...telemetry,
      logs: { ...telemetry.logs, kind: 'loki' },
      traces: { ...telemetry.traces, kind: 'tempo' },
    },
  };
  const notMetIn = (environment: typeof staging, id: string) =>
    planChecks(environment, { checks: [id] }).map(({ row }) => row.notMet)[0];
  assert.deepEqual(notMetIn(asking, 'telemetry/logs/canary'), ['Loki']);
  assert.deepEqual(notMetIn(asking, 'telemetry/correlation'), ['Loki', 'Tempo']);
  assert.equal(notMetIn(asking, 'telemetry/metrics/targets'), undefined);
  assert.equal(
    notMetIn(staging, 'telemetry/correlation'),
    undefined,
    'Elasticsearch and Jaeger have been met',
  );
  assert.deepEqual(notMetIn(staging, 'telemetry/dashboards'), ['Grafana', 'Kibana']);
  assert.equal(notMetIn(local, 'telemetry/dashboards'), undefined, 'a stand-in');
});

test('should say of every store of traces, by its adapter alone, whether it is met, in each check that follows traces', () => {
  const { telemetry } = staging;
  assert.ok(telemetry?.traces !== undefined);
  for (const { kind, label, metWith } of TRACE_KINDS) {
    const asking = { ...staging, telemetry: { ...telemetry, traces: { ...telemetry.traces, kind } } };
    const planned = planChecks(asking, { checks: ['telemetry/traces/**'] });
    assert.equal(planned.length, 3);
    for (const { row } of planned)
      assert.deepEqual(row.notMet, metWith === null ? [label] : undefined, `${row.id} with ${kind}`);
  }
});
