import { together, topologyParts, wholeTopology } from '../../../catalogue/reads.ts';
import { WORKLOADS } from '../../../catalogue/touches.ts';
import { always, row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

/** Pods that scaling/pods/startup starts at once. */
const STARTS_AT_ONCE = 2;

/** Of one pod, from its creation until it is gone again, divided by those that start at once. */
const USUAL_START_MS = 2_000;

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'scaling/pods/startup',
    order: 720,
    touches: { lists: ['v1/Node', 'v1/Pod', ...WORKLOADS], makes: ['v1/Pod'] },
    title: 'Pods start quickly',
    section: '–',
    access: 'w - w w -',
    goal: 'p99 from creation to ready at most 5 s (claimed from 299 starts on; with fewer, p50 and p95); image present, no init containers, timed by watch',
    goals: { p99Seconds: 5 },
    reads: together(
      topologyParts('network', 'workloads'), // whose image is started
      wholeTopology,
      ({ load }) => ({ startup: { pods: load.startupPods } }),
    ),
    alone: always,
    time: {
      waits: ['podReady', 'podReady', 'podGone', 'settle'],
      workMs: ({ load }, { waitMs }) => Math.ceil(load.startupPods / STARTS_AT_ONCE) * waitMs('podStart'),
      usualMs: ({ load }) => load.startupPods * USUAL_START_MS,
    },
  }),
];
