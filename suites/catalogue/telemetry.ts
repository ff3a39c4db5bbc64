import type { Environment, StoreName } from '../../env/schema.ts';
import { telemetry as declaredTelemetry, together, wholeTopology, writes } from './reads.ts';
import { hasBackend } from './requirements.ts';
import { always, row, turns } from './row.ts';
import { ARRIVAL, followedMs, storeTrialFollowed } from './time.ts';
import type { CatalogueRow, Hurts, Requirement } from './types.ts';

type Source = 'logs' | 'traces' | 'alerts' | 'dashboards';
const has = ({ telemetry: declared }: Environment, source: Source): boolean =>
  declared?.[source] !== undefined;
const source = (name: Source): Requirement => ({
  what: `telemetry.${name}`,
  declares: (environment) => has(environment, name),
});
const scraped = (part: 'targets' | 'series'): Requirement => ({
  what: `prometheus and telemetry.required.${part}`,
  declares: ({ prometheus, telemetry: declared }) =>
    prometheus !== undefined && (declared?.required[part].length ?? 0) > 0,
});

const TRACES: Requirement = {
  what: 'telemetry.traces and topology.edge.backend',
  declares: (environment) => has(environment, 'traces') && hasBackend(environment),
};
const LOGS_AND_TRACES: Requirement = {
  what: 'telemetry.logs, telemetry.traces and topology.edge.backend',
  declares: (environment) => has(environment, 'logs') && TRACES.declares(environment),
};

/** What most checks of telemetry have. */
const SHARED = {
  parts: ['telemetry'],
  reads: together(wholeTopology, declaredTelemetry, writes),
  time: { waits: [...ARRIVAL, 'telemetryLate'], workMs: followedMs, usualMs: 30_000 },
} as const satisfies Partial<CatalogueRow>;

/** What observability costs when it is needed most: the platform's own database fails over meanwhile. */
const OWN_STORE: StoreName = 'postgres';
const HURTS: Hurts = {
  store: OWN_STORE,
  fault: 'pod-crash',
  faultIn: ({ telemetry: declared }) => declared?.canary.fault,
};

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
const UNDER_FAULT = { ...SHARED, access: 'F F F F p', built: true, hurts: HURTS, time: storeTrialFollowed };

const METRICS = {
  ...SHARED,
  section: '7',
  access: 'r r r r r',
  built: true,
  requires: scraped('series'),
  time: { waits: ['prometheusFirst', 'prometheusQuery', 'prometheusQuery', 'settle'], usualMs: 2_000 },
} as const satisfies Partial<Parameters<typeof row>[0]>;

