import { SHARED } from '../_pool/declaring.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'gpu/release',
    order: 780,
    touches: { ...SHARED.touches, runner: ['node.restart'] },
    title: 'Devices come back when a pod ends',
    // In the embedded environment the node is restarted as well.
    access: 'F - w w -',
    does: 'every device taken, one of its holders deleted, and the time until a waiting pod has the device (observed together with gpu/exhausted); in the embedded environment also the restart of a node of the pool',
    goal: 'a device is in use again within 30 s after the pod that held it is deleted, and, in the embedded environment, within 30 s after a restarted node returns',
    goals: { releaseSeconds: 30 },
  }),
];
