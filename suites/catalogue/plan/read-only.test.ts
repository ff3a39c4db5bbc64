import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import type { Environment } from '../../../env/schema.ts';
import { METHODS } from '../../harness/methods.ts';
import { accessIn, catalogue, planChecks, rowOf, scopeOf } from '../index.ts';
import type { PlannedCheck } from '../index.ts';
import { settingsFor } from './settings.ts';
import { rightsWith } from '../rights.ts';

const readOnly = true;
const local = await loadEnvironment('local', { readOnly });
const staging = await loadEnvironment('staging', { readOnly });
const production = await loadEnvironment('production', { readOnly });

/** Of checks that would run otherwise: the ids that run, and why the others do not. */
async function planned(name: string): Promise<{ run: PlannedCheck[]; left: Map<string, string> }> {
  const usual = planChecks(await loadEnvironment(name)).filter(({ notRun }) => notRun === null);
  const ids = new Set(usual.map(({ row }) => row.id));
  const now = planChecks(await loadEnvironment(name, { readOnly })).filter(({ row }) => ids.has(row.id));
  return {
    run: now.filter(({ notRun }) => notRun === null),
    left: new Map(now.flatMap(({ row, notRun }) => (notRun === null ? [] : [[row.id, notRun.text]]))),
  };
}

test('should say of each check that writes, disturbs or sends what it does', async () => {
  const { left } = await planned('local');
  const why = (id: string): string | undefined => left.get(id);
  assert.equal(why('scaling/pods/startup'), 'read only: this check makes a Pod in plumbline-canary');
  assert.equal(
    why('topology/network/reachability'),
    'read only: this check makes a DaemonSet and a Service in plumbline-canary',
  );
  assert.equal(why('failover/postgres/pod-crash'), 'read only: this check injects the fault pod-crash');
  assert.equal(why('gpu/release'), 'read only: this check disturbs the environment');
  assert.equal(why('performance/api/latency'), 'read only: this check sends a load through the edge');
  assert.equal(why('topology/edge/path'), 'read only: this check sends a canary request through the edge');
  assert.equal(
    why('telemetry/traces/canary'),
    'read only: this check sends canary requests through the edge',
  );
  assert.equal(
    why('topology/cluster/control-plane'),
    'read only: this check runs commands in pods of kube-system',
  );
  for (const [id, reason] of left) assert.match(reason, /^read only: this check /, id);
});

test('should run nothing that calls a method that acts, or needs a right to more than reading', async () => {
  for (const environment of [local, staging, production]) {
    const { run } = await planned(environment.name);
    assert.ok(run.length > 5, environment.name);
    for (const { row } of run) {
      const { touches } = row;
      assert.equal(accessIn(environment, row), 'r', row.id);
      const calls = (touches.runner ?? []).filter((method) => !(touches.leavesOut ?? []).includes(method));
      assert.deepEqual(
        calls.filter((method) => METHODS[method]?.acts !== undefined),
        [],
        row.id,
      );
      const verbs = new Set(rightsWith(row, 'r').flatMap((right) => right.verbs));
      assert.deepEqual(
        [...verbs].filter((verb) => !['get', 'list', 'watch'].includes(verb)),
        [],
        row.id,
      );
    }
  }
});

/**
 * What the ClusterRole `view` shows (Kubernetes 1.37.2, `viewRules` in plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go), of what Plumbline
 * reads; the paths are everybody's (`system:public-info-viewer`).
 */
const VIEW = new Set([
  'pods',
  'pods/log',
  'services',
  'serviceaccounts',
  'persistentvolumeclaims',
  'configmaps',
  'namespaces',
  'events',
  'apps/deployments',
  'apps/statefulsets',
  'apps/daemonsets',
  'batch/jobs',
  'policy/poddisruptionbudgets',
  'autoscaling/horizontalpodautoscalers',
  'discovery.k8s.io/endpointslices',
  'networking.k8s.io/ingresses',
  '/version',
  '/readyz',
]);

test('should need no more than `view` but for nodes, Leases, persistent volumes, accounts and roles, as the guide says', async () => {
  const missing = new Set<string>();
  for (const { name } of [local, staging, production])
    for (const { row } of (await planned(name)).run)
      for (const { group, resource } of rightsWith(row, 'r')) {
        const key = group === '' ? resource : `${group}/${resource}`;
        if (!VIEW.has(key)) missing.add(key);
      }
  assert.deepEqual([...missing].sort(), [
    'coordination.k8s.io/leases',
    'nodes',
    'persistentvolumes',
    'rbac.authorization.k8s.io/clusterrolebindings',
    'rbac.authorization.k8s.io/clusterroles',
    'rbac.authorization.k8s.io/rolebindings',
    'rbac.authorization.k8s.io/roles',
  ]);
});

