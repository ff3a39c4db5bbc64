import { devices, scrapes, together, topologyParts, writes } from '../../catalogue/reads.ts';
import { WORKLOADS } from '../../catalogue/touches.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

/** Only the full size has a pool of devices. */
export const SHARED = {
  section: '5.1, 5.2',
  needsSize: 'full',
  parts: ['gpu'],
  requires: { what: 'gpu', declares: ({ gpu }) => gpu !== undefined },
  reads: together(topologyParts('pools', 'network', 'workloads', 'nodes'), devices, writes, scrapes),
  // The cache may be late about which pods hold devices, so they are listed again; canaries hold some.
  touches: {
    lists: ['v1/Node', 'v1/Pod', 'v1/Event', ...WORKLOADS],
    makes: ['v1/Pod'],
    execs: ['canary'],
  },
  // Two checks that take devices at once would see each other's pods; checks that may only read disturb nobody.
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
      'gpuAnswer', // a pod says which devices it has
      'gpuAnswer', // and shows that they answer
      'gpuAnswer', // gpu/schedule: again, for its own record
      'gpuMetrics',
      'podGone',
      'settle',
    ],
    usualMs: 15_000,
  },
} as const satisfies Partial<CatalogueRow>;
