import { SHARED } from '../_pool/declaring.ts';
import { devices, scrapes, together, topologyParts, writes } from '../../catalogue/reads.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'gpu/allocatable',
    order: 730,
    touches: { lists: ['v1/Node', 'v1/Pod', 'v1/Event', 'apps/v1/DaemonSet'], logs: ['platform', 'edge'] },
    title: 'Nodes of the GPU pool offer devices',
    access: 'w - w w r',
    does: 'how many devices every node offers, and the pods of the device plugin; it writes nothing',
    goal: 'every node of the pool offers the declared number of devices, and no other node offers any; the device plugin runs on every node of the pool',
    reads: together(topologyParts('pools', 'nodes'), devices, writes, scrapes),
    alone: () => false, // it reads what nodes offer
  }),
];
