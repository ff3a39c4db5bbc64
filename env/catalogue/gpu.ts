import { rows, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

export const gpu: readonly CatalogueRow[] = rows(
  {
    allocatable: 'Nodes of the GPU pool offer devices',
    schedule: 'Pods land only where devices are',
    taint: 'Other pods keep away from the GPU pool',
    exclusive: 'No device is given twice',
    exhausted: 'One pod too many stays Pending, for the right reason',
    release: 'Devices come back when a pod ends',
    metrics: 'Utilisation is scraped',
  },
  {
    prefix: 'gpu',
    section: '5.1, 5.2',
    access: 'w - w w r',
    goal: 'pods land only where devices are; one too many stays Pending for the right reason; no device given twice; devices back within 30 s; utilisation is scraped',
    goals: { releaseSeconds: 30 },
    control: [turns('the device plugin is down')],
  },
);
