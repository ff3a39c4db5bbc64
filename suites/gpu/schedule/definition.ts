import { SHARED } from '../_pool/declaring.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'gpu/schedule',
    order: 740,
    title: 'Pods land only where devices are',
    access: 'w - w w r',
    does: 'a test pod that asks for a device and may run on any node; where gpu.workload declares a command, its output in that pod; the nodes on which declared workloads with devices run',
    goal: 'a pod that asks for a device runs on a node of the pool; where Plumbline may start such a pod, the pod knows which device it has, and a real device answers',
  }),
];
