import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isIn } from './cache/ready.ts';
import type { RolloutObject, WorkloadObject } from './objects.ts';
import { asWorkload, ownerOf, rolloutStatus } from './workloads.ts';

const TEMPLATE = { spec: { containers: [{ name: 'app', image: 'app:1' }] } };

/** As Argo Rollouts writes it (`RolloutObject`). */
const rollout = (
  spec: Partial<RolloutObject['spec']>,
  status: RolloutObject['status'] = {},
): RolloutObject => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Rollout',
  metadata: { name: 'api', namespace: 'shop', generation: 7 },
  spec: { replicas: 3, ...spec },
  status: { observedGeneration: '7', replicas: 3, readyReplicas: 3, updatedReplicas: 3, ...status },
});
const deployment = (namespace: string): WorkloadObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'api-base', namespace },
  spec: { replicas: 0, selector: { matchLabels: { app: 'api' } }, template: TEMPLATE },
});

describe('a Rollout', () => {
  it('should be as the other workloads, with its own template', () => {
    const found = asWorkload(rollout({ template: TEMPLATE }), []);
    assert.deepEqual(found?.spec.template, TEMPLATE);
    assert.equal(found.status?.observedGeneration, 7);
    assert.equal(found.spec.replicas, 3);
  });

  it('should have the template of the Deployment to which it refers, in its own namespace', () => {
    const refers = rollout({ workloadRef: { kind: 'Deployment', name: 'api-base' } });
    const found = asWorkload(refers, [deployment('another'), deployment('shop')]);
    assert.deepEqual(
      [found?.spec.template, found?.spec.selector],
      [TEMPLATE, { matchLabels: { app: 'api' } }],
    );
    assert.equal(found?.spec.replicas, 3, 'not those of the Deployment, which is scaled to none');
    assert.equal(asWorkload(refers, [deployment('another')]), null);
    const other = rollout({ workloadRef: { kind: 'ReplicaSet', name: 'api-base' } });
    assert.equal(asWorkload(other, [deployment('shop')]), null);
  });

  it('should be read by a status whose generation is no number', () => {
    assert.equal(rolloutStatus(rollout({}, { observedGeneration: '7c9f' })).observedGeneration, undefined);
  });

  it('should be waited for as a Deployment is', () => {
    assert.ok(isIn('ready', rollout({})));
    assert.ok(
      !isIn('ready', rollout({}, { observedGeneration: '6' })),
      'its controller has not seen the change',
    );
    assert.ok(!isIn('ready', rollout({}, { readyReplicas: 2 })));
    assert.ok(!isIn('ready', rollout({}, { updatedReplicas: 1 })), 'a canary is not done');
  });

  it('should own the pods of its ReplicaSets, by the label of its controller', () => {
    const pod = (labels: Record<string, string>) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      spec: { containers: [] },
      status: {},
      metadata: {
        name: 'api-5f9d-x',
        namespace: 'shop',
        labels,
        ownerReferences: [{ kind: 'ReplicaSet', name: 'api-5f9d', uid: 'x', controller: true }],
      },
    });
    const of = (labels: Record<string, string>): unknown => ownerOf(pod(labels));
    assert.deepEqual(of({ 'rollouts-pod-template-hash': '5f9d' }), { kind: 'Rollout', name: 'api' });
    assert.deepEqual(of({ 'pod-template-hash': '5f9d' }), { kind: 'Deployment', name: 'api' });
    assert.deepEqual(of({}), { kind: 'ReplicaSet', name: 'api-5f9d' });
  });
});
