import { row, wouldFail } from '../catalogue/row.ts';
import type { CatalogueRow } from '../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'failover/dev/restart',
    order: 650,
    title: 'Compose: every store comes back with its data',
    section: '3.1',
    access: '- F - - -',
    goal: 'each Compose store back within 60 s, data kept',
    goals: { rtoSeconds: 60, lostWrites: 0 },
    planned: [wouldFail('no volume')],
  }),
];
