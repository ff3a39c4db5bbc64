import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Environment } from '../../env/schema.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Mutation } from '../provider-safety.ts';
import { ClusterPermits } from './cluster-permit.ts';
import { askingOf, permitOf, refusalOfLoad, refusedNow } from './permits.ts';

const CHECK = 'failover/backend/pod-crash';
const staging: Environment = {
  ...(await loadEnvironment('staging')),
  permits: [{ checks: ['failover/**'], faults: ['pod-crash'], until: '2999-01-01T00:00:00Z', ticket: 'T' }],
};
/** As the owners of the cluster write it: crashes of pods, and nothing else. */
const cluster = Object.assign(Object.create(ClusterPermits.prototype) as ClusterPermits, {
  problem: ({ fault }: { fault?: string }) =>
    fault === 'pod-crash' ? null : `no permit for ${fault ?? '–'}`,
});
const asked = (fault?: string): Mutation => ({
  check: CHECK,
  title: 't',
  access: 'fault',
  ...(fault !== undefined && { fault }),
  rollbacks: [],
  act: () => Promise.resolve(),
});

test('should let the fault through that the check declares and the permits name, and no other', async () => {
  const permit = permitOf(staging, cluster);
  assert.equal(await permit(asked('pod-crash')), null);
  assert.equal(await permit(asked()), null);
  for (const other of ['node-loss', 'hang', 'cut-then-crash'])
    assert.equal(await permit(asked(other)), `${CHECK} may inject pod-crash, but asks for ${other}`);
});

test('should let what an injector needs through with the permit of its fault', async () => {
  assert.equal(await permitOf(staging, cluster)(asked('injector')), null);
});

test('should let a fault that lasts through only where both permits hold for as long as it may stay', async () => {
  const check = 'failover/postgres/hang';
  const inSeconds = (seconds: number): string => new Date(Date.now() + seconds * 1000).toISOString();
  const until = (seconds: number): Environment => ({
    ...staging,
    permits: [
      { checks: ['failover/**'], faults: ['hang', 'pod-crash'], until: inSeconds(seconds), ticket: 'T' },
    ],
  });
  const staysMs: unknown[] = [];
  const owners = Object.assign(Object.create(ClusterPermits.prototype) as ClusterPermits, {
    problem: (asking: { staysMs?: number }) => (staysMs.push(asking.staysMs), null),
  });
  const restoreSeconds = staging.timeouts.restoreDeadline.seconds;
  const of = (environment: Environment, fault: string, of_: string) =>
    permitOf(environment, owners)({ ...asked(fault), check: of_ });
  // The privileged pod of the fault is asked for before the fault itself.
  for (const fault of ['hang', 'injector'])
    assert.match(
      (await of(until(restoreSeconds - 5), fault, check)) ?? '',
      /^its fault may stay for 600 s \(timeouts\.restoreDeadline\), and by then it would be not permitted: its permit ended/,
    );
  assert.equal(await of(until(restoreSeconds + 60), 'hang', check), null);
  assert.match(
    (await refusalOfLoad(until(restoreSeconds - 5), check, owners)) ?? '',
    /^its fault may stay for 600 s/,
    'nor a load before it',
  );
  // One that ends by itself needs no more than now.
  assert.equal(await of(until(5), 'pod-crash', CHECK), null);
  assert.deepEqual(staysMs, [restoreSeconds * 1000, undefined]);
  assert.deepEqual(askingOf(staging, CHECK), { check: CHECK, fault: 'pod-crash' });
});

test('should refuse a fault that lasts before anything is done where the permit of the file ends too soon', async () => {
  const until = new Date(Date.now() + 60_000).toISOString();
  const permit = {
    checks: ['failover/**'],
    faults: ['hang' as const, 'pod-crash' as const],
    until,
    ticket: 'T',
  };
  const checks = ['failover/postgres/hang', CHECK, 'failover/redis/pod-crash'];
  const owners = Object.assign(Object.create(ClusterPermits.prototype) as ClusterPermits, {
    ask: () =>
      Promise.resolve({ refused: new Map([['failover/redis/pod-crash', 'not named']]), weakness: 'w' }),
  });
  const { refused, weakness } = await refusedNow({ ...staging, permits: [permit] }, checks, owners);
  assert.deepEqual(
    [[...refused.keys()].sort(), weakness],
    [['failover/postgres/hang', 'failover/redis/pod-crash'], 'w'],
  );
  assert.match(
    refused.get('failover/postgres/hang') ?? '',
    /^its fault may stay for 600 s .*: its permit ended/,
  );
});

test('should let no load begin once either permit has ended', async () => {
  const check = 'performance/api/latency';
  const permit = { checks: ['performance/**'], faults: [], ticket: 'T' };
  const owners = (problem: string | null): ClusterPermits =>
    Object.assign(Object.create(ClusterPermits.prototype) as ClusterPermits, { problem: () => problem });
  const until = (end: string): Environment => ({ ...staging, permits: [{ ...permit, until: end }] });
  const permitted = until('2999-01-01T00:00:00Z');
  assert.equal(await refusalOfLoad(permitted, check, owners(null)), null);
  assert.equal(await refusalOfLoad(permitted, check, null), null);
  assert.equal(await refusalOfLoad(permitted, check, owners('it ended')), 'it ended');
  assert.match(
    (await refusalOfLoad(until('2020-01-01T00:00:00Z'), check, owners(null))) ?? '',
    /its permit ended 2020/,
  );
});
