/** The dashboards of the platform: of Grafana's JSON model what is used here. Environment files declare them by UID and title. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly targets: readonly {
      readonly refId: string;
      readonly expr: string;
      readonly datasource: object;
    }[];
  }[];
}

/** @param queries of panels, by their titles */
function dashboard(uid: string, title: string, queries: Record<string, string>): Dashboard {
  const datasource = { type: 'prometheus', uid: 'prometheus' };
  const panels = Object.entries(queries).map(([of, expr], at) => ({
    id: at + 1,
    title: of,
    targets: [{ refId: 'A', expr, datasource }],
  }));
  return { uid, title, panels };
}

const BACKEND = '{job="tender-api"}';
export const TENDER_API = dashboard('plumbline-tender-api', 'Tender API', {
  'Requests a second': `sum by (status) (rate(http_request_duration_seconds_count${BACKEND}[1m]))`,
  '95th percentile of the duration': `histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket${BACKEND}[1m])))`,
  CPU: `rate(process_cpu_seconds_total${BACKEND}[1m])`,
  'Pods that answer': `sum(up${BACKEND})`,
});

export const DASHBOARDS: readonly Dashboard[] = [
  TENDER_API,
  dashboard('plumbline-telemetry', 'Telemetry', {
    'Targets that are up': 'sum by (job) (up)',
    'Lines stored a second': 'sum(rate(log_shipper_stored_total[1m]))',
    'Alerts that fire': 'sum(ALERTS{alertstate="firing"}) or vector(0)',
  }),
];
