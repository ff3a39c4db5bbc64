import { declared, given } from '../../_objects/declaring.ts';
import { WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import { shortTime } from '../../../catalogue/time.ts';
import { writes } from '../../../catalogue/reads.ts';
import type { CatalogueRow, Requirement } from '../../../catalogue/types.ts';

/** Where it writes a canary, it has that to look at. */
const data: Requirement = {
  what: 'a workload with `store`, or a store with `pods`',
  declares: (environment) =>
    writes(environment).writes === true ||
    environment.topology.workloads.some(({ store }) => store !== undefined) ||
    Object.values(environment.stores).some(({ pods }) => pods !== undefined),
};

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/storage/persistent',
    order: 70,
    touches: {
      // Events: whether a pod of the canary waits for its volume or for something else.
      lists: ['v1/PersistentVolumeClaim', 'v1/PersistentVolume', 'v1/Pod', 'v1/Event', ...WORKLOADS],
      makes: ['v1/PersistentVolumeClaim', 'v1/Pod'],
      logs: ['canary'],
      runner: ['store.servers'],
    },
    title: 'Data lives on persistent volumes and survives its pod',
    section: '5.1',
    podFields: ['volumeMounts'],
    access: 'w r w w r',
    goal: 'every StatefulSet with data: PVC Bound, no emptyDir or hostPath for data, its logs of writes and its tablespaces, the declared StorageClass; bytes survive the pod',
    requires: [declared('storage'), data],
    reads: given('storage', 'workloads', 'network', 'nodes'),
    // The pod that writes, its end, the pod that reads, the removal of both and of the claim.
    time: {
      waits: ['podReady', 'volumeBound', 'podGone', 'podReady', 'volumeBound', 'podGone', 'settle'],
      usualMs: shortTime.usualMs,
    },
  }),
];
