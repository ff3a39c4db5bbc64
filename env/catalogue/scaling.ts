import { row, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

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
  }),
  row({
    id: 'scaling/ai/up',
    title: 'The AI service grows with its queue',
    section: '5.2',
    access: 'w - w w -',
    goal: 'on the depth of the AI queue: decision within 60 s, new pods ready within 90 s of the load; afterwards all as before',
    goals: { decisionSeconds: 60, readySeconds: 90, deliveredShare: 0.98 },
    control: [turns('no source of metrics', 'inconclusive'), turns('maxReplicas is its minimum')],
    built: true,
  }),
  row({
    id: 'scaling/nodes/autoscale',
    title: 'Pending pods get a node',
    section: '5.1',
    access: '- - - w -',
    goal: 'a node within the declared time',
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
  }),
];