export const telemetry: readonly CatalogueRow[] = [
  row({
    ...SHARED,
    id: 'telemetry/logs/canary',
    title: 'Marked log lines arrive',
    section: '7',
    access: 'w w w w w',
    does: "numbered lines of a pod on every Ready node: what arrives in the store of logs, held against the nodes' own files",
    goal: 'numbered lines from a pod on every node visible within 30 s; missing, duplicated, out of order and late are counted; missing 0',
    goals: LOG_GOALS,
    control: [
      STOPPED,
      STORE_UNREACHABLE,
      turns('a line is shipped twice, where no duplicate is allowed: it is counted'),
    ],
    built: true,
    requires: source('logs'),
  }),
  row({
    ...SHARED,
    id: 'telemetry/logs/every-workload',
    title: "Every workload's log lines arrive",
    section: '7',
    access: 'w w w w w',
    does: 'the last 20 lines of each container of every declared workload (5 pods of each at most), looked for in the store of logs; it writes nothing',
    goal: "what the pods of every declared workload logged lately is in the store, held against the nodes' own files; missing 0",
    goals: { visibleSeconds: 30, missing: 0 },
    control: [STOPPED],
    built: true,
    requires: source('logs'),
    time: {
      // Pods that write lines start on every node and go again; each workload's lines are looked for twice where they are not found at once.
      waits: ['podReady', 'podGone', 'telemetryQuery', 'settle', 'settle', 'settle'],
      workMs: ({ topology }, { waitMs }) => 2 * topology.workloads.length * waitMs('telemetryQuery'),
      usualMs: 5_000,
    },
  }),
  row({
    id: 'telemetry/logs/under-fault',
    title: 'No log line is lost under a fault',
    section: '7',
    does: "numbered lines of a pod on every node, and lines of marked requests, while PostgreSQL's leader is hurt (canary.fault, a pod-crash by default), held against the nodes' own files",
    goal: "every line that is on the nodes' disks is in the store within 30 s, although PostgreSQL's leader crashed meanwhile; missing 0; at least half of the requests accepted",
    goals: { ...LOG_GOALS, answeredRatio: 0.5 },
    control: [STOPPED],
    ...UNDER_FAULT,
    requires: {
      ...LOGS_AND_TRACES,
      what: 'telemetry.logs, telemetry.traces (whose path names the services) and topology.edge.backend',
    },
  }),
  row({
    ...SHARED,
    id: 'telemetry/traces/canary',
    title: 'A marked request becomes one trace',
    section: '2',
    access: 'w w w w w',
    does: 'a few marked requests through the edge (canary.few), each followed to its trace: services, parents and declared spans',
    goal: `${ONE_TRACE}; every one of a few, 40 by default`,
    goals: { visibleSeconds: 30, missing: 0 },
    control: [EXPORTER, TRACES_UNREACHABLE, turns('the trace context is dropped at AMQP; the hop is named')],
    built: true,
    requires: TRACES,
  }),
  row({
    ...SHARED,
    id: 'telemetry/traces/complete',
    title: 'Traces are complete',
    section: '2',
    access: 'w w w w w',
    does: 'many marked requests through the edge (canary.requests), each followed to its trace: services, parents and declared spans',
    goal: `${ONE_TRACE}; at least 99 % of the marked requests, 1,000 by default, with a sample large enough to say so; at least 99 % of all answered well`,
    goals: { visibleSeconds: 30, foundRatio: 0.99, answeredRatio: 0.99 },
    control: [EXPORTER],
    built: true,
    requires: TRACES,
    alone: always, // it sends a thousand requests through every store
    time: { waits: [...ARRIVAL, 'telemetryLate'], workMs: followedMs, usualMs: 60_000 },
  }),
  row({
    id: 'telemetry/traces/under-fault',
    title: 'Traces are complete under a fault',
    section: '2',
    does: "marked requests through the edge while PostgreSQL's leader is hurt (canary.fault, a pod-crash by default); those that were accepted are followed to their traces",
    goal: `${ONE_TRACE}; at least 99 % of the requests that were accepted, although PostgreSQL's leader crashed meanwhile; at least half of all accepted`,
    goals: { visibleSeconds: 30, foundRatio: 0.99, answeredRatio: 0.5 },
    control: [EXPORTER],
    ...UNDER_FAULT,
    requires: TRACES,
  }),
  row({
    ...SHARED,
    id: 'telemetry/correlation',
    title: 'Log lines carry the trace id of their request',
    section: '2',
    access: 'w w w w w',
    does: "the log lines of a few marked requests (canary.few) in the store, held against the nodes' own files",
    goal: "every service of the path logs a line of the marked request within 30 s, and all of the request's lines carry its trace id",
    goals: { visibleSeconds: 30 },
    control: [turns('the id is stripped')],
    built: true,
    requires: LOGS_AND_TRACES,
  }),
  row({
    ...METRICS,
    id: 'telemetry/metrics/targets',
    title: 'Every target is up',
    does: "Prometheus' targets of the jobs in telemetry.required.targets",
    goal: 'every declared job has a target, and all of its targets are up',
    control: [turns(`${REMOVED} its job is named`)],
    requires: scraped('targets'),
  }),
  row({
    ...METRICS,
    id: 'telemetry/metrics/series',
    title: 'Every required series is present',
    does: 'what Prometheus finds for the selectors in telemetry.required.series',
    goal: 'every required selector finds a series now',
    control: [turns(`${REMOVED} the series is named`)],
  }),
  row({
    ...METRICS,
    id: 'telemetry/metrics/freshness',
    title: 'Series are fresh',
    does: 'the samples of the selectors in telemetry.required.series, and how old the last is',
    goal: 'the last sample of every required series is younger than 2 scrapes',
    goals: { maxScrapesOld: 2 },
    control: [turns(`${REMOVED} the series is named`)],
  }),
  row({
    ...SHARED,
    id: 'telemetry/alerts/rules',
    title: 'Burn-rate rules are loaded',
    section: '7',
    access: 'w - w w r',
    does: 'the groups of rules that Prometheus has loaded, and the Alertmanagers that it knows; it writes nothing',
    goal: 'every objective has its group of alerting rules, loaded and healthy, and Prometheus tells Alertmanager',
    control: [turns('a rule is unloaded; its objective is named')],
    built: true,
    requires: {
      what: 'prometheus, telemetry.alerts and objectives',
      declares: (environment) =>
        environment.prometheus !== undefined &&
        environment.objectives.length > 0 &&
        has(environment, 'alerts'),
    },
    time: { waits: ['prometheusFirst', 'prometheusQuery', 'settle'], usualMs: 1_000 },
  }),
  row({
    ...SHARED,
    id: 'telemetry/alerts/fires',
    title: 'A breach reaches Alertmanager',
    section: '7',
    access: 'w - w w r',
    does: "a pod whose metric breaches the canary's rule, until Alertmanager has the alert; that it ends with the pod is noted, and decides nothing",
    goal: 'a synthetic breach reaches Alertmanager within 60 s',
    goals: { arrivalSeconds: 60 },
    control: [
      turns("the rule of the canary's breach is not loaded"),
      turns('Alertmanager is unreachable', 'inconclusive'),
    ],
    built: true,
    requires: source('alerts'),
    time: {
      waits: ['podReady', 'alertArrival', 'alertGone', 'podGone', 'settle'],
      usualMs: 30_000,
    },
    onlyMakes: true,
  }),
  row({
    ...SHARED,
    id: 'telemetry/dashboards',
    title: 'Dashboards render',
    section: '7',
    access: 'r - r r r',
    does: 'the health of Grafana, its data sources and Kibana, and the declared dashboards in a browser that has no account',
    goal: 'Grafana and Kibana healthy, data sources answer, declared dashboards render in a browser without an error panel',
    control: [
      turns('a broken data source; it and the panels that ask it are named'),
      turns('Grafana is gone', 'inconclusive'),
    ],
    stubbed: ['Grafana'],
    built: true,
    requires: source('dashboards'),
  }),
];
