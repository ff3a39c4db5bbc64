import { row, rows, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

export const telemetry: readonly CatalogueRow[] = [
  ...rows(
    {
      canary: 'Marked log lines arrive',
      'every-workload': "Every workload's log lines arrive",
      'under-fault': 'No log line is lost under a fault',
    },
    {
      prefix: 'telemetry/logs',
      section: '7',
      access: 'w w w w w',
      goal: 'marker lines visible within 30 s; missing, duplicated and out of order are counted; missing 0',
      goals: { visibleSeconds: 30, missing: 0 },
      control: [turns('the shipper is stopped'), turns('the log store is unreachable', 'inconclusive')],
    },
  ),
  ...rows(
    {
      canary: 'A marked request becomes one trace',
      complete: 'Traces are complete',
      'under-fault': 'Traces are complete under a fault',
    },
    {
      prefix: 'telemetry/traces',
      section: '2',
      access: 'w w w w w',
      goal: 'one request is one trace over edge, backend, queue, AI and stores within 30 s; at least 99 % of marked requests are found',
      goals: { visibleSeconds: 30, foundRatio: 0.99 },
      control: [turns('the exporter is dropped')],
    },
  ),
  row({
    id: 'telemetry/correlation',
    title: 'Log lines carry the trace id of their request',
    section: '2',
    access: 'w w w w w',
    goal: "the marked request's log lines carry its trace id",
    control: [turns('the id is stripped')],
  }),
  ...rows(
    {
      targets: 'Every target is up',
      series: 'Every required series is present',
      freshness: 'Series are fresh',
    },
    {
      prefix: 'telemetry/metrics',
      section: '7',
      access: 'r r r r r',
      goal: 'every declared target up, every required series present and younger than 2 scrapes',
      goals: { maxScrapesOld: 2 },
      control: [turns('a series is deleted')],
    },
  ),
  ...rows(
    { rules: 'Burn-rate rules are loaded', fires: 'A breach reaches Alertmanager' },
    {
      prefix: 'telemetry/alerts',
      section: '7',
      access: 'w - w w r',
      goal: "the goals' burn-rate rules are loaded; a synthetic breach reaches Alertmanager within 60 s",
      goals: { arrivalSeconds: 60 },
      control: [turns('a rule is unloaded')],
    },
  ),
  row({
    id: 'telemetry/dashboards',
    title: 'Dashboards render',
    section: '7',
    access: 'r - r r r',
    goal: 'Grafana and Kibana healthy, data sources answer, declared dashboards render in a browser without an error panel',
    control: [turns('a broken data source')],
  }),
];
