import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differences, rolesIn } from './snapshot.ts';

test('should name what is new, gone or changed, and nothing else', () => {
  const before = new Map([
    ['Deployment a', '{"replicas":2}'],
    ['Pod stray', 'there'],
    ['roles of postgres', 'leader, replica'],
  ]);
  const after = new Map([
    ['Deployment a', '{"replicas":0}'],
    ['Service new', '{}'],
    ['roles of postgres', 'leader, replica'],
  ]);
  assert.deepEqual(differences(before, after), [
    'Deployment a: was {"replicas":2}, is {"replicas":0}',
    'Pod stray is gone',
    'Service new is new',
  ]);
  assert.deepEqual(differences(before, before), []);
});

test('should let a pod go that was on its way out before, and wait for one that is after', () => {
  const going: [string, string] = ['Pod control-co-located-1 is going', 'yes'];
  assert.deepEqual(differences(new Map([going]), new Map()), []);
  assert.deepEqual(differences(new Map(), new Map([going])), ['Pod control-co-located-1 is going is new']);
});

test('should tell roles from objects', () => {
  const snapshot = new Map([
    ['roles of postgres', 'leader, replica; steady'],
    ['Service a', '{}'],
  ]);
  assert.deepEqual(rolesIn(snapshot), [{ store: 'postgres', roles: 'leader, replica; steady' }]);
});
