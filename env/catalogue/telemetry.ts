import { row, rows, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

const STOPPED = turns('the shipper is stopped on one node; the node is named');
const STORE_UNREACHABLE = turns('the log store is unreachable', 'inconclusive');
const EXPORTER = turns('a service exports no spans; the service is named');
const TRACES_UNREACHABLE = turns('the trace store is unreachable', 'inconclusive');
const SERIES = 'a target is removed from Prometheus; the series is named';

const LOG_GOALS = {
  visibleSeconds: 30,
  missing: 0,
  // At-least-once shippers may send a line twice: it is counted, and held where an owner sets less.
  duplicatedRatio: 1,
};

const ONE_TRACE =
  'one request is one trace over edge, backend, queue, AI and stores within 30 s, with the declared services and parents';
/** What a postgres pod-crash interrupts is what telemetry is for. */
const UNDER_FAULT = { access: 'F F F F p', needs: ['edge' as const], built: true };

export const telemetry: readonly CatalogueRow[] = [
  row({
    id: 'telemetry/logs/canary',
    title: 'Marked log lines arrive',
    section: '7',
    access: 'w w w w w',
    goal: 'numbered lines from a pod on every node visible within 30 s; missing, duplicated, out of order and late are counted; missing 0',
    goals: LOG_GOALS,
    control: [STOPPED, STORE_UNREACHABLE, turns('a line is shipped twice: it is counted')],
    built: true,
  }),
  row({
    id: 'telemetry/logs/every-workload',
    title: "Every workload's log lines arrive",
    section: '7',
    access: 'w w w w w',
    goal: "what the pods of every declared workload logged lately is in the store, held against the nodes' own files; missing 0",
    goals: { visibleSeconds: 30, missing: 0 },
    control: [STOPPED],
    needs: ['edge'],
    built: true,
  }),
  row({
    id: 'telemetry/logs/under-fault',
    title: 'No log line is lost under a fault',
    section: '7',
    goal: "the same while PostgreSQL's leader crashes: lines of every node and of marked requests, held against the nodes' own files; missing 0",
    goals: LOG_GOALS,
    control: [STOPPED],
    ...UNDER_FAULT,
  }),
  row({
    id: 'telemetry/traces/canary',
    title: 'A marked request becomes one trace',
    section: '2',
    access: 'w w w w w',
    goal: `${ONE_TRACE}; every one of a few`,
    goals: { visibleSeconds: 30, missing: 0 },
    control: [EXPORTER, TRACES_UNREACHABLE, turns('the trace context is dropped at AMQP; the hop is named')],
    needs: ['edge'],
    built: true,
  }),
  row({
    id: 'telemetry/traces/complete',
    title: 'Traces are complete',
    section: '2',
    access: 'w w w w w',
    goal: `${ONE_TRACE}; at least 99 % of 1,000 marked requests, with a sample large enough to say so`,
    goals: { visibleSeconds: 30, foundRatio: 0.99 },
    control: [EXPORTER],
    needs: ['edge'],
    built: true,
  }),
  row({
    id: 'telemetry/traces/under-fault',
    title: 'Traces are complete under a fault',
    section: '2',
    goal: `${ONE_TRACE}; at least 99 % of the requests that were accepted while PostgreSQL's leader crashed`,
    goals: { visibleSeconds: 30, foundRatio: 0.99 },
    control: [EXPORTER],
    ...UNDER_FAULT,
  }),
  row({
    id: 'telemetry/correlation',
    title: 'Log lines carry the trace id of their request',
    section: '2',
    access: 'w w w w w',
    goal: "every service of the path logs a line of the marked request within 30 s, and all of the request's lines carry its trace id",
    goals: { visibleSeconds: 30 },
    control: [turns('the id is stripped')],
    needs: ['edge'],
    built: true,
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
      control: [turns(SERIES)],
      needs: ['edge'],
      built: true,
    },
  ),
  row({
    id: 'telemetry/alerts/rules',
    title: 'Burn-rate rules are loaded',
    section: '7',
    access: 'w - w w r',
    goal: 'every objective has its group of alerting rules, loaded and healthy, and Prometheus tells Alertmanager',
    control: [turns('a rule is unloaded; its objective is named')],
    built: true,
  }),
  row({
    id: 'telemetry/alerts/fires',
    title: 'A breach reaches Alertmanager',
    section: '7',
    access: 'w - w w r',
    goal: 'a synthetic breach reaches Alertmanager within 60 s',
    goals: { arrivalSeconds: 60 },
    control: [
      turns("the rule of the canary's breach is not loaded"),
      turns('Alertmanager is unreachable', 'inconclusive'),
    ],
    built: true,
  }),
  row({
    id: 'telemetry/dashboards',
    title: 'Dashboards render',
    section: '7',
    access: 'r - r r r',
    goal: 'Grafana and Kibana healthy, data sources answer, declared dashboards render in a browser without an error panel',
    control: [
      turns('a broken data source; it and the panels that ask it are named'),
      turns('Grafana is gone', 'inconclusive'),
    ],
    stubbed: ['Grafana'],
    built: true,
  }),
];
