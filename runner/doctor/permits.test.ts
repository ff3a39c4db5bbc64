import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { KubeCall } from '../provider-safety.ts';
import { situationOf } from './_testing/situation.ts';
import { checks } from './checks.ts';
import type { Item } from './item.ts';
import { permits, permittedNow } from './permits.ts';

const staging = await loadEnvironment('staging');
const local = await loadEnvironment('local-small');
const DRILL = { checks: ['failover/postgres/pod-crash', 'failover/redis/pod-crash'] };

/** A cluster with this permit; the account may write it, or not. */
function permitting(data: Record<string, string> | null, writable = false): KubeCall {
  return ({ method }) =>
    Promise.resolve(
      method === 'POST'
        ? { status: 201, body: { status: { allowed: writable } } }
        : data === null
          ? { status: 404, body: {} }
          : { status: 200, body: { data } },
    );
}

const valid = { until: '2999-01-01T00:00:00Z', ticket: 'OPS-1' };
const wrong = (items: readonly Item[]): Item[] => items.filter(({ state }) => state === 'missing');

test('should name the permit of the owners where it is missing, or covers a part', async () => {
  const [none, ...more] = wrong(await permits.look(situationOf(staging, permitting(null), DRILL)));
  assert.match(none?.detail ?? '', /it does not exist/);
  assert.match(none?.add ?? '', /deploy\/permit\.yaml/);
  assert.deepEqual(more, []);
  const part = permitting({ checks: 'failover/redis/*', ...valid });
  const [of] = wrong(await permits.look(situationOf(staging, part, DRILL)));
  assert.match(of?.what ?? '', /for failover\/postgres\/pod-crash$/);
  const all = permitting({ checks: '**', ...valid });
  assert.deepEqual(wrong(await permits.look(situationOf(staging, all, DRILL))), []);
});

test('should not need the permit of the owners for what a profile does not require, and leave that out as a run does', async () => {
  const optional = [{ checks: ['failover/**'], reason: 'a test' }];
  const only = { ...DRILL, optional, required: ['failover/redis/pod-crash'] };
  const environment = { ...staging, profiles: { only } };
  const at = (kube: KubeCall) => situationOf(environment, kube, { profile: 'only' });
  const items = await permits.look(at(permitting(null)));
  assert.deepEqual(
    wrong(items).map(({ what }) => what.replace(/^.* for /, '')),
    ['failover/redis/pod-crash'],
  );
  const left = items.find(({ what, state }) => what.endsWith('postgres/pod-crash') && state === 'not needed');
  assert.match(left?.detail ?? '', /the profile does not require them, and leaves them out/);
  const run = async (kube: KubeCall): Promise<string[]> => {
    const { running, ...situation } = at(kube);
    return (await permittedNow({ ...situation, planned: running })).map(({ row }) => row.id);
  };
  assert.deepEqual(await run(permitting(null)), ['failover/redis/pod-crash']);
  assert.deepEqual(await run(permitting({ checks: '**', ...valid })), DRILL.checks);
});

test('should name a fault that may outlast its permit, in the file or of the owners, and leave that out as a run does', async () => {
  const soon = new Date(Date.now() + 60_000).toISOString();
  const checks = ['failover/postgres/hang', 'failover/redis/pod-crash'];
  const of = (until: string, required: string[]): typeof staging => ({
    ...staging,
    permits: [{ checks, faults: ['hang', 'pod-crash'], until, ticket: 'T' }],
    profiles: { only: { checks, optional: [{ checks, reason: 'a test' }], required } },
  });
  const at = (environment: typeof staging, until: string) =>
    situationOf(environment, permitting({ checks: '**', until, ticket: 'T' }), { profile: 'only' });
  const named = async (file: string, owners: string): Promise<string[]> =>
    wrong(await permits.look(at(of(file, checks), owners))).map(({ what }) => what);
  assert.deepEqual(await named(soon, valid.until), ['permit of the file for failover/postgres/hang']);
  const [ofOwners = '', ...more] = await named(valid.until, soon);
  assert.match(ofOwners, /^permit of the owners .* for failover\/postgres\/hang$/);
  assert.deepEqual(more, []);
  assert.deepEqual(await named(valid.until, valid.until), []);
  for (const [file, owners, left] of [
    [soon, valid.until, checks.slice(1)],
    [valid.until, soon, checks.slice(1)],
    [valid.until, valid.until, checks],
  ] as const) {
    const { running, ...situation } = at(of(file, []), owners);
    const run = await permittedNow({ ...situation, planned: running });
    assert.deepEqual(
      run.map(({ row }) => row.id),
      left,
    );
  }
});

