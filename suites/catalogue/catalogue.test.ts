import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue, matchChecks, rowOf, suites } from './index.ts';

test('should give every check an id of its own, with a suite', () => {
  const ids = catalogue().map((row) => row.id);
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual(suites(), [
    'topology',
    'security',
    'failover',
    'recovery',
    'scaling',
    'gpu',
    'telemetry',
    'performance',
    'delivery',
    'integrations',
  ]);
});

test('should hold every row of every suite', () => {
  const counts = Object.fromEntries(
    suites().map((suite) => [suite, catalogue().filter((row) => row.id.startsWith(`${suite}/`)).length]),
  );
  assert.deepEqual(counts, {
    topology: 18,
    security: 4,
    failover: 43,
    recovery: 2,
    scaling: 5,
    gpu: 7,
    telemetry: 13,
    performance: 7,
    delivery: 8,
    integrations: 3,
  });
});

test('should mark as built exactly what is built', () => {
  assert.deepEqual(
    catalogue()
      .filter((row) => row.built)
      .map((row) => row.id),
    [
      'topology/cluster/versions',
      'topology/cluster/control-plane',
      'topology/cluster/api-balanced',
      'topology/nodes/pools',
      'topology/network/reachability',
      'topology/storage/persistent',
      'topology/storage/durability',
      'topology/workloads/declared',
      'topology/workloads/roles',
      'topology/workloads/probes',
      'topology/workloads/resources',
      'topology/workloads/spread',
      'topology/workloads/images',
      'topology/edge/path',
      'security/rbac',
      ...['postgres', 'redis', 'rabbitmq', 'elasticsearch'].flatMap((store) =>
        ['pod-crash', 'pod-delete', 'hang', 'node-loss', 'partition', 'switchover'].map(
          (fault) => `failover/${store}/${fault}`,
        ),
      ),
      // One member cannot fail over: it is crashed, deleted and frozen all the same.
      ...['pod-crash', 'pod-delete', 'hang'].map((fault) => `failover/neo4j/${fault}`),
      'failover/backend/pod-crash',
      'failover/backend/rolling-restart',
      'failover/backend/node-loss',
      ...['pod-crash', 'pod-delete', 'hang', 'node-loss', 'rolling-restart'].map(
        (fault) => `failover/ai/${fault}`,
      ),
      'failover/control-plane/leader-crash',
      'failover/control-plane/etcd-crash',
      'failover/query/vector',
      'failover/query/graph',
      'scaling/backend/up',
      'scaling/backend/down',
      'scaling/ai/up',
      'scaling/pods/startup',
      ...['allocatable', 'schedule', 'taint', 'exclusive', 'exhausted', 'release', 'metrics'].map(
        (name) => `gpu/${name}`,
      ),
      'telemetry/logs/canary',
      'telemetry/logs/every-workload',
      'telemetry/logs/under-fault',
      'telemetry/traces/canary',
      'telemetry/traces/complete',
      'telemetry/traces/under-fault',
      'telemetry/correlation',
      'telemetry/metrics/targets',
      'telemetry/metrics/series',
      'telemetry/metrics/freshness',
      'telemetry/alerts/rules',
      'telemetry/alerts/fires',
      'telemetry/dashboards',
      'performance/api/latency',
      'performance/api/availability',
      'performance/api/throughput',
      'performance/ai/latency',
      'performance/ai/availability',
      'performance/ai/throughput',
      'performance/budget',
      'integrations/llm',
      'integrations/llm-token',
    ],
  );
});

test('should carry the goals of the table', () => {
  assert.deepEqual(rowOf('failover/postgres/node-loss')?.goals, {
    rtoSeconds: 45,
    lostWrites: 0,
    minTrials: 1,
  });
  assert.deepEqual(rowOf('failover/neo4j/partition')?.goals, {});
  assert.equal(rowOf('failover/redis/switchover')?.goals.rtoSeconds, 5);
  assert.equal(rowOf('topology/cluster/api-balanced')?.access.production, 'r');
});

test('should match globs and name those that match nothing', () => {
  assert.deepEqual(matchChecks(['failover/postgres/{pod-crash,hang}']).ids, [
    'failover/postgres/pod-crash',
    'failover/postgres/hang',
  ]);
  assert.deepEqual(matchChecks(['topology/*']), { ids: [], unmatched: ['topology/*'] });
  assert.equal(matchChecks(['**']).ids.length, catalogue().length);
});
