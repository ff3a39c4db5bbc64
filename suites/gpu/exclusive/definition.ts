import { SHARED } from '../_pool/declaring.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'gpu/exclusive',
    order: 760,
    title: 'No device is given twice',
    access: 'w - w w r',
    does: 'pods that hold devices at the same time, and which device each was given; where it may only read, which pods Prometheus names as holders',
    goal: 'no device is held by more containers than may share it (one if it is not shared)',
  }),
];