test('should let checks look without a canary where they know how', async () => {
  const { run } = await planned('local');
  const ids = run.map(({ row }) => row.id);
  for (const id of ['topology/storage/persistent', 'gpu/schedule', 'telemetry/alerts/rules']) {
    assert.ok(ids.includes(id), id);
    assert.notEqual(settingsFor(id, local).writes, true, id);
  }
  assert.equal(settingsFor('topology/storage/persistent', local).readOnly, true);
  assert.equal(
    settingsFor('topology/storage/persistent', await loadEnvironment('local')).readOnly,
    undefined,
  );
});

test('should run the same with and without permits: it needs none', () => {
  const ids = (environment: Environment): string[] =>
    planChecks(environment).flatMap(({ row, notRun }) => (notRun === null ? [row.id] : []));
  assert.deepEqual(ids({ ...staging, permits: [] }), ids(staging));
});

test('should say first what no other run would change', () => {
  const [one] = planChecks(production, { checks: ['scaling/pods/startup'] });
  assert.equal(one?.notRun?.text, 'does not apply to a production environment');
});

test('should send nobody to declare what a read-only run would leave out all the same', () => {
  const { prometheus: _prometheus, application: _application, gpu: _gpu, ...rest } = staging;
  const { edge: _edge, ...topology } = staging.topology;
  const bare: Environment = { ...rest, topology, stores: {} };
  const why = (id: string): string | null | undefined => planChecks(bare, { checks: [id] })[0]?.notRun?.text;
  assert.equal(why('topology/edge/path'), 'read only: this check sends a canary request through the edge');
  assert.equal(why('failover/postgres/pod-delete'), 'read only: this check injects the fault pod-delete');
  assert.equal(
    why('gpu/metrics'),
    'not declared: gpu.metrics, prometheus',
    'which a read-only run would ask',
  );
  const { readOnly: _readOnly, ...usual } = bare;
  assert.match(
    planChecks(usual, { checks: ['topology/edge/path'] })[0]?.notRun?.text ?? '',
    /^not declared: topology\.edge, application, application\.proof: /,
  );
  assert.match(
    planChecks(usual, { checks: ['failover/query/vector'] })[0]?.notRun?.text ?? '',
    /^not declared: store elasticsearch/,
  );
});

test('should say of what is built for embedded clusters alone that it applies to no other, whatever is declared', async () => {
  const { apiAddress: _apiAddress, ...bare } = await loadEnvironment('staging');
  for (const environment of [staging, bare])
    for (const id of ['failover/control-plane/etcd-crash', 'topology/cluster/api-balanced'])
      assert.match(
        planChecks(environment, { checks: [id] })[0]?.notRun?.text ?? '',
        /^does not apply to a declared environment: it acts on the nodes themselves/,
        id,
      );
  const [embedded] = planChecks(await loadEnvironment('local'), {
    checks: ['failover/control-plane/etcd-crash'],
  });
  assert.equal(embedded?.notRun, null);
});

test('should require nothing that it leaves out, and be no run of a profile', async () => {
  for (const environment of [local, staging, production]) {
    assert.equal(scopeOf(environment, { profile: 'nightly' }), 'selection', environment.name);
    const checks = planChecks(environment, { profile: 'nightly' });
    const required = checks.filter((check) => check.required);
    assert.ok(required.length > 0, environment.name);
    assert.deepEqual(
      required.filter(({ notRun }) => notRun?.by === 'read-only'),
      [],
    );
  }
  const usual = await loadEnvironment('production');
  assert.equal(scopeOf(usual, { profile: 'nightly' }), 'profile');
});

test('should leave the access of every check as it is in any other run', async () => {
  const usual = await loadEnvironment('local');
  for (const row of catalogue()) assert.equal(accessIn(usual, row), row.access.local, row.id);
  const gpu = rowOf('gpu/schedule');
  assert.ok(gpu);
  assert.equal(gpu.access.local, 'w');
  assert.equal(accessIn(local, gpu), 'r');
});
