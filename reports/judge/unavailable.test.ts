import assert from 'node:assert/strict';
import { test } from 'node:test';
import { invent } from '../../suites/_testing/histories.ts';
import { wholeRules } from './evidence/whole.ts';
import { refusalText, unavailableText } from './unavailable.ts';

const refused = (words: string): string =>
  `forbidden: list /api/v1/x: 403 x is forbidden: User "system:serviceaccount:a:b" cannot ${words}`;
const NODES = refused('list resource "nodes" in API group "" at the cluster scope');

test('should say which right an account lacks, with its group and namespace', () => {
  const of = (reason: string, what = 'v1/Node'): string => unavailableText({ what, reason });
  assert.equal(of(NODES), 'this account may not list nodes');
  const rollouts = refused('list resource "rollouts" in API group "argoproj.io" in the namespace "tender"');
  assert.equal(
    of(rollouts, 'argoproj.io/v1alpha1/Rollout'),
    'this account may not list rollouts.argoproj.io in namespace tender',
  );
  const exec = refused('create resource "pods/exec" in API group "" in the namespace "tender"');
  assert.equal(
    of(exec, 'the members of redis'),
    'the members of redis unavailable: this account may not create pods/exec in namespace tender',
  );
});

test('should leave every other cause as it is', () => {
  for (const reason of ['timeout: list /api/v1/nodes', 'forbidden: no', 'forbidden: 403 quota exceeded']) {
    assert.equal(unavailableText({ what: 'v1/Node', reason }), `v1/Node unavailable: ${reason}`);
    assert.equal(refusalText({ reason }), null);
  }
  assert.equal(refusalText({ reason: NODES }), NODES);
});

test('should say once what several lists were refused for', () => {
  const seen = ['v1/Node', 'v1/Node'].map((what): [string, Record<string, unknown>] => [
    'unavailable',
    { what, reason: NODES },
  ]);
  const rules = wholeRules(invent({ check: 'topology/nodes/pools', seen }));
  assert.deepEqual(
    rules.filter(({ id }) => id === 'whole/unavailable').map(({ text }) => text),
    ['this account may not list nodes'],
  );
});
