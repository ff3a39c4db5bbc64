import { ONE_TRACE, TRACES, UNDER_FAULT } from '../../_following/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'telemetry/traces/under-fault',
    order: 850,
    title: 'Traces are complete under a fault',
    section: '2',
    does: "canary requests through the edge while PostgreSQL's leader is hit (canary.fault, a pod-crash by default); those that were accepted are followed to their traces",
    goal: `${ONE_TRACE}; at least 99 % of the requests that were accepted, although PostgreSQL's leader crashed meanwhile; at least half of all accepted`,
    goals: { visibleSeconds: 30, foundRatio: 0.99, answeredRatio: 0.5 },
    ...UNDER_FAULT,
    requires: TRACES,
  }),
];
