import { METRICS, scraped } from '../../_following/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...METRICS,
    id: 'telemetry/metrics/targets',
    order: 870,
    title: 'Every target is up',
    does: "Prometheus' targets of the jobs in telemetry.required.targets",
    goal: 'every declared job has a target, and all of its targets are up',
    requires: scraped('targets'),
  }),
];
