import { given, workloadsDeclared } from '../../_objects/declaring.ts';
import { devices, together } from '../../../catalogue/reads.ts';
import { WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/workloads/resources',
    order: 120,
    touches: { lists: WORKLOADS },
    title: 'Requests and limits',
    section: '5.2',
    access: 'r - r r r',
    does: 'the templates of declared workloads: a limit without a request counts as the request too, and what the pod has as a whole (spec.resources) as that of its containers; what a LimitRange adds to pods is in no template, and does not count. A container is let off, with a reason, by topology.workloads[].exempt',
    goal: 'CPU and memory requests and limits on every container, GPU where declared',
    requires: workloadsDeclared,
    reads: together(given('workloads'), devices),
  }),
];
