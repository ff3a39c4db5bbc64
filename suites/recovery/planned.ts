import { rows, wouldFail } from '../catalogue/row.ts';
import type { CatalogueRow } from '../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = rows(
  { age: 'The newest backup is young enough', restore: 'A backup can be restored, and is whole' },
  {
    prefix: 'recovery/backup',
    order: 660,
    section: '3.1',
    access: 'F - w w r',
    goal: 'the newest backup of each store is younger than its RPO; restored into a scratch place its counts and checksums match, within its time',
    planned: [wouldFail('a truncated backup')],
  },
);
