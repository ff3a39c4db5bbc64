import { LOG_GOALS, SHARED, source, WRITERS } from '../../_following/declaring.ts';
import { touching } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import { usualLinesMs } from '../../../catalogue/time.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'telemetry/logs/canary',
    order: 800,
    touches: touching(WRITERS, { runner: ['telemetry.start', 'telemetry.disk'] }),
    title: 'Canary log lines arrive',
    section: '7',
    access: 'w w w w w',
    does: "numbered lines of a pod on every Ready node, or on a sample of 200 at most with one of each pool: what arrives in the store of logs, compared with the nodes' own files",
    goal: 'numbered lines from a pod on every node, or on the sample, visible within 30 s; missing, duplicated, out of order and late are counted; missing 0',
    goals: LOG_GOALS,
    requires: source('logs'),
    time: { ...SHARED.time, usualMs: usualLinesMs },
  }),
];
