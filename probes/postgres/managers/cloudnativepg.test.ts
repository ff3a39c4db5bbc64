import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agreesOf, clusterIn, cloudnativepg, failoverOf, settingsIn, steadyAs } from './cloudnativepg.ts';
import * as shown from './_testing/clusters.ts';
import type { StoreTarget } from '../../store/store-driver.ts';

const by = { ok: true, leader: 'orders-1', detail: 'all stream' };
const seenBy = (object: unknown, leader: string | null = 'orders-1') => agreesOf(clusterIn(object), leader);

describe('CloudNativePG, as its documentation has it', () => {
  it('should be declared by both labels of an instance, since a pooler has the first one too', () => {
    assert.match(
      cloudnativepg.section.description ?? '',
      /cnpg\.io\/cluster and cnpg\.io\/podRole: instance/,
    );
  });

  it('should agree with the servers while it has nothing to do', () => {
    const { ok, expected, seen } = seenBy(shown.HEALTHY);
    assert.equal(ok, true);
    assert.equal(expected, 'Cluster in healthy state, 3 healthy, primary orders-1');
    assert.equal(seen, expected);
    assert.deepEqual(steadyAs(by, clusterIn(shown.HEALTHY)), by);
  });

  it('should not agree where it takes another for the primary than the servers', () => {
    assert.equal(seenBy(shown.HEALTHY, 'orders-2').ok, false);
    assert.equal(seenBy(shown.HEALTHY, null).ok, false);
  });

  it('should not be steady while it changes the primary, though all members stream', () => {
    const { ok, leader, detail } = steadyAs(by, clusterIn(shown.SWITCHING_OVER));
    assert.deepEqual([ok, leader], [false, 'orders-1']);
    assert.match(detail, /seen: Switchover in progress .*primary orders-1, to become orders-2$/);
    assert.match(
      seenBy(shown.FAILING_OVER).seen,
      /^Failing over .*, 2 healthy, orders-1 failed, primary orders-1, to become pending$/,
    );
    const unsteady = { ok: false, leader: null, detail: 'two take writes' };
    assert.deepEqual(steadyAs(unsteady, clusterIn(shown.HEALTHY)), unsteady, 'the servers count');
  });

  it('should read a status that is not complete yet', () => {
    const { ok, seen } = seenBy(shown.FIRST_PRIMARY);
    assert.equal(ok, false);
    assert.match(seen, /Setting up primary .*, 0 healthy, orders-1 failed, primary none, to become orders-1/);
    assert.equal(seenBy({ ...shown.HEALTHY, status: undefined }).ok, false);
  });

  it('should take over unless an annotation keeps it from that', () => {
    const of = (object: unknown) => failoverOf(clusterIn(object));
    for (const object of [shown.HEALTHY, shown.RUNS]) assert.equal(of(object).ok, true);
    for (const [object, why] of [
      [shown.PAUSED, /reconciliationLoop is disabled/],
      [shown.HIBERNATED, /hibernation is on/],
      [shown.FENCED, /fenced: \["orders-2"\]/],
    ] as const) {
      assert.equal(of(object).ok, false);
      assert.match(of(object).seen, why);
    }
    assert.equal(steadyAs(by, clusterIn(shown.PAUSED)).ok, true, 'its members follow all the same');
  });

  it('should read the delays that govern a failover, with the defaults of its schema', () => {
    const values = (object: unknown) =>
      settingsIn(clusterIn(object)).map(({ name, value, source }) => `${name} ${value}: ${source}`);
    assert.deepEqual(values(shown.HEALTHY), [
      'failoverDelay 0: spec of the Cluster',
      'switchoverDelay 3600: spec of the Cluster',
      'stopDelay 1800: spec of the Cluster',
    ]);
    assert.deepEqual(values(shown.WITHOUT_DELAYS), [
      "failoverDelay 0: CloudNativePG's default, not set in spec",
      "switchoverDelay 3600: CloudNativePG's default, not set in spec",
      'stopDelay 60: spec of the Cluster',
    ]);
    assert.deepEqual(
      settingsIn(clusterIn(shown.HEALTHY)).map(({ name }) => name),
      Object.keys(cloudnativepg.recorded.governing),
    );
  });

  it('should say which object cannot be read, and what gives the right', async () => {
    const target = (object: StoreTarget['object']): StoreTarget => ({
      connection: {
        host: '127.0.0.1',
        port: 1,
        database: 'd',
        user: 'u',
        password: 'p',
        declared: { cloudnativepg: { namespace: 'databases', name: 'orders' } },
      },
      members: () => Promise.resolve([]),
      ...(object !== undefined && { object }),
    });
    const settings = (object: StoreTarget['object']) =>
      cloudnativepg.manager.settings(target(object), { deadlineMs: 1000 });
    const asked: unknown[] = [];
    await settings((ref) => {
      asked.push(ref);
      return Promise.resolve(shown.HEALTHY);
    });
    assert.deepEqual(asked, [
      { apiVersion: 'postgresql.cnpg.io/v1', kind: 'Cluster', namespace: 'databases', name: 'orders' },
    ]);
    await assert.rejects(
      settings(() => Promise.reject(new Error('403 Forbidden'))),
      /the Cluster databases\/orders .* cannot be read: .*403 Forbidden; .* get clusters\.postgresql\.cnpg\.io/,
    );
    for (const none of [undefined, () => Promise.resolve(null)])
      await assert.rejects(settings(none), /is not there: see stores\.postgres\.cloudnativepg/);
  });
});
