import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { planChecks, rowOf } from '../index.ts';
import { standInsIn } from './stand-ins.ts';

test('should name the stand-ins of a check where they stand in, and nowhere else', async () => {
  const stubbedIn = async (name: string, id: string) => {
    const [planned] = planChecks(await loadEnvironment(name), { checks: [id] });
    assert.ok(planned !== undefined);
    return planned.row.stubbed;
  };
  assert.deepEqual(await stubbedIn('local', 'topology/edge/path'), ['Kong']);
  assert.deepEqual(await stubbedIn('local', 'failover/ai/pod-crash'), ['Kong', 'LLM']);
  assert.deepEqual(await stubbedIn('local', 'telemetry/dashboards'), ['Grafana']);
  for (const id of ['topology/edge/path', 'failover/ai/pod-crash', 'telemetry/dashboards'])
    assert.equal(await stubbedIn('staging', id), undefined, id);
});

test('should name the stand-ins of every check that goes through the edge, or asks the model', async () => {
  const local = await loadEnvironment('local');
  const stubbed = new Map(planChecks(local, { checks: ['**'] }).map(({ row }) => [row.id, row.stubbed]));
  const throughTheEdge = [
    'performance/api/latency',
    'performance/api/availability',
    'performance/api/throughput',
    'scaling/backend/up',
    'scaling/backend/down',
    'failover/backend/node-loss',
    'telemetry/traces/canary',
    'telemetry/traces/complete',
    'telemetry/traces/under-fault',
    'telemetry/correlation',
    'telemetry/logs/under-fault',
  ];
  for (const id of throughTheEdge) assert.deepEqual(stubbed.get(id), ['Kong'], id);
  const asking = ['performance/ai/latency', 'scaling/ai/up', 'integrations/llm', 'failover/ai/hang'];
  for (const id of asking) assert.deepEqual(stubbed.get(id), ['Kong', 'LLM'], id);
  assert.deepEqual(stubbed.get('integrations/llm-token'), ['LLM'], 'it names it itself');
  for (const id of ['telemetry/logs/canary', 'scaling/pods/startup', 'failover/postgres/hang'])
    assert.equal(stubbed.get(id), undefined, id);
});

test('should call the stand-in of a hop by the product that the environment file names', async () => {
  const local = await loadEnvironment('local');
  const { edge } = local.topology;
  assert.ok(edge);
  const hops = edge.hops.map((hop) => (hop.stubFor === undefined ? hop : { ...hop, stubFor: 'Apigee' }));
  const environment = { ...local, topology: { ...local.topology, edge: { ...edge, hops } } };
  const [planned] = planChecks(environment, { checks: ['scaling/backend/up'] });
  assert.deepEqual(planned?.row.stubbed, ['Apigee']);
});

test('should know of each check what stands in the embedded environment, without one', () => {
  const of = (id: string) => standInsIn(rowOf(id) ?? assert.fail(id));
  assert.deepEqual(of('scaling/ai/up'), ['Kong', 'LLM']);
  assert.deepEqual(of('telemetry/dashboards'), ['Grafana']);
  assert.deepEqual(of('topology/nodes/pools'), []);
});
