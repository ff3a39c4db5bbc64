import { row, wouldFail } from '../catalogue/row.ts';
import type { CatalogueRow } from '../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'integrations/object-storage',
    order: 1080,
    title: 'Object storage keeps what it is given',
    section: '7',
    access: 'w w w w w',
    goal: 'put, get, multipart, list, delete, with matching checksums',
    planned: [wouldFail('a wrong key')],
  }),
];
