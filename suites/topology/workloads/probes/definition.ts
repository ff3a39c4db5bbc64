import { given, workloadsDeclared } from '../../_objects/declaring.ts';
import { WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/workloads/probes',
    order: 110,
    touches: { lists: ['v1/Service', 'v1/Pod', 'discovery.k8s.io/v1/EndpointSlice', ...WORKLOADS] },
    title: 'Liveness and readiness probes, and Services that follow them',
    section: '5.3',
    access: 'r r r r r',
    does: 'the templates of declared workloads that serve: of several containers in a pod those that declare a port, or all of them where none does or a Service leads to a port that none declares; it names the others. A Service and its pods are given the time-out `settle` to agree. A container that needs no probe is let off, with a reason, by topology.workloads[].exempt',
    goal: 'a liveness and a readiness probe on every container that serves; each Service of theirs leads to every ready pod that its selector chooses, and nowhere else',
    requires: workloadsDeclared,
    reads: given('workloads'),
  }),
];
