import { given } from '../../_objects/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow, Requirement } from '../../../catalogue/types.ts';

const durability: Requirement = {
  what: 'durability of a store',
  declares: ({ stores }) => Object.values(stores).some((store) => Object.keys(store.durability).length > 0),
};

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/storage/durability',
    order: 80,
    touches: { runner: ['store.servers', 'store.describe'] },
    title: 'The durability settings of the stores',
    section: '5.2',
    access: 'r r r r r',
    goal: 'fsync, synchronous_commit, appendfsync, translog.durability and quorum queues are as declared, on every member; those of PostgreSQL for every role and database, too',
    requires: durability,
    reads: given(),
    asksStores: true,
  }),
];
