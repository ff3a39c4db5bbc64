import { SHARED } from '../_pool/declaring.ts';
import { prometheus } from '../../catalogue/requirements.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'gpu/metrics',
    order: 790,
    title: 'Utilisation is scraped',
    access: 'w - w w r',
    does: 'a pod that holds a device, and the samples that Prometheus has of every device of the pool',
    goal: 'the utilisation of every device of the pool is in Prometheus, younger than 2 scrapes, and names the pod that holds it',
    goals: { freshScrapes: 2 },
    requires: [{ what: 'gpu.metrics', declares: ({ gpu }) => gpu?.metrics !== undefined }, prometheus],
  }),
];
