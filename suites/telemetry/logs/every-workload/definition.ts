import { SHARED, source, WRITERS } from '../../_following/declaring.ts';
import { touching } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'telemetry/logs/every-workload',
    order: 810,
    touches: touching(WRITERS, { runner: ['telemetry.recent'] }),
    title: "Every workload's log lines arrive",
    section: '7',
    access: 'w w w w w',
    does: 'the last 20 lines of each container of every pod of every declared workload, looked for in the store of logs; it writes nothing',
    goal: "what the pods of every declared workload logged lately is in the store, compared with the nodes' own files; missing 0",
    goals: { visibleSeconds: 30, missing: 0 },
    requires: source('logs'),
    time: {
      // Line writers start on every node and are removed; lines of a workload that are not found at once are searched for twice.
      waits: ['podReady', 'podGone', 'telemetryQuery', 'settle', 'settle', 'settle'],
      workMs: ({ topology }, { waitMs }) => 2 * topology.workloads.length * waitMs('telemetryQuery'),
      usualMs: 5_000,
    },
  }),
];
