import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { TRACE_KINDS } from '../../../probes/traces/kinds.ts';
import { resultOf } from '../../../runner/record/record.ts';
import { notMetYet } from './not-met.ts';
import { planChecks } from './plan.ts';

const staging = await loadEnvironment('staging');
const local = await loadEnvironment('local');

test('should say which checks use an adapter that no real product has answered', () => {
  const notMetIn = (environment: typeof staging, id: string) =>
    planChecks(environment, { checks: [id] }).map(({ row }) => row.notMet)[0];
  assert.equal(notMetIn(staging, 'failover/postgres/pod-crash'), undefined);
  assert.deepEqual(notMetIn(staging, 'failover/neo4j/pod-crash'), ['Neo4j Enterprise']);
  const roles = 'topology/workloads/roles';
  assert.deepEqual(notMetIn(staging, roles), ['Neo4j Enterprise']);
  assert.equal(notMetIn(local, roles), undefined, 'Community has been met');
  for (const id of ['failover/redis/pod-crash', 'topology/nodes/pools'])
    assert.equal(notMetIn(staging, id), undefined, id);
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

test('should carry that into the record', () => {
  const [planned] = planChecks(staging, { checks: ['topology/workloads/roles'] });
  assert.ok(planned);
  assert.deepEqual(resultOf(planned, undefined, staging).notMet, ['Neo4j Enterprise']);
});

test('should list every adapter that is not met yet', () => {
  assert.deepEqual(notMetYet(['postgres', 'redis', 'neo4j']), [
    { label: 'Neo4j Enterprise', declaredBy: 'stores.neo4j.enterprise' },
    { label: 'Jaeger 2', declaredBy: 'telemetry.traces.kind: jaeger2' },
    { label: 'Grafana', declaredBy: 'telemetry.dashboards.kind: grafana' },
    { label: 'Kibana', declaredBy: 'telemetry.dashboards.kibana' },
    { label: 'Argo Rollouts', declaredBy: 'topology.workloads with kind: Rollout' },
    { label: 'KEDA', declaredBy: 'scaledObject of topology.edge.backend.scaling or ai.scaling' },
    { label: 'devices through ResourceClaims', declaredBy: 'gpu.claims' },
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
    gpu: { ...gpu, claims: { driver: 'gpu.nvidia.com' } },
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
  assert.equal(notMetIn(staging, 'scaling/backend/up'), undefined);
});

test('should say which checks ask a source of telemetry that no real product has answered, and not where it is a stand-in', () => {
  const { telemetry } = staging;
  assert.ok(telemetry?.traces !== undefined);
  const asking = {
    ...staging,
    telemetry: {
      ...telemetry,
      traces: { ...telemetry.traces, kind: 'jaeger2' },
    },
  };
  const notMetIn = (environment: typeof staging, id: string) =>
    planChecks(environment, { checks: [id] }).map(({ row }) => row.notMet)[0];
  assert.equal(notMetIn(asking, 'telemetry/logs/canary'), undefined);
  assert.deepEqual(notMetIn(asking, 'telemetry/correlation'), ['Jaeger 2']);
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