test('should say that a permit which its own account may write guards nothing', async () => {
  const [found] = wrong(
    await permits.look(situationOf(staging, permitting({ checks: '**', ...valid }, true), DRILL)),
  );
  assert.match(found?.detail ?? '', /may write its own permit/);
});

test('should need no permit of owners where nothing is disturbed, or nobody else owns the cluster', async () => {
  const read = { checks: ['topology/nodes/pools'] };
  for (const situation of [
    situationOf(staging, permitting(null), read),
    situationOf(local, permitting(null)),
  ]) {
    const items = await permits.look(situation);
    assert.deepEqual(wrong(items), []);
    assert.ok(
      items.some(({ what, state }) => what.startsWith('permit of the owners') && state === 'not needed'),
    );
  }
});

test('should name what the file does not permit: missing where the profile requires it', async () => {
  const profile = { checks: ['failover/redis/pod-crash'], optional: [], required: [] };
  const of = (required: string[]): typeof staging => ({
    ...staging,
    permits: [],
    profiles: { only: { ...profile, required } },
  });
  const look = (required: string[]): Promise<Item[]> =>
    permits.look(situationOf(of(required), permitting(null), { profile: 'only' }));
  assert.deepEqual(wrong(await look([])), []);
  const [found] = wrong(await look(['failover/redis/pod-crash']));
  assert.match(found?.add ?? '', /permits: \[\{ checks: \['failover\/redis\/pod-crash'\]/);
});

test('should name a required check that nothing is declared for', async () => {
  const profile = { checks: ['topology/**'], optional: [], required: ['topology/edge/path'] };
  const bare = {
    ...staging,
    topology: { ...staging.topology, edge: undefined },
    profiles: { only: profile },
  };
  const found = wrong(await checks.look(situationOf(bare, null, { profile: 'only' })));
  assert.deepEqual(
    found.map(({ what }) => what),
    ['topology/edge/path'],
  );
  assert.match(found[0]?.detail ?? '', /not declared: topology\.edge/);
});

test('should say of a check that is neither declared nor permitted what the plan says of it, and nothing of permits', async () => {
  const profile = { checks: ['failover/redis/pod-delete'], optional: [], required: [] };
  const { redis: _redis, ...stores } = staging.stores;
  const only = { ...profile, required: profile.checks };
  const situation = situationOf({ ...staging, stores, permits: [], profiles: { only } }, permitting(null), {
    profile: 'only',
  });
  const [found, ...more] = wrong([...(await checks.look(situation)), ...(await permits.look(situation))]);
  assert.deepEqual([found?.what, more], ['failover/redis/pod-delete', []]);
  assert.match(found?.detail ?? '', /^required, and would not run: not declared: store redis$/);
});

test('should offer no permit for a check that no permit would let run', async () => {
  const ids = ['performance/api/latency', 'failover/redis/pod-crash'];
  const only = { checks: ids, optional: [], required: ids };
  const production = { ...staging, kind: 'production' as const, permits: [], profiles: { only } };
  const situation = situationOf(production, permitting(null), { profile: 'only' });
  const found = wrong([...(await checks.look(situation)), ...(await permits.look(situation))]);
  assert.deepEqual(found.map(({ what }) => what).toSorted(), ids.toSorted());
  for (const { detail, add } of found) {
    assert.match(detail, /^required, and would not run: not permitted: .* may only be read/);
    assert.match(add ?? '', /its id under `optional` of the profile/);
  }
});

test('should note a check that is run and cannot pass', async () => {
  const items = await checks.look(situationOf(staging, null, { checks: ['integrations/llm'] }));
  const found = items.find(({ what }) => what === 'integrations/llm');
  assert.deepEqual([found?.state, found?.notice], ['ok', true]);
  assert.match(found?.detail ?? '', /^it runs, and cannot pass: not declared: ai\.llm\.control/);
});
