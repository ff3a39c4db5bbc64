import { ONE_TRACE, REQUESTS, SHARED, TRACES } from '../../_following/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'telemetry/traces/canary',
    order: 830,
    touches: REQUESTS,
    title: 'A canary request becomes one trace',
    section: '2',
    access: 'w w w w w',
    does: 'a few canary requests through the edge (canary.few), each followed to its trace: services, parents and declared spans',
    goal: `${ONE_TRACE}; every one of a few, 40 by default`,
    goals: { visibleSeconds: 30, missing: 0 },
    requires: TRACES,
  }),
];
