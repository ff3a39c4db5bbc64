import { given, workloadsDeclared } from '../../_objects/declaring.ts';
import { WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/workloads/probes',
    order: 110,
    observe: async () => (await import('./observe.ts')).observe,
    judge: async () => (await import('./judge.ts')).judge,
    controls: async () => (await import('./controls.ts')).controls,
    touches: { lists: WORKLOADS },
    title: 'Liveness and readiness probes',
    section: '5.3',
    access: 'r r r r r',
    goal: 'a liveness and a readiness probe on every container that serves',
    requires: workloadsDeclared,
    reads: given('workloads'),
  }),
];
