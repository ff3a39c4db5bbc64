import { LOGS_AND_TRACES, LOG_GOALS, UNDER_FAULT } from '../../_following/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'telemetry/logs/under-fault',
    order: 820,
    title: 'No log line is lost under a fault',
    section: '7',
    does: "numbered lines of a pod on every node, or on a sample of 200 at most with one of each pool, and lines of canary requests, while PostgreSQL's leader is hit (canary.fault, a pod-crash by default), compared with the nodes' own files",
    goal: "every line that is on the nodes' disks is in the store within 30 s, although PostgreSQL's leader crashed meanwhile; missing 0; at least half of the requests accepted",
    goals: { ...LOG_GOALS, answeredRatio: 0.5 },
    ...UNDER_FAULT,
    // The declared path of traces names the services whose lines are looked for.
    requires: LOGS_AND_TRACES,
  }),
];
