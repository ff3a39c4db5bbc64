import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invent } from '../../../suites/_testing/histories.ts';
import type { Seen } from '../../../suites/_testing/histories.ts';
import { afterwardsRules } from './afterwards.ts';
import { evidenceRules, need } from './need.ts';
import { wholeRules } from './whole.ts';

const check = 'topology/nodes/pools';
const history = (...seen: Seen[]) => invent({ check, seen });
const unavailable = (what: string): Seen => ['unavailable', { what, reason: 'timeout' }];

const NEED = need('unavailable', { subjects: ['a', 'b'], of: (seen) => seen.what });

test('should name what a pass rests on, and what is missing of the declared subjects', () => {
  const [there] = evidenceRules(history(unavailable('a'), unavailable('b')), [NEED], true);
  assert.deepEqual(there, {
    id: 'evidence/unavailable',
    verdict: 'pass',
    text: 'unavailable: 2 recorded, at least one for each of 2 declared',
  });
  assert.deepEqual(evidenceRules(history(unavailable('a')), [NEED], true), [
    { id: 'evidence/unavailable', verdict: 'inconclusive', text: 'unavailable of b: not seen' },
  ]);
});

test('should tell observations from the declared subjects that they are of', () => {
  const text = (subjects: string[], ...whats: string[]): string | undefined =>
    evidenceRules(
      history(...whats.map(unavailable)),
      [need('unavailable', { subjects, of: (seen) => seen.what, what: 'pods' })],
      true,
    )[0]?.text;
  assert.equal(text(['a', 'b'], 'a', 'b', 'b'), 'pods: 3 recorded, at least one for each of 2 declared');
  assert.equal(text(['a'], 'a', 'a'), 'pods: 2 recorded, for the one declared');
  assert.equal(text([], 'a'), 'pods: 1 recorded, none is declared');
});

test('should fail on what is declared and absent only where the observation was complete', () => {
  const declared = need('unavailable', { absent: 'fail', count: 2 });
  const verdict = (complete: boolean): string[] =>
    evidenceRules(history(unavailable('a')), [declared], complete).map((rule) => rule.verdict);
  assert.deepEqual(verdict(true), ['fail']);
  assert.deepEqual(verdict(false), ['inconclusive']);
});

test('should not call a history whole that was cut off or damaged', () => {
  const open = (of: Parameters<typeof wholeRules>[0]): string[] =>
    wholeRules(of)
      .filter(({ verdict }) => verdict !== 'pass')
      .map(({ id }) => id);
  assert.deepEqual(open(history()), []);
  assert.deepEqual(open(invent({ check, seen: [], cut: true })), ['whole/end']);
  assert.deepEqual(open({ ...history(), damaged: [{ file: 'check.ndjson', line: 2 }] }), ['whole/damaged']);
  assert.deepEqual(open(history(unavailable('v1/Node'))), ['whole/unavailable']);
});

const BACK: Seen = ['steady-after', { ok: true, detail: 'all there' }];
const AS_BEFORE = { roles: [], objects: 3, differences: [] };

const STRAY = { kind: 'Pod', name: 'x', became: 'new', text: 'Pod x is new' } as const;

test('should owe afterwards what every trial owes', () => {
  const worst = (...seen: Seen[]): string[] =>
    afterwardsRules(history(...seen))
      .filter(({ verdict }) => verdict !== 'pass')
      .map(({ id, verdict }) => `${id} ${verdict}`);
  assert.deepEqual(worst(BACK, ['as-before', AS_BEFORE]), []);
  assert.deepEqual(worst(), ['afterwards/steady inconclusive', 'afterwards/compared inconclusive']);
  const barred: Seen = ['steady-after', { ok: false, detail: 'password refused', cannotAsk: 'credentials' }];
  assert.deepEqual(worst(barred, ['as-before', AS_BEFORE]), ['afterwards/steady inconclusive']);
  assert.deepEqual(worst(['steady-after', { ok: false, detail: 'no leader' }], ['as-before', AS_BEFORE]), [
    'afterwards/steady fail',
  ]);
  const roles = [{ store: 'postgres', before: 'leader, 2 replicas', after: '3 replicas' }];
  assert.deepEqual(worst(BACK, ['as-before', { ...AS_BEFORE, roles }]), ['afterwards/roles fail']);
  const uncompared = ['redis, broken before this trial: no master'];
  assert.deepEqual(worst(BACK, ['as-before', { ...AS_BEFORE, uncompared }]), []);
  assert.deepEqual(worst(BACK, ['as-before', { ...AS_BEFORE, differences: [STRAY] }]), [
    'afterwards/objects inconclusive',
  ]);
  assert.deepEqual(worst(BACK, ['as-before', { ...AS_BEFORE, unseen: 'no answer' }]), [
    'afterwards/objects inconclusive',
  ]);
  assert.deepEqual(
    worst(BACK, ['as-before', AS_BEFORE], ['restored-early-done', { undone: [], failed: ['x'] }]),
    ['afterwards/undone fail'],
  );
  assert.deepEqual(worst(BACK, ['as-before', AS_BEFORE], ['restored-early', { reason: 'too dear' }]), [
    'afterwards/undisturbed inconclusive',
  ]);
});

