import { EVIDENCE, given, LEASES } from '../../_objects/declaring.ts';
import { touching } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'topology/nodes/pools',
    order: 40,
    touches: touching(EVIDENCE, LEASES, { lists: ['v1/Node', 'v1/Pod'] }),
    title: 'The declared node pools',
    section: '5.1',
    access: 'r - r r r',
    goal: 'every declared pool has its count, labels and taints; every node, in a pool or not, is Ready, schedulable and under no pressure; nodes, scheduler and controller manager renew their Leases, each within the time that it lasts and 10 s (clockSeconds)',
    goals: { clockSeconds: 10 },
    clusterAlone: true,
    requires: { what: 'topology.pools', declares: ({ topology }) => topology.pools.length > 0 },
    reads: given('pools', 'nodes'),
    withoutPlatform: true,
  }),
];
