import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { kindNames, kindOf, ownKeys, ownKeysOnly, tenant, withTenant } from './kinds.ts';
import type { SignalKind } from './kinds.ts';

const text = z.string().optional().describe('a place');
const KINDS: readonly SignalKind[] = [
  { kind: 'one', label: 'One', metWith: null, own: { place: text } },
  { kind: 'two', label: 'Two', metWith: '2.0', own: { place: text, tenant } },
];
const section = z.strictObject({ kind: kindNames(KINDS), ...ownKeys(KINDS) }).superRefine(ownKeysOnly(KINDS));

const problemsOf = (given: object) =>
  section.safeParse(given).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

test('should make one section of the keys of every kind, and refuse those of another', () => {
  assert.deepEqual(problemsOf({ kind: 'two', place: 'here', tenant: 'a' }), []);
  assert.deepEqual(problemsOf({ kind: 'one', tenant: 'a' }), [
    'tenant: no such key with kind one; it belongs to two',
  ]);
  assert.match(problemsOf({ kind: 'three' }).join(), /^kind: .*"one"\|"two"/);
  assert.match(problemsOf({ kind: 'one', plce: 'x' }).join(), /plce/);
});

test('should say of each key which kinds have it', () => {
  const keys = ownKeys(KINDS);
  assert.equal(keys['place']?.description, 'Only with kind one, two: a place');
  assert.match(keys['tenant']?.description ?? '', /^Only with kind two: whose data/);
});

test('should find a kind, or say which there are', () => {
  assert.equal(kindOf(KINDS, 'two').label, 'Two');
  assert.throws(() => kindOf(KINDS, 'three'), /no kind "three"; there are one, two/);
});

test('should add the header of a tenant to others, and none where none is named', () => {
  const address = { url: 'http://x', headers: { a: 'b' } };
  assert.deepEqual(withTenant(address, 'team').headers, { a: 'b', 'X-Scope-OrgID': 'team' });
  assert.equal(withTenant(address, undefined), address);
});
