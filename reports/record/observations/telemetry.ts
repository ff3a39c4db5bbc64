import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Wall clock ms. Of the harness unless something else is said. */
const wallMs = z.number();

/** What stands in the store or on a disk for requests and lines: number, and wall clock ms of its node. */
const numbered = z.array(z.tuple([z.int(), wallMs]));

/** How often the stores are asked, ms: the error of a delay. A store of logs shows new records once a second by default. */
export const LOOK_EVERY_MS = 1_000;
/** How often a look at logs goes back to the beginning, ms: what a node that was away held up is older than what is awaited of the others. */
export const LOOK_BACK_EVERY_MS = 10_000;

/** Container of the pods that write numbered lines. */
export const LINE_WRITER = 'lines';

/** Followed lines and requests, and what telemetry says of the platform. */
export const TELEMETRY = kinds({
  /**
   * One reading of another machine's clock: it was asked at `askedMs`, answered at this observation's time, and says `saidMs`. A clock
   * that tells whole seconds has left out up to one.
   */
  'clock-offset': {
    source: z.string(),
    askedMs: wallMs,
    saidMs: wallMs,
    precision: z.enum(['second', 'ms']),
  },
  /** A clock that could not be read: nobody knows how far it is off. */
  'clock-unread': { source: z.string(), reason: z.string() },

  /** A node on which a pod was to write; `pool` is the declared pool whose labels it has, or `control-plane`. */
  'canary-node': { node: z.string(), pool: z.string().nullable(), ready: z.boolean() },
  /** A node whose pod did not start. */
  'no-writer': { node: z.string(), reason: z.string() },
  shipper: { node: z.string(), pod: z.string(), ready: z.boolean() },

  /** Of a trial: what was hit was given back, and whether all of its members had rejoined then. */
  healed: { ok: z.boolean(), detail: z.string() },

  /** A request with a correlation id of its own, sent through the edge. */
  'canary-request': {
    n: z.int(),
    correlationId: z.string(),
    traceId: z.string(),
    sentMs: wallMs,
    doneMs: wallMs,
    status: z.int().nullable(),
    ok: z.boolean(),
    detail: z.string(),
  },
  /** A numbered line in the store, when it was first seen; time and node as the record says, the node empty where it says none. */
  line: { seenMs: wallMs, atMs: wallMs, correlationId: z.string(), n: z.int().nullable(), node: z.string() },
  /** A line of a canary request in the store. */
  'request-line': {
    seenMs: wallMs,
    atMs: wallMs,
    correlationId: z.string(),
    service: z.string(),
    traceId: z.string(),
    pod: z.string(),
  },
  /** A request's trace when it was first seen whole, or as it was in the end. Spans: id, parent, service, name, wall clock ms of its node. */
  trace: {
    seenMs: wallMs.nullable(),
    correlationId: z.string(),
    n: z.int(),
    traceId: z.string(),
    spans: z.array(z.tuple([z.string(), z.string().nullable(), z.string(), z.string(), wallMs])),
  },
  /** Where the spans of a missing service are: ids of other traces. */
  stray: { correlationId: z.string(), n: z.int(), service: z.string(), traces: z.array(z.string()) },
  /** A time in which a store did not answer: what came meanwhile was seen only afterwards. */
  'observation-gap': { what: z.enum(['logs', 'traces']), fromMs: wallMs, toMs: wallMs, reason: z.string() },
  /** The last look at everything, and how many lines or traces were written into this history of what was found. */
  swept: { what: z.enum(['logs', 'traces']), answered: z.boolean(), found: z.int() },

  /** What a container's log on the disk of its node holds of this run. */
  disk: {
    node: z.string(),
    pod: z.string(),
    /** It is of a pod that writes numbered lines. */
    writer: z.boolean(),
    /** Lines with a correlation id of this run. */
    lines: z.int(),
    series: z.array(z.object({ correlationId: z.string(), lines: numbered })),
    requests: z.array(z.object({ service: z.string(), lines: numbered })),
  },
  'disk-unread': {
    node: z.string(),
    pod: z.string(),
    container: z.string(),
    workload: z.string().nullable(),
    reason: z.string(),
  },
  /** All logs that were to be read were, or could not be. */
  'disks-read': { count: z.int() },
  /** The last lines of a container, looked for in the store. */
  recent: {
    workload: z.string(),
    node: z.string(),
    pod: z.string(),
    container: z.string(),
    /** `earlier`: nothing of the declared time, so that what it wrote before was looked for. */
    written: z.enum(['lately', 'earlier', 'never']),
    lines: z.int(),
    found: z.int(),
    /** Beginning of the first that was not found. */
    missing: z.string().nullable(),
  },

  /** Targets of a declared job. */
  'scrape-target': {
    job: z.string(),
    url: z.string(),
    health: z.enum(['up', 'down', 'unknown']),
    lastError: z.string(),
  },
  'scrape-job': { job: z.string(), targets: z.int() },
  /** What a required selector finds. Times by the clock of Prometheus. */
  'series-seen': {
    selector: z.string(),
    askedMs: wallMs,
    /** The selector with the name and the labels that the first of them has; null: none is there. */
    example: z.string().nullable(),
    /** Of each series that is there: its last sample. */
    lastMs: z.array(wallMs),
    /** Where none is: the last sample of those that were there lately. */
    goneMs: wallMs.nullable(),
  },
  'rule-group': {
    group: z.string(),
    alerting: z.array(z.object({ rule: z.string(), health: z.string(), lastError: z.string().nullable() })),
  },
  /** All groups were read, and which addresses are told of alerts. */
  alertmanagers: { urls: z.array(z.string()) },

  'dashboard-server': { server: z.enum(['Grafana', 'Kibana']), ok: z.boolean(), detail: z.string() },
  'data-source': { source: z.string(), ok: z.boolean(), detail: z.string() },
  'data-sources': { count: z.int() },
  dashboard: { uid: z.string(), found: z.boolean(), panels: z.int() },
});
