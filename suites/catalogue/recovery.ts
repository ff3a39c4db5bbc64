import { rows, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

export const recovery: readonly CatalogueRow[] = rows(
  { age: 'The newest backup is young enough', restore: 'A backup can be restored, and is whole' },
  {
    prefix: 'recovery/backup',
    section: '3.1',
    access: 'F - w w r',
    goal: 'the newest backup of each store is younger than its RPO; restored into a scratch place its counts and checksums match, within its time',
    control: [turns('a truncated backup')],
  },
);
