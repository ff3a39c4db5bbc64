import { SHARED, source } from '../../_following/declaring.ts';
import { WORKLOADS } from '../../../catalogue/touches.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'telemetry/alerts/fires',
    order: 910,
    touches: {
      lists: ['v1/Pod', 'networking.k8s.io/v1/NetworkPolicy', ...WORKLOADS],
      makes: ['v1/Pod', 'v1/Service'],
    },
    title: 'A breach reaches Alertmanager',
    section: '7',
    access: 'w - w w r',
    does: "a pod whose metric breaches the canary's rule, until Alertmanager has the alert; then until the alert has ended with the pod",
    goal: 'a synthetic breach reaches Alertmanager within 60 s as an alert that is active, neither silenced nor inhibited, and the alert ends within 240 s of the breach',
    // Twice the default intervals of Prometheus, 1 min each: a target that is gone is stale after two, and its rule is evaluated in the next.
    goals: { arrivalSeconds: 60, endSeconds: 240 },
    requires: source('alerts'),
    time: {
      waits: ['podReady', 'alertArrival', 'alertGone', 'podGone', 'settle'],
      usualMs: 30_000,
    },
    onlyMakes: true,
  }),
];
