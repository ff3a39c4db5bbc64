import { given, someStore } from '../../_objects/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';
import { OBSERVES } from './observations.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/storage/durability',
    order: 80,
    observes: OBSERVES,
    observe: async () => (await import('./observe.ts')).observe,
    judge: async () => (await import('./judge.ts')).judge,
    controls: async () => (await import('./controls.ts')).controls,
    touches: { runner: ['store.servers', 'store.describe'] },
    title: 'The durability settings of the stores',
    section: '5.2',
    access: 'r r r r r',
    goal: 'fsync, synchronous_commit, appendfsync, translog.durability and quorum queues are as declared, on every member',
    requires: someStore,
    reads: given(),
    asksStores: true,
  }),
];
