import { always, row } from '../catalogue/row.ts';
import type { CatalogueRow } from '../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'scaling/nodes/autoscale',
    order: 710,
    title: 'Pending pods get a node',
    section: '5.1',
    access: '- - - w -',
    goal: 'a node within the declared time',
    alone: always,
  }),
];
