import { declared, given } from '../../_objects/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';
import { OBSERVES } from './observations.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/storage/persistent',
    order: 70,
    observes: OBSERVES,
    observe: async () => (await import('./observe.ts')).observe,
    judge: async () => (await import('./judge.ts')).judge,
    controls: async () => (await import('./controls.ts')).controls,
    title: 'Data lives on persistent volumes and survives its pod',
    section: '5.1',
    access: 'w r w w r',
    goal: 'every StatefulSet with data: PVC Bound, no emptyDir or hostPath for data, the declared StorageClass; bytes survive the pod',
    requires: declared('storage'),
    reads: given('storage', 'workloads', 'network'),
  }),
];
