import { controlsFor } from '../../../harness/control.ts';

/** The taint that Kubernetes adds to a cordoned node. Set here too, so that Kubernetes does not change the list that is put back later. */
const CORDONED = { key: 'node.kubernetes.io/unschedulable', effect: 'NoSchedule' };

export const controls = controlsFor('topology/nodes/pools', {
  cordoned: {
    title: 'a node of the general pool is cordoned and tainted',
    seen: /taints of node worker-1/, // one cordoned node alone may be one that somebody upgrades
    break: {
      patch: [
        { apiVersion: 'v1', kind: 'Node', name: 'worker-1' },
        {
          spec: {
            unschedulable: true,
            taints: [CORDONED, { key: 'plumbline.dev/control', effect: 'PreferNoSchedule' }],
          },
        },
      ],
    },
  },
});
