import { SHARED } from '../_pool/declaring.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow, Requirement } from '../../catalogue/types.ts';

/** A pool without taints keeps nobody away, and whoever declares it so does not ask for that. */
const TAINTS: Requirement = {
  what: 'taints of gpu.pool',
  declares: ({ gpu, topology }) =>
    topology.pools.some(({ name, taints }) => name === gpu?.pool && taints.length > 0),
};

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'gpu/taint',
    order: 750,
    requires: [SHARED.requires, TAINTS],
    title: 'Other pods keep away from the GPU pool',
    access: 'w - w w r',
    does: 'pods without the toleration, one aimed at each node of the pool and one that asks for a device, and which other pods run on the pool',
    goal: 'a pod without the toleration never lands on the pool; every pod that runs there tolerates its taints',
  }),
];
