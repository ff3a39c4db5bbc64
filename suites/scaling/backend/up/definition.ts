import { upAndDown, WHILE_LOADED } from '../../_autoscaler/declaring.ts';
import { contract, together, wholeTopology } from '../../../catalogue/reads.ts';
import { backend } from '../../../catalogue/requirements.ts';
import { always, row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'scaling/backend/up',
    order: 680,
    touches: { ...WHILE_LOADED, runner: ['load.start', 'application.look'] },
    title: 'The backend grows under load',
    section: '5.2',
    access: 'w - w w -',
    goal: 'decision within 60 s, new pods ready within 90 s, the latency goal met again within 120 s',
    goals: { decisionSeconds: 60, readySeconds: 90, latencySeconds: 120, p95Ms: 500, deliveredShare: 0.98 },
    requires: backend,
    reads: together(wholeTopology, contract),
    alone: always,
    time: upAndDown,
  }),
];
