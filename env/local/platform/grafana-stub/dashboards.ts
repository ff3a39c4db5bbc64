/** The dashboards of the platform, as Grafana's JSON model has them (https://grafana.com/docs/grafana/v12.0/dashboards/build-dashboards/view-dashboard-json-model/). */

/** The one data source; the stand-in's service gives it this UID. */
const DATASOURCE = { type: 'prometheus', uid: 'prometheus' } as const;

interface PanelOf {
  readonly title: string;
  readonly expr: string;
  readonly kind?: 'stat' | 'timeseries';
}

function panel({ title, expr, kind = 'timeseries' }: PanelOf, id: number): object {
  return {
    id,
    title,
    type: kind,
    datasource: DATASOURCE,
    gridPos: { h: 8, w: 12, x: (id % 2) * 12, y: Math.floor(id / 2) * 8 },
    targets: [{ refId: 'A', expr, instant: kind === 'stat' }],
  };
}

function dashboard(uid: string, title: string, panels: readonly PanelOf[]): object {
  return {
    uid,
    title,
    schemaVersion: 41,
    editable: false,
    time: { from: 'now-15m', to: 'now' },
    panels: panels.map((one, at) => panel(one, at + 1)),
  };
}

const BACKEND = '{job="tender-api"}';

/** By the names of their files. Environment files declare them by UID and title. */
export const DASHBOARDS: Readonly<Record<string, object>> = {
  'tender-api.json': dashboard('plumbline-tender-api', 'Tender API', [
    {
      title: 'Requests a second',
      expr: `sum by (status) (rate(http_request_duration_seconds_count${BACKEND}[1m]))`,
    },
    {
      title: '95th percentile of the duration',
      expr: `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket${BACKEND}[1m])))`,
    },
    { title: 'CPU', expr: `rate(process_cpu_seconds_total${BACKEND}[1m])` },
    { title: 'Pods that answer', expr: `sum(up${BACKEND})`, kind: 'stat' },
  ]),
  'telemetry.json': dashboard('plumbline-telemetry', 'Telemetry', [
    { title: 'Targets that are up', expr: 'sum by (job) (up)' },
    { title: 'Lines stored a second', expr: 'sum(rate(log_shipper_stored_total[1m]))' },
    { title: 'Alerts that fire', expr: 'sum(ALERTS{alertstate="firing"}) or vector(0)', kind: 'stat' },
  ]),
};
