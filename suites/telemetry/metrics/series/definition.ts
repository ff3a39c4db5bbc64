import { METRICS } from '../../_following/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...METRICS,
    id: 'telemetry/metrics/series',
    order: 880,
    title: 'Every required series is present',
    does: 'what Prometheus finds for the selectors in telemetry.required.series',
    goal: 'every required selector finds a series now',
  }),
];
