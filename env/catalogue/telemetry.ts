import { row, turns } from './row.ts';
import type { CatalogueRow } from './types.ts';

const STOPPED = turns('the shipper is stopped on one node; the node is named');
const STORE_UNREACHABLE = turns('the log store is unreachable', 'inconclusive');
const EXPORTER = turns('a service exports no spans; the service is named');
const TRACES_UNREACHABLE = turns('the trace store is unreachable', 'inconclusive');
const REMOVED = 'a target is removed from Prometheus;';

const LOG_GOALS = {
  visibleSeconds: 30,
  missing: 0,
  // At-least-once shippers may send a line twice: it is counted, and held where an owner sets less.
  duplicatedRatio: 1,
};

const ONE_TRACE =
  'one request is one trace over the declared path (edge, backend, queue, AI, calls to stores) within 30 s, with its services and parents';
/** What a postgres pod-crash interrupts is what telemetry is for. */
const UNDER_FAULT = { access: 'F F F F p', built: true };

const METRICS = { section: '7', access: 'r r r r r', built: true };

export const telemetry: readonly CatalogueRow[] = [
  row({
    id: 'telemetry/logs/canary',
    title: 'Marked log lines arrive',
    section: '7',
    access: 'w w w w w',
    goal: 'numbered lines from a pod on every node visible within 30 s; missing, duplicated, out of order and late are counted; missing 0',
    goals: LOG_GOALS,
    control: [
      STOPPED,
      STORE_UNREACHABLE,
      turns('a line is shipped twice, where no duplicate is allowed: it is counted'),
    ],
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
    built: true,
  }),
  row({
    id: 'telemetry/logs/under-fault',
    title: 'No log line is lost under a fault',
    section: '7',
    goal: "every line that is on the nodes' disks is in the store within 30 s, although PostgreSQL's leader crashed meanwhile; missing 0; at least half of the requests accepted",
    goals: { ...LOG_GOALS, answeredRatio: 0.5 },
    control: [STOPPED],
    ...UNDER_FAULT,
  }),
  row({
    id: 'telemetry/traces/canary',
    title: 'A marked request becomes one trace',
    section: '2',
    access: 'w w w w w',
    goal: `${ONE_TRACE}; every one of a few, 40 by default`,
    goals: { visibleSeconds: 30, missing: 0 },
    control: [EXPORTER, TRACES_UNREACHABLE, turns('the trace context is dropped at AMQP; the hop is named')],
    built: true,
  }),
  row({
    id: 'telemetry/traces/complete',
    title: 'Traces are complete',
    section: '2',
    access: 'w w w w w',
    goal: `${ONE_TRACE}; at least 99 % of the marked requests, 1,000 by default, with a sample large enough to say so; at least 99 % of all answered well`,
    goals: { visibleSeconds: 30, foundRatio: 0.99, answeredRatio: 0.99 },
    control: [EXPORTER],
    built: true,
  }),
  row({
    id: 'telemetry/traces/under-fault',
    title: 'Traces are complete under a fault',
    section: '2',
    goal: `${ONE_TRACE}; at least 99 % of the requests that were accepted, although PostgreSQL's leader crashed meanwhile; at least half of all accepted`,
    goals: { visibleSeconds: 30, foundRatio: 0.99, answeredRatio: 0.5 },
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
    built: true,
  }),
  row({
    ...METRICS,
    id: 'telemetry/metrics/targets',
    title: 'Every target is up',
    goal: 'every declared job has a target, and all of its targets are up',
    control: [turns(`${REMOVED} its job is named`)],
  }),
  row({
    ...METRICS,
    id: 'telemetry/metrics/series',
    title: 'Every required series is present',
    goal: 'every required selector finds a series now',
    control: [turns(`${REMOVED} the series is named`)],
  }),
  row({
    ...METRICS,
    id: 'telemetry/metrics/freshness',
    title: 'Series are fresh',
    goal: 'the last sample of every required series is younger than 2 scrapes',
    goals: { maxScrapesOld: 2 },
    control: [turns(`${REMOVED} the series is named`)],
  }),
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
