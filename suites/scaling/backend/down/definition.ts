import { upAndDown, WHILE_LOADED } from '../../_autoscaler/declaring.ts';
import { backend } from '../../../catalogue/requirements.ts';
import { always, row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'scaling/backend/down',
    order: 690,
    touches: WHILE_LOADED,
    title: 'The backend shrinks again, without flapping',
    section: '5.2',
    access: 'w - w w -',
    goal: 'back to the minimum within the stabilisation window, the time that its policies (behavior.scaleDown) take, and 60 s; no flapping, and at most 0.1 % of the requests fail',
    goals: { extraSeconds: 60, failedRatio: 0.001, flapSeconds: 300, deliveredShare: 0.98 },
    requires: backend,
    alone: always,
    time: upAndDown,
  }),
];
