import { ONE_TRACE, REQUESTS, SHARED, TRACES } from '../../_following/declaring.ts';
import { always, row } from '../../../catalogue/row.ts';
import { usualRequestsMs } from '../../../catalogue/time.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'telemetry/traces/complete',
    order: 840,
    touches: REQUESTS,
    title: 'Traces are complete',
    section: '2',
    access: 'w w w w w',
    does: 'many canary requests through the edge (canary.requests), each followed to its trace: services, parents and declared spans',
    goal: `${ONE_TRACE}; at least 99 % of the canary requests, 1,000 by default, with a sample large enough to say so; at least 99 % of all answered well`,
    goals: { visibleSeconds: 30, foundRatio: 0.99, answeredRatio: 0.99 },
    requires: TRACES,
    alone: always, // it sends a thousand requests through every store
    time: { ...SHARED.time, usualMs: usualRequestsMs('requests') },
  }),
];
