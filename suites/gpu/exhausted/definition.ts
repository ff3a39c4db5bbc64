import { SHARED } from '../_pool/declaring.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'gpu/exhausted',
    order: 770,
    title: 'One pod too many stays Pending, for the right reason',
    // All devices must be taken to see it, so production is left out.
    access: 'w - w w -',
    does: 'pods that take every free device, and what the scheduler says of one more (observed together with gpu/release)',
    goal: 'with every device taken, one more pod stays Pending, and the scheduler names the resource as insufficient',
  }),
];
