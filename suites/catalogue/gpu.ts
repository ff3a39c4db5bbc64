import { devices, scrapes, together, topologyParts, writes } from './reads.ts';
import { row, turnsOnFull } from './row.ts';
import type { CatalogueRow } from './types.ts';

/** Only the full size has a pool of devices. */
const SHARED = {
  section: '5.1, 5.2',
  needsSize: 'full',
  built: true,
  parts: ['gpu'],
  requires: { what: 'gpu', declares: ({ gpu }) => gpu !== undefined },
  reads: together(topologyParts('pools', 'network', 'workloads'), devices, writes, scrapes),
  // Two that take devices at once would find each other where nobody should be; where they may only read they disturb nobody.
  alone: (_environment, access) => access !== 'r',
  time: {
    waits: [
      'podReady',
      'unschedulable',
      'stillPending',
      'deviceBack',
      'nodeReady', // and as long for its start
      'nodeReady',
      'deviceBack',
      'gpuMetrics',
      'podGone',
      'settle',
    ],
    usualMs: 15_000,
  },
} as const satisfies Partial<CatalogueRow>;

export const gpu: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'gpu/allocatable',
    title: 'Nodes of the GPU pool offer devices',
    access: 'w - w w r',
    does: 'what every node says that it offers, and the pods of the device plugin; it writes nothing',
    goal: 'every node of the pool offers the declared number of devices, no other node any; the plugin runs on all of them',
    control: [turnsOnFull('the device plugin is down')],
    reads: together(topologyParts('pools'), devices, writes, scrapes),
    alone: () => false, // it reads what nodes offer
  }),
  row({
    ...SHARED,
    id: 'gpu/schedule',
    title: 'Pods land only where devices are',
    access: 'w - w w r',
    does: 'a pod that asks for a device and may go anywhere; where gpu.workload is declared, its answer in that pod; where declared workloads with devices run',
    goal: 'a pod that asks for a device runs on a node of the pool; where one may be started, it is told which device it has, and a real device answers',
    control: [turnsOnFull('the device plugin is down')],
  }),
  row({
    ...SHARED,
    id: 'gpu/taint',
    title: 'Other pods keep away from the GPU pool',
    access: 'w - w w r',
    does: 'pods without the toleration, one aimed at each node of the pool and one that asks for a device, and who else runs there',
    goal: 'a pod without the toleration never lands on the pool; no pod runs there that does not tolerate its taints',
    control: [turnsOnFull('the taint of the pool only asks others to keep away')],
  }),
  row({
    ...SHARED,
    id: 'gpu/exclusive',
    title: 'No device is given twice',
    access: 'w - w w r',
    does: 'pods that hold devices at the same time, and which device each was told of; where it may only read, what Prometheus says of holders',
    goal: 'no device is held by more containers than may share it: one, where it is not shared',
    control: [turnsOnFull('a device plugin that gives every container the same device')],
  }),
  row({
    ...SHARED,
    id: 'gpu/exhausted',
    title: 'One pod too many stays Pending, for the right reason',
    // To see it all devices must be taken, so that production is spared.
    access: 'w - w w -',
    does: 'pods that take every free device, and what the scheduler says of one more',
    goal: 'with every device taken one more pod stays Pending, and the scheduler says that the resource is what it lacks',
    control: [turnsOnFull('the device plugin offers one device more than there are')],
  }),
  row({
    ...SHARED,
    id: 'gpu/release',
    title: 'Devices come back when a pod ends',
    // In the embedded environment the node is restarted as well.
    access: 'F - w w -',
    does: 'every device taken, one of its holders deleted, and the time until the pod that waits has it; in the embedded environment also the restart of a node of the pool',
    goal: 'a device can be had again within 30 s of the deletion of the pod that held it, and, in the embedded environment, of the return of a node that was restarted',
    goals: { releaseSeconds: 30 },
    control: [turnsOnFull('a pod takes a minute to end')],
  }),
  row({
    ...SHARED,
    id: 'gpu/metrics',
    title: 'Utilisation is scraped',
    access: 'w - w w r',
    does: 'a pod that holds a device, and what Prometheus knows of every device of the pool',
    goal: 'the utilisation of every device of the pool is in Prometheus, younger than 2 scrapes, and names the pod that holds it',
    goals: { freshScrapes: 2 },
    control: [
      turnsOnFull('the device plugin serves no metrics'),
      turnsOnFull('Prometheus is down', 'inconclusive'),
    ],
    requires: {
      what: 'gpu.metrics and prometheus',
      declares: ({ gpu, prometheus }) => gpu?.metrics !== undefined && prometheus !== undefined,
    },
  }),
];
