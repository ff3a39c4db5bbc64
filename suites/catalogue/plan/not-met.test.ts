import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../../env/loader.ts';
import { resultOf } from '../../../runner/record/record.ts';
import { notMetYet } from './not-met.ts';
import { planChecks } from './plan.ts';

const staging = await loadEnvironment('staging');
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
  for (const id of ['topology/workloads/roles', 'failover/postgres/pod-crash']) {
    assert.deepEqual(notMetIn(operated, id), ['CloudNativePG'], id);
    assert.equal(notMetIn(staging, id), undefined, id);
  }
  for (const id of ['failover/redis/pod-crash', 'topology/nodes/pools'])
    assert.equal(notMetIn(operated, id), undefined, id);
});

test('should carry that into the record', () => {
  const [planned] = planChecks(operated, { checks: ['topology/workloads/roles'] });
  assert.ok(planned);
  assert.deepEqual(resultOf(planned, undefined, 'staging').notMet, ['CloudNativePG']);
});

test('should list every adapter that is not met yet', () => {
  assert.deepEqual(notMetYet(['postgres', 'redis']), [
    { label: 'CloudNativePG', declaredBy: 'stores.postgres.cloudnativepg' },
  ]);
});
