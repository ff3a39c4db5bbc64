import { given, workloadsDeclared } from '../../_objects/declaring.ts';
import { WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/workloads/spread',
    order: 130,
    touches: { lists: ['v1/Pod', 'policy/v1/PodDisruptionBudget', ...WORKLOADS] },
    title: 'Replicas on different nodes, with a disruption budget',
    section: '5.1',
    access: 'r - - r r',
    does: 'where the pods of declared workloads with two replicas or more are, and those of the members of declared stores; workloads of one replica that share a disruption budget are named, and not judged, until their store is declared. A workload is let off by topology.workloads[].spread',
    goal: 'replicas, and the members of a store, on different nodes, and a PodDisruptionBudget that allows one disruption and not all, from 2 pods on; of a store it leaves most members, and a copy of what is kept in several',
    requires: workloadsDeclared,
    reads: given('workloads'),
  }),
];
