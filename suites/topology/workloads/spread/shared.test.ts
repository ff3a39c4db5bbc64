/** Workloads of one replica that belong together although nothing declared says so. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import { judgedOver } from '../../_testing/observing.ts';

const NAMES = ['pg-a', 'pg-b', 'pg-c'];
const labels = { app: 'pg' };
const postgres = {
  members: 3,
  statefulSets: { namespace: 'databases', sets: NAMES.map((name) => ({ name, members: 1 })) },
};

const setOf = (name: string): object => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { namespace: 'databases', name },
  spec: { replicas: 1, template: { metadata: { labels }, spec: { containers: [] } } },
});
const podOf = (name: string, at: number): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    namespace: 'databases',
    name: `${name}-0`,
    labels,
    ownerReferences: [{ kind: 'StatefulSet', name, controller: true }],
  },
  spec: { containers: [], nodeName: `node-${at}` },
  status: { phase: 'Running' },
});

/** @param selector of the disruption budget */
function over(stores: object, selector: object, names: readonly string[] = NAMES): Promise<Judgement> {
  const workloads = names.map((name) => ({
    kind: 'StatefulSet',
    namespace: 'databases',
    name,
    serves: true,
    store: 'postgres',
    replicas: { min: 1, max: 1 },
  }));
  const budget = {
    apiVersion: 'policy/v1',
    kind: 'PodDisruptionBudget',
    metadata: { namespace: 'databases', name: 'pg' },
    spec: { minAvailable: 2, selector: { matchLabels: selector } },
  };
  return judgedOver('topology/workloads/spread', {
    settings: { workloads, stores },
    objects: [...names.map(setOf), ...names.map(podOf), budget] as { apiVersion: string; kind: string }[],
  });
}

const SHARED =
  /; not judged: StatefulSet databases\/pg-a, StatefulSet databases\/pg-b, .*under one disruption budget \(databases\/pg\)/;

test('should name workloads of one replica that share a disruption budget', async () => {
  assert.match((await over({}, labels)).seen, SHARED);
});

test('should name none that nothing takes together, nor members of a declared store', async () => {
  for (const [stores, selector, names] of [
    [{}, { app: 'other' }, NAMES],
    [{}, labels, ['pg-a']],
    [{ postgres }, labels, NAMES],
  ] as const)
    assert.doesNotMatch((await over(stores, selector, names)).seen, /not judged/);
  assert.equal((await over({ postgres }, labels)).verdict, 'pass', 'its members are judged');
});
