/** Workloads as the API server lists them, through observers and judges. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { judgedOver } from '../_testing/observing.ts';

const labels = { app: 'api' };
const LISTED = { apiVersion: 'v1', kind: 'Pod' };

interface Placed {
  node?: string;
  phase?: string;
}

/** A pod of the Deployment; kubelet drops the status of the containers of a pod that it evicts. */
const podOf = ({ node, phase = 'Running' }: Placed, at: number) => ({
  ...LISTED,
  metadata: {
    ...{ namespace: 'tender', name: `api-5d8-${at}`, creationTimestamp: '2026-01-01T00:00:00Z' },
    labels: { ...labels, 'pod-template-hash': '5d8' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'api-5d8', controller: true }],
  },
  spec: { ...(node !== undefined && { nodeName: node }), containers: [{ name: 'api', image: 'api:1' }] },
  status: {
    phase,
    ...(phase === 'Running' && {
      containerStatuses: [{ name: 'api', ready: true, restartCount: 0, imageID: 'i' }],
    }),
  },
});

interface Deployed {
  replicas: { min: number; max: number };
  /** As `spec.replicas` has it. */
  wanted: number;
  pods: readonly Placed[];
  /** As the disruption controller counts; `minAvailable: 1` when left out. */
  budget?: { expectedPods: number; desiredHealthy: number };
}

function over(check: string, { replicas, wanted, pods, budget }: Deployed): Promise<Judgement> {
  const meta = { namespace: 'tender', name: 'api', generation: 1 };
  const running = pods.filter(({ phase = 'Running' }) => phase === 'Running').length;
  const counted = { replicas: running, readyReplicas: running, updatedReplicas: running };
  const workload = { kind: 'Deployment', namespace: 'tender', name: 'api', replicas, serves: true };
  return judgedOver(`topology/workloads/${check}`, {
    settings: {
      workloads: [workload],
      closed: { namespaces: ['tender'], ignore: [] },
      registry: { prefixes: ['api'], pinned: 'tag' },
    },
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tender' } },
      {
        ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta },
        spec: {
          replicas: wanted,
          template: { metadata: { labels }, spec: { containers: [{ name: 'api', image: 'api:1' }] } },
        },
        status: { observedGeneration: 1, ...counted },
      },
      {
        ...{ apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: meta },
        spec: { minAvailable: 1, selector: { matchLabels: labels } },
        status: budget ?? { expectedPods: running, desiredHealthy: 1 },
      },
      ...pods.map(podOf),
    ] as { apiVersion: string; kind: string }[],
  });
}

describe('pods that have ended and are still listed', () => {
  const two = { replicas: { min: 2, max: 2 }, wanted: 2 };
  const onBoth = [{ node: 'a' }, { node: 'b' }];

  it('should not count for replicas on another node', async () => {
    for (const phase of ['Failed', 'Succeeded']) {
      const pods = [{ node: 'a' }, { node: 'a' }, { node: 'b', phase }];
      const { verdict, reason } = await over('spread', { ...two, pods });
      assert.equal(verdict, 'fail', phase);
      assert.match(reason, /placement of Deployment tender\/api: expected 2 different nodes/);
    }
    assert.equal((await over('spread', { ...two, pods: onBoth })).verdict, 'pass');
  });

  it('should leave no check of a healthy workload undecided, however many there are', async () => {
    const evicted = Array.from({ length: 20 }, () => ({ node: 'b', phase: 'Failed' }));
    for (const check of ['declared', 'images', 'spread']) {
      const { verdict, reason } = await over(check, { ...two, pods: [...onBoth, ...evicted] });
      assert.equal(verdict, 'pass', `${check}: ${reason}`);
    }
  });
});
