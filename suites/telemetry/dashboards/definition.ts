import { SHARED, source } from '../_following/declaring.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'telemetry/dashboards',
    order: 920,
    title: 'Dashboards render',
    section: '7',
    access: 'r - r r r',
    does: 'the health of Grafana, its data sources and Kibana, and whether the declared dashboards show in a browser once they have loaded, with the declared account where they want one',
    goal: 'Grafana and Kibana healthy, data sources answer, declared dashboards render in a browser without an error panel, and no more than half of the panels that ask a data source are without data, but for those whose query has no results in Prometheus either, of series that are there',
    goals: { emptyPanelsRatio: 0.5 },
    requires: source('dashboards'),
    time: {
      ...SHARED.time,
      // Each dashboard is loaded and waited for, first without an account.
      workMs: ({ telemetry }, { waitMs }) =>
        4 * (telemetry?.dashboards?.declared.length ?? 0) * waitMs('telemetryQuery'),
      usualMs: 30_000,
    },
  }),
];
