import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rowOf } from '../../catalogue/rows.ts';
import { judge } from '../../_testing/histories.ts';
import type { Seen } from '../../_testing/histories.ts';

const API = { kind: 'Deployment', namespace: 'tender', name: 'api', replicas: { min: 2, max: 2 } };
const workload = 'Deployment tender/api';
const EXEMPT = / \(an exception with a reason: topology\.workloads\[\]\.exempt\)$/;

function reasonOf(check: string, seen: Seen[]): string {
  const settings = { workloads: [{ ...API, serves: true }], registry: { prefixes: ['reg/'], pinned: 'tag' } };
  const judged = judge({ check: `topology/workloads/${check}`, settings, seen });
  assert.equal(judged.verdict, 'fail', judged.reason);
  return judged.reason;
}

test('should lead from a container that fails to the key that lets it off', () => {
  const template: Seen = ['template', { workload, containers: ['c'], initContainers: [] }];
  const none = { cpu: null, memory: null };
  const line = (kind: string, more: object): Seen => [
    `container-${kind}`,
    { workload, container: 'c', ...more },
  ];
  const given = { requests: none, limits: none, devices: null };
  assert.match(reasonOf('resources', [template, line('resources', given)]), EXEMPT);
  assert.match(reasonOf('images', [template, line('image', { image: 'elsewhere/c:1' })]), EXEMPT);
});

test('should lead from replicas on one node to the key that lets their workload off', () => {
  const pods = ['api-1', 'api-2'].map((name) => ({ name, node: 'a' }));
  const placement = { workload, pods, wanted: 2 };
  const budget = { workload, name: 'api', expectedPods: 2, desiredHealthy: 1 };
  assert.match(
    reasonOf('spread', [
      ['placement', placement],
      ['budget', budget],
    ]),
    / \(an exception: topology\.workloads\[\]\.spread\)$/,
  );
});

test('should offer no exception for what is not there at all', () => {
  for (const check of ['probes', 'resources', 'images'])
    assert.doesNotMatch(reasonOf(check, []), /exception/, check);
});

test('should say in `explain` which key lets something off', () => {
  for (const [check, key] of [
    ['probes', 'exempt'],
    ['resources', 'exempt'],
    ['images', 'exempt'],
    ['spread', 'spread'],
  ])
    assert.ok(rowOf(`topology/workloads/${check}`)?.does?.includes(`topology.workloads[].${key}`), check);
});
