import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { refuseAim } from './aim.ts';

const environment = await loadEnvironment('local');
const aimed = (check: string, aim: Parameters<typeof refuseAim>[2]) => (): void =>
  refuseAim(environment, check, aim);

test('what can be aimed at is let through', () => {
  for (const target of ['leader', 'replica', 'random', 'majority'] as const)
    assert.doesNotThrow(aimed('failover/postgres/hang', { target }));
  assert.doesNotThrow(aimed('failover/postgres/partition', { also: ['api'] }));
  assert.doesNotThrow(aimed('failover/control-plane/etcd-crash', {}));
});

test('what could hit nobody is refused with a way out', () => {
  assert.throws(aimed('failover/postgres/pod-crash', { target: 'master' }), {
    exitCode: 64,
    message: /no master besides the leader of its data: use --target leader/,
  });
  assert.throws(
    aimed('failover/postgres/switchover', { target: 'replica' }),
    /switchover always targets the leader/,
  );
  assert.throws(aimed('failover/postgres/hang', { also: ['api'] }), /works only with partition/);
  assert.throws(
    aimed('topology/nodes/pools', { target: 'leader' }),
    /apply only to failover checks of a store/,
  );
  const single = structuredClone(environment);
  single.stores.postgres!.members = 1;
  assert.throws(() => refuseAim(single, 'failover/postgres/hang', { target: 'majority' }), /a single member/);
});

test('a master is aimed at only where one is besides the leaders of the data', () => {
  assert.doesNotThrow(aimed('failover/elasticsearch/pod-crash', { target: 'master' }));
  for (const store of ['rabbitmq', 'redis', 'postgres'])
    assert.throws(aimed(`failover/${store}/pod-crash`, { target: 'master' }), {
      exitCode: 64,
      message: new RegExp(`${store} has no master besides the leader of its data`),
    });
});
