import { EVIDENCE, given, someStore } from '../../_objects/declaring.ts';
import { touching } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/workloads/roles',
    order: 100,
    touches: {
      ...touching(EVIDENCE, {
        lists: ['v1/Pod'],
        runner: ['store.describe', 'store.refusesWrites', 'store.onlyReads'],
      }),
      leavesOut: ['store.refusesWrites'],
    },
    title: 'Leaders and replicas of the stores',
    section: '5.2',
    access: 'r r r r r',
    goal: 'PostgreSQL: one primary, streaming replicas, one of them waited for by commits where 0 lost writes are promised, a read Service that refuses writes; the other stores likewise',
    requires: someStore,
    reads: given(),
    asksStores: true,
  }),
];
