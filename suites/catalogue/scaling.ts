import { ai, together, wholeTopology, topologyParts } from './reads.ts';
import { backend, hasBackend } from './requirements.ts';
import { always, row, turns } from './row.ts';
import type { CatalogueRow, Time } from './types.ts';

const upAndDown: Time = {
  waits: [
    'scaleDown',
    'scaleUp',
    'loadStop',
    'scaleDown',
    'scaleUp',
    'loadStop',
    'scaleDown',
    'loadStop',
    'settle',
  ],
  usualMs: 180_000,
};

/** Pods that scaling/pods/startup starts at once. */
const STARTS_AT_ONCE = 2;

export const scaling: readonly CatalogueRow[] = [
  row({
    id: 'scaling/backend/up',
    title: 'The backend grows under load',
    section: '5.2',
    access: 'w - w w -',
    goal: 'decision within 60 s, new pods ready within 90 s, the latency goal met again within 120 s',
    goals: { decisionSeconds: 60, readySeconds: 90, latencySeconds: 120, p95Ms: 500, deliveredShare: 0.98 },
    control: [turns('metrics are removed', 'inconclusive'), turns('maxReplicas is 1')],
    built: true,
    requires: backend,
    alone: always,
    time: upAndDown,
  }),
  row({
    id: 'scaling/backend/down',
    title: 'The backend shrinks again, without flapping',
    section: '5.2',
    access: 'w - w w -',
    goal: 'back to the minimum within the stabilisation window + 60 s, no flapping, no failed request',
    goals: { extraSeconds: 60, failedRequests: 0, flapSeconds: 300, deliveredShare: 0.98 },
    control: [turns('saw-tooth load with a stabilisation window of 0')],
    built: true,
    requires: backend,
    alone: always,
    time: upAndDown,
  }),
  row({
    id: 'scaling/ai/up',
    title: 'The AI service grows with its queue',
    section: '5.2',
    access: 'w - w w -',
    does: "tenders through the edge while the model's stand-in is slow (ai.scaling), and the autoscaler of the AI service, its metric and its pods meanwhile; afterwards queue, model and pods are as before",
    goal: 'on the depth of the AI queue: decision within 60 s, new pods ready within 90 s of the load; afterwards all as before',
    goals: { decisionSeconds: 60, readySeconds: 90, deliveredShare: 0.98 },
    control: [turns('no source of metrics', 'inconclusive'), turns('maxReplicas is its minimum')],
    built: true,
    parts: ['ai'],
    requires: {
      what: 'ai.scaling and topology.edge.backend',
      declares: (environment) => environment.ai?.scaling !== undefined && hasBackend(environment),
    },
    reads: together(wholeTopology, ai),
    alone: always,
    time: {
      waits: ['scaleDown', 'edgeRequest', 'scaleUp', 'loadStop', 'loadStop', 'scaleDown', 'settle'],
      usualMs: 120_000,
    },
  }),
  row({
    id: 'scaling/nodes/autoscale',
    title: 'Pending pods get a node',
    section: '5.1',
    access: '- - - w -',
    goal: 'a node within the declared time',
    alone: always,
  }),
  row({
    id: 'scaling/pods/startup',
    title: 'Pods start quickly',
    section: '–',
    access: 'w - w w -',
    goal: 'p99 at most 5 s (299 starts or more to claim it, else p50 and p95), image present, no init containers, timed by watch',
    goals: { p99Seconds: 5 },
    control: [turns('slow readiness')],
    built: true,
    reads: together(
      topologyParts('network', 'workloads'), // whose image is started
      wholeTopology,
      ({ load }) => ({ startup: { pods: load.startupPods } }),
    ),
    alone: always,
    time: {
      waits: ['podReady', 'podReady', 'podGone', 'settle'],
      workMs: ({ load }, { waitMs }) => Math.ceil(load.startupPods / STARTS_AT_ONCE) * waitMs('podStart'),
      usualMs: 120_000,
    },
  }),
];
