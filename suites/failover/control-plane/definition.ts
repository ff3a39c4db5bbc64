/** Writes to the Kubernetes API while what leads it is hit. */
import { embeddedCluster } from '../../catalogue/embedded.ts';
import { TRIAL } from '../_trial/touches.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow, Time } from '../../catalogue/types.ts';
import type { ControlPlaneFault } from '../../../reports/record/names/control-plane-faults.ts';

const controlPlaneTime: Time = {
  waits: [
    'steadyState',
    'faultLanding',
    'rtoDeadline',
    'rtoDeadline',
    'clientLoadStop',
    'membersRejoined',
    'membersRejoined',
    'settle',
    'settle',
    'settle',
    'settle',
  ],
  usualMs: 150_000,
};

function controlPlaneRow(fault: ControlPlaneFault, own: Pick<CatalogueRow, 'order' | 'title'>): CatalogueRow {
  return row({
    id: `failover/control-plane/${fault}`,
    observe: async () => {
      const { observe } = await import('./observe.ts');
      return (ctx) => observe(ctx, fault);
    },
    section: '5.1',
    access: 'F - - F -',
    goal: 'the API is writable again within 15 s, another one leads within 30 s, workloads undisturbed',
    // A lease of kube-controller-manager runs 15 s and is looked at every 2 s, by default; etcd elects within seconds.
    goals: { rtoSeconds: 15, leaderSeconds: 30 },
    needsSize: 'full',
    requires: [
      { what: 'apiAddress', declares: ({ apiAddress }) => apiAddress !== undefined },
      embeddedCluster,
    ],
    touches: {
      lists: ['v1/Pod', 'autoscaling/v2/HorizontalPodAutoscaler'],
      reads: ['coordination.k8s.io/v1/Lease'],
      makes: ['v1/ConfigMap'],
      execs: ['kube-system'],
      runner: [...(TRIAL.runner ?? []), 'store.describe', 'clientLoad.start', 'controlPlane.crash'],
      embeddedOnly: true,
    },
    injects: {},
    time: controlPlaneTime,
    ...own,
  });
}

export const checks: readonly CatalogueRow[] = [
  controlPlaneRow('leader-crash', { order: 610, title: 'Control plane: the leader crashes' }),
  controlPlaneRow('etcd-crash', { order: 620, title: 'Control plane: an etcd member crashes' }),
];
