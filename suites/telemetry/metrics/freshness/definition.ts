import { METRICS } from '../../_following/declaring.ts';
import { row } from '../../../catalogue/row.ts';
import type { CatalogueRow } from '../../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...METRICS,
    id: 'telemetry/metrics/freshness',
    order: 890,
    title: 'Series are fresh',
    does: 'the samples of the selectors in telemetry.required.series, and how old the last is',
    goal: 'the last sample of every required series is younger than 2 scrapes',
    goals: { maxScrapesOld: 2 },
  }),
];