test('should hold what was compared against what is declared', () => {
  const stores = { postgres: { members: 3 }, redis: { members: 3 } };
  const role = (store: string) => ({ store, before: 'peer', after: 'peer' });
  const gap = (more: object): string | undefined =>
    afterwardsRules(
      invent({
        check,
        settings: { stores },
        seen: [BACK, ['as-before', { ...AS_BEFORE, roles: ['postgres', 'redis'].map(role), ...more }]],
      }),
    ).find(({ id }) => id === 'afterwards/compared')?.text;
  assert.equal(gap({}), undefined);
  assert.match(
    gap({ roles: ['redis', 'postgres'].map(role) }) ?? '',
    /roles of redis, postgres were compared/,
  );
  assert.match(gap({ objects: 0 }) ?? '', /0 objects were compared/);
  const unasked = 'redis, cannot be asked (route): 10.0.0.1';
  assert.equal(gap({ roles: [role('postgres')], uncompared: [unasked] }), undefined);
  assert.match(
    gap({ roles: [], uncompared: [unasked] }) ?? '',
    /roles of no store were compared and those of redis could not be, the declared stores are postgres, redis/,
  );
  for (const uncompared of [[], ['neo4j, broken before this trial'], [unasked, unasked]])
    assert.match(gap({ roles: [role('postgres')], uncompared }) ?? '', /roles of postgres were compared/);
  assert.match(
    gap({ uncompared: [unasked] }) ?? '',
    /roles of postgres, redis were compared and/,
    'not both',
  );
});

test('should hold no roles of another store against the one that was hit, unless the fault takes a node', () => {
  const stores = { postgres: { members: 3 }, redis: { members: 3 } };
  const role = (store: string, after = 'peer') => ({ store, before: 'peer', after });
  const told = (of: object, roles: object[], fault = 'pod-crash'): string[] =>
    afterwardsRules(
      invent({
        settings: { stores },
        seen: [
          ['fault-armed', { fault, target: 'a-0', members: [] }],
          BACK,
          ['as-before', { ...AS_BEFORE, roles }],
        ],
        check: 'failover/redis/pod-crash',
        ...of,
      }),
    )
      .filter(({ verdict }) => verdict !== 'pass')
      .map(({ id, verdict, text }) => `${id} ${verdict}: ${text}`);
  const other = [role('postgres', 'none'), role('redis')];
  const open =
    'afterwards/roles inconclusive: roles of stores that the fault did not hit are not as before: postgres was peer, is none';
  assert.deepEqual(told({}, other), [open]);
  const failed = 'afterwards/roles fail: roles are not as before: postgres was peer, is none';
  assert.deepEqual(told({}, other, 'node-loss'), [failed]);
  assert.deepEqual(told({ check, settings: { stores, store: 'redis' } }, other), [open]);
  assert.deepEqual(told({ check }, other), [failed], 'a check that hits no store of its own');
  const own = [role('postgres', 'none'), role('redis', 'none')];
  assert.deepEqual(told({}, own), [
    'afterwards/roles fail: roles are not as before: redis was peer, is none',
  ]);
});

test('should hold no roles against a fault of pods that are not the members of any store', () => {
  const set = (name: string) => ({ members: 3, statefulSet: { namespace: 'stores', name } });
  const stores = {
    postgres: set('pg'),
    redis: { members: 3, pods: { namespace: 'stores', labels: { app: 'redis' } } },
    neo4j: { members: 1 },
  };
  const worst = (changed: string, fault: string, ...pods: string[]): string => {
    const members = pods.map((name) => ({ name, uid: 'u', node: 'n', found: 'f' }));
    const roles = Object.keys(stores).map((store) => ({
      store,
      before: 'peer',
      after: store === changed ? 'none' : 'peer',
    }));
    const armed: Seen = ['fault-armed', { fault, target: 't', members }];
    const seen: Seen[] = [armed, BACK, ['as-before', { ...AS_BEFORE, roles }]];
    const rules = afterwardsRules(invent({ check: 'failover/backend/x', settings: { stores }, seen }));
    return rules.find(({ id }) => id === 'afterwards/roles')?.verdict ?? 'none';
  };
  for (const fault of ['pod-crash', 'pod-delete', 'hang'])
    assert.equal(worst('postgres', fault, 'api-6d5f-x'), 'inconclusive', fault);
  assert.equal(worst('postgres', 'rolling-restart'), 'inconclusive');
  assert.equal(worst('neo4j', 'pod-crash', 'api-6d5f-x'), 'inconclusive', 'an address without pods');
  assert.equal(worst('postgres', 'pod-crash', 'api-6d5f-x', 'pg-0'), 'fail', 'a member was hit');
  assert.equal(worst('redis', 'pod-crash', 'api-6d5f-x'), 'fail', 'its members have any name');
  assert.equal(worst('postgres', 'node-loss', 'api-6d5f-x'), 'fail');
  assert.equal(worst('postgres', 'etcd-crash', 'etcd-cp-1'), 'fail', 'of the control plane');
  assert.equal(worst('postgres', 'pod-crash'), 'fail', 'nobody knows what was hit');
});

test('should want the roles of the store that was hit, whatever is said of them', () => {
  const stores = { postgres: { members: 3 }, redis: { members: 3 } };
  const uncompared = ['redis, cannot be asked (route): 10.0.0.1'];
  const roles = [{ store: 'postgres', before: 'peer', after: 'peer' }];
  const seen: Seen[] = [BACK, ['as-before', { ...AS_BEFORE, roles, uncompared }]];
  const gap = (hit: string): string | undefined =>
    afterwardsRules(invent({ check: `failover/${hit}/pod-crash`, settings: { stores }, seen })).find(
      ({ id }) => id === 'afterwards/compared',
    )?.text;
  assert.equal(gap('postgres'), undefined);
  assert.equal(gap('redis'), 'the roles of redis, which the fault was to hit, were not compared');
});
