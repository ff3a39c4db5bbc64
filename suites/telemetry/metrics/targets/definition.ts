import { METRICS, scraped } from '../../_following/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...METRICS,
    id: 'telemetry/metrics/targets',
    order: 870,
    observe: async () => (await import('./observe.ts')).observe,
    judge: async () => (await import('./judge.ts')).judge,
    controls: async () => (await import('./controls.ts')).controls,
    title: 'Every target is up',
    does: "Prometheus' targets of the jobs in telemetry.required.targets",
    goal: 'every declared job has a target, and all of its targets are up',
    requires: scraped('targets'),
  }),
];
