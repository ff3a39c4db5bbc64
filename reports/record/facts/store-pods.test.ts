import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  isPodOfSet,
  memberAlone,
  memberNames,
  memberNamespace,
  memberSets,
  membersApart,
  podsOfSet,
} from './store-pods.ts';

const SETS = {
  members: 3,
  statefulSets: {
    namespace: 'search',
    sets: [
      { name: 'es-data', members: 2 },
      { name: 'es-master', members: 1 },
    ],
  },
};

test('should name the pods of one StatefulSet, and of several that have the members together', () => {
  const one = { members: 2, statefulSet: { namespace: 'tender', name: 'redis' } };
  assert.deepEqual(memberNames(one, []), ['redis-0', 'redis-1']);
  assert.deepEqual(memberNames(SETS, []), ['es-data-0', 'es-data-1', 'es-master-0']);
  assert.deepEqual(memberSets(SETS)[1], { namespace: 'search', name: 'es-master', members: 1 });
  assert.deepEqual([one, SETS].map(memberNamespace), ['tender', 'search']);
});

test('should know the one member that has a StatefulSet of its own beside another set, and no other', () => {
  assert.deepEqual([memberAlone(SETS)?.name, membersApart(SETS)], ['es-master', 0]);
  const sets = (...members: number[]) => ({
    members: members.reduce((sum, one) => sum + one, 0),
    statefulSets: { namespace: 'search', sets: members.map((of, at) => ({ name: `s${at}`, members: of })) },
  });
  assert.deepEqual(
    [memberAlone(sets(1)), memberAlone(sets(2, 3)), memberAlone(sets(1, 1, 3))],
    [null, null, null],
  );
  assert.deepEqual([membersApart(sets(1)), membersApart(sets(1, 1, 3))], [0, 2]);
});

test('should number the pods of a StatefulSet from its first ordinal', () => {
  assert.deepEqual(podsOfSet({ name: 'pg', members: 2 }), ['pg-0', 'pg-1']);
  assert.deepEqual(podsOfSet({ name: 'pg', members: 2 }, 5), ['pg-5', 'pg-6']);
  const own = ['pg-0', 'pg-15', 'pg-a', 'pg-a-0', 'pg-', 'pgx-0'].filter((pod) =>
    isPodOfSet(pod, { name: 'pg' }),
  );
  assert.deepEqual(own, ['pg-0', 'pg-15']);
});

test('should number the members from the least that was seen, where one is too high to be numbered from 0', () => {
  const names = (...seen: string[]) => memberNames(SETS, seen);
  const fromZero = ['es-data-0', 'es-data-1', 'es-master-0'];
  assert.deepEqual(names('es-data-6', 'es-data-5', 'es-master-0'), ['es-data-5', 'es-data-6', 'es-master-0']);
  assert.deepEqual(names('es-master-3'), ['es-data-0', 'es-data-1', 'es-master-3']);
  assert.deepEqual(names('es-data-1'), fromZero);
  assert.deepEqual(names('es-data-0', 'es-data-2', 'es-data-x', 'other-7'), fromZero);
});

test('should name nobody where labels choose the pods, or there are none', () => {
  const byLabels = { members: 3, pods: { namespace: 'db', labels: { 'cnpg.io/cluster': 'pg' } } };
  assert.deepEqual([memberNames(byLabels, []), memberNamespace(byLabels)], [null, 'db']);
  assert.deepEqual([memberNames({ members: 1 }, []), memberNamespace({ members: 1 })], [null, null]);
});
