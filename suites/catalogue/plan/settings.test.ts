import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { kindOfResource } from '../../../probes/gpu/declaration.ts';
import { settingsFor } from './settings.ts';

const environment = await loadEnvironment('local-small');

test('should give a check what it needs of the topology, and nothing else of it', () => {
  const pools = settingsFor('topology/nodes/pools', environment);
  assert.deepEqual(pools['pools'], environment.topology.pools);
  for (const other of ['workloads', 'registry', 'edge', 'topology'])
    assert.equal(other in pools, false, other);
  assert.ok('workloads' in settingsFor('topology/workloads/declared', environment));
});

test('should say where this machine is outside of the network of the cluster, to the check that connects to nodes', async () => {
  const staging = await loadEnvironment('staging');
  assert.ok('kubeconfig' in staging.cluster);
  const at = (reach: 'direct' | 'port-forward', check = 'topology/cluster/versions') =>
    settingsFor(check, { ...staging, cluster: { ...staging.cluster, reach } }).reach;
  assert.deepEqual([at('port-forward'), at('direct')], ['port-forward', undefined]);
  assert.equal(at('port-forward', 'topology/nodes/pools'), undefined);
});

test('should give time-outs in milliseconds', () => {
  const { timeouts } = settingsFor('topology/nodes/pools', environment) as {
    timeouts: Record<string, number>;
  };
  assert.equal(timeouts['podReady'], environment.timeouts.podReady.seconds * 1000);
});

test('should leave out where passwords come from', () => {
  for (const check of ['topology/workloads/roles', 'failover/postgres/pod-crash']) {
    assert.ok(!JSON.stringify(settingsFor(check, environment)).includes('password'), check);
  }
});

test('should keep what people have named like a secret', () => {
  const { postgres } = environment.stores;
  assert.ok(postgres);
  const at = [{ host: '192.0.2.7', port: 6432 }];
  const paths = { admin: at, password: at, token: at };
  const labels = { admin: 'platform' };
  const stores = { postgres: { ...postgres, paths, peers: { labels } } };
  const kept = settingsFor('failover/postgres/pod-crash', { ...environment, stores }).stores.postgres;
  assert.ok(kept !== undefined && postgres.admin !== undefined);
  assert.deepEqual([kept.paths, kept.peers, kept.admin], [paths, { labels }, undefined]);
});

test('should name the manager of a store', () => {
  const managerIn = (stores: typeof environment.stores): unknown =>
    (
      settingsFor('topology/workloads/roles', { ...environment, stores }).stores.postgres as {
        manager?: string;
      }
    ).manager;
  const { postgres } = environment.stores;
  assert.ok(postgres);
  const { patroni: _patroni, ...rest } = postgres;
  assert.equal(managerIn(environment.stores), 'patroni');
  assert.equal(managerIn({ postgres: { ...rest, repmgr: { database: 'repmgr' } } }), 'repmgr');
  assert.equal(managerIn({ postgres: rest }), undefined);
});

test('should give failover checks the topology whole', () => {
  assert.deepEqual(settingsFor('failover/postgres/pod-crash', environment)['topology'], environment.topology);
});

test('should give checks of devices what is declared of them, and no secret', async () => {
  const local = await loadEnvironment('local');
  const settings = settingsFor('gpu/metrics', local);
  assert.deepEqual(settings['gpu'], { ...local.gpu, kind: 'whole' });
  assert.deepEqual(settings['pools'], local.topology.pools);
  assert.equal(settings['scrapeSeconds'], 5);
  assert.equal(settings['writes'], true);
  const production = settingsFor('gpu/metrics', await loadEnvironment('production'));
  assert.equal(production['writes'], false);
  assert.ok(!JSON.stringify(production).includes('TOKEN'));
});

test('should understand the names of MIG profiles and of time slices', () => {
  const kind = (resource: string, sharedBy = 1): string => kindOfResource({ resource, sharedBy });
  assert.equal(kind('nvidia.com/gpu'), 'whole');
  assert.equal(kind('nvidia.com/mig-1g.5gb'), 'mig');
  assert.equal(kind('nvidia.com/mig-1c.3g.20gb'), 'mig');
  assert.equal(kind('nvidia.com/gpu.shared', 4), 'shared');
  assert.equal(kind('nvidia.com/gpu', 4), 'shared');
  assert.equal(kind('amd.com/migraine'), 'whole');
});

test('should let nothing be written in production', () => {
  assert.equal(
    settingsFor('topology/storage/persistent', { ...environment, kind: 'production' })['writes'],
    false,
  );
  assert.equal(settingsFor('topology/storage/persistent', environment)['writes'], true);
});

test('should give the start of pods the workloads whose image it starts, and its number', () => {
  const settings = settingsFor('scaling/pods/startup', environment);
  assert.deepEqual(settings['workloads'], environment.topology.workloads);
  assert.deepEqual(settings['startup'], { pods: environment.load.startupPods });
});

test('should give checks of the AI service what is declared of it, without its token, and its own load', () => {
  const { ai } = environment;
  assert.ok(ai !== undefined);
  for (const check of ['performance/ai/latency', 'failover/ai/hang', 'integrations/llm']) {
    const given = settingsFor(check, environment)['ai'] as typeof ai;
    assert.deepEqual(given.deployment, ai.deployment);
    assert.ok(!('token' in given.llm), check);
  }
  assert.deepEqual(settingsFor('performance/ai/latency', environment)['steady'], ai.load);
  assert.deepEqual(settingsFor('performance/api/latency', environment)['steady'], environment.load.steady);
  assert.ok(!('ai' in settingsFor('performance/api/latency', environment)));
  assert.equal(settingsFor('integrations/llm', { ...environment, kind: 'production' })['writes'], false);
});
