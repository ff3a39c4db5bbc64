import { LOGS_AND_TRACES, REQUESTS, SHARED } from '../_following/declaring.ts';
import { contract, together } from '../../catalogue/reads.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    reads: together(SHARED.reads, contract),
    id: 'telemetry/correlation',
    order: 860,
    touches: REQUESTS,
    title: 'Log lines carry the trace id of their request',
    section: '2',
    access: 'w w w w w',
    does: "the log lines of a few canary requests (canary.few) in the store, compared with the nodes' own files",
    goal: "every service of the path logs a line of the canary request within 30 s, and all of the request's lines carry its trace id",
    goals: { visibleSeconds: 30 },
    requires: LOGS_AND_TRACES,
  }),
];
