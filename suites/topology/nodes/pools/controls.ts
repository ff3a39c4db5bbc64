import type { Control } from '../../../harness/control.ts';

/** The taint that Kubernetes adds to a cordoned node. Set here too, so that Kubernetes does not change the list that is put back later. */
const CORDONED = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const controls: readonly Control[] = [
  {
    id: 'topology/nodes/pools/cordoned',
    check: 'topology/nodes/pools',
    verdict: 'fail',
    size: 'any',
    title: 'a node of the general pool is cordoned and tainted',
    expectSeen: /cordoned/,
    break: (ctx) =>
      ctx.patch(
        { apiVersion: 'v1', kind: 'Node', name: 'worker-1' },
        {
          spec: {
            unschedulable: true,
            taints: [CORDONED, { key: 'plumbline.dev/control', effect: 'PreferNoSchedule' }],
          },
        },
      ),
  },
];
