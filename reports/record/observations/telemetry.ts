import { z } from 'zod';
import { kinds } from './kinds.ts';

/** Wall clock ms, of the harness unless stated otherwise. */
const wallMs = z.number();

/** Requests or lines found in a store or on a disk: number, and wall clock ms of the node. */
const numbered = z.array(z.tuple([z.int(), wallMs]));

/** Polling interval of the stores, ms: the error of a delay. A log store shows new records once a second by default. */
export const LOOK_EVERY_MS = 1_000;
/** Interval of looks at logs from the beginning, ms: lines that an absent node held back are older than those awaited from others. */
export const LOOK_BACK_EVERY_MS = 10_000;

/** Container of the pods that write numbered lines. */
export const LINE_WRITER = 'lines';

/** Records that one search of a store of logs may find: canary lines of all nodes, and those of requests. */
export const MOST_LOG_RECORDS = 100_000;

/** Of each writer's node the clock is read first, one node after the other. */
const MOST_WRITERS = 200;

/**
 * On how many nodes numbered lines are written at most, so that one search can find them all beside those of requests, also where the writer of one node,
 * such as of a node that was lost, starts again and writes all its lines a second time.
 * @param of `lines`: of each node; `requestLines`: of all requests, of each service one
 */
export function mostWriters({ lines, requestLines }: { lines: number; requestLines: number }): number {
  const fitting = Math.floor((MOST_LOG_RECORDS - requestLines) / lines) - 1;
  return Math.max(1, Math.min(MOST_WRITERS, fitting));
}

/** Followed lines and requests, and what telemetry says of the platform. */
export const TELEMETRY = kinds({
  /**
   * One reading of another machine's clock: we asked at `askedMs`, and the answer, `saidMs`, arrived at this observation's time. A clock
   * that gives whole seconds reads up to one second too early.
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
  'canary-node': {
    node: z.string(),
    pool: z.string().nullable(),
    ready: z.boolean(),
    /** No pod writes there: it is not in the sample of the nodes. */
    leftOut: z.literal(true).optional(),
  },
  /** A node whose pod did not start. */
  'no-writer': { node: z.string(), reason: z.string() },
  shipper: { node: z.string(), pod: z.string(), ready: z.boolean() },

  /** The fault of a trial was undone, and whether all members had rejoined by then. */
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
  /** A numbered line, when it was first seen in the store. Time and node are the record's; empty node: the record has none. */
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
  /**
   * A request's trace when it was first complete, or its final state. Spans: id, parent, service, name, wall clock ms of the node, and how long it took,
   * ms; null: the store does not say.
   */
  trace: {
    seenMs: wallMs.nullable(),
    /** When the last question for it began that did not find it whole; null: there was none before. */
    unseenMs: wallMs.nullable(),
    correlationId: z.string(),
    spans: z.array(
      z.tuple([z.string(), z.string().nullable(), z.string(), z.string(), wallMs, z.number().nullable()]),
    ),
  },
  /** Where the spans of a missing service are: ids of other traces. */
  stray: { correlationId: z.string(), service: z.string(), traces: z.array(z.string()) },
  /** A stretch in which a store did not answer, or too slowly: what arrived in it was seen only afterwards. */
  'observation-gap': { what: z.enum(['logs', 'traces']), fromMs: wallMs, toMs: wallMs, reason: z.string() },
  /** The final look at everything. */
  swept: { what: z.enum(['logs', 'traces']), answered: z.boolean() },

  /** What a container's log on the disk of its node holds of this run: lines with a correlation id. */
  disk: {
    node: z.string(),
    pod: z.string(),
    /** The container belongs to a pod that writes numbered lines. */
    writer: z.boolean(),
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
  /** Every log that was to be read was read, or was recorded as unreadable. `count`: how many were to be. */
  'disks-read': { count: z.int() },
  /** The last lines of a container, looked for in the store. */
  recent: {
    workload: z.string(),
    node: z.string(),
    pod: z.string(),
    container: z.string(),
    /** `earlier`: it wrote nothing in the declared time, so its older lines were looked for. */
    written: z.enum(['lately', 'earlier', 'never']),
    lines: z.int(),
    found: z.int(),
    /** Beginning of the first line that was not found. */
    missing: z.string().nullable(),
  },
  /** A container whose last lines could not be looked for: the store did not answer for them, or not by the declared fields. */
  'recent-unsearched': {
    workload: z.string(),
    node: z.string(),
    pod: z.string(),
    container: z.string(),
    reason: z.string(),
  },

  /** A target of a declared job; `scrape-job`: all of the job were told. */
  'scrape-target': {
    job: z.string(),
    url: z.string(),
    health: z.enum(['up', 'down', 'unknown']),
    lastError: z.string(),
  },
  'scrape-job': { job: z.string() },
  /** A workload whose job lacks targets, or has one that is not up: whether pods of it come and go; null: it is not known. */
  'scraped-workload': { job: z.string(), rolling: z.boolean().nullable() },
  /** What a required selector finds. Times by the clock of Prometheus. */
  'series-seen': {
    selector: z.string(),
    askedMs: wallMs,
    /** The selector with the name and labels of the first series; null: there is none. */
    example: z.string().nullable(),
    /** Last sample of each series that is there. */
    lastMs: z.array(wallMs),
    /** In the same order: how often it is scraped, ms, by the two of its samples that are closest; 0: it has too few to tell. */
    everyMs: z.array(z.number().nonnegative()),
    /** If there is none: last sample of those that were there recently. */
    goneMs: wallMs.nullable(),
  },
  'rule-group': {
    group: z.string(),
    alerting: z.array(
      z.object({
        rule: z.string(),
        query: z.string(),
        health: z.string(),
        lastError: z.string().nullable(),
        /** Since when the alert is there that fires longest, by the clock of Prometheus; null: none fires. */
        firingSinceMs: wallMs.nullable(),
      }),
    ),
  },
  /** A rule that records what an alerting rule selects, or another such rule. */
  'recording-rule': {
    record: z.string(),
    query: z.string(),
    labels: z.record(z.string(), z.string()),
    health: z.string(),
    lastError: z.string().nullable(),
  },
  /**
   * How many series a selector of these rules finds, and found within the last day (LATELY_HOURS). `metric`: `there` with other values of its labels;
   * `unlabelled`: there without these labels; `described` by a target that has no series of it; `unknown` to Prometheus; `untold`: not there, and the
   * server does not describe metrics.
   */
  'rule-selector': {
    selector: z.string(),
    series: z.int(),
    lately: z.int(),
    metric: z.enum(['there', 'unlabelled', 'described', 'unknown', 'untold']),
  },
  /** All groups were read, and the addresses that alerts are sent to; null: the server, which is not Prometheus, does not tell. */
  alertmanagers: { urls: z.array(z.string()).nullable() },

  'dashboard-server': { server: z.enum(['Grafana', 'Kibana']), ok: z.boolean(), detail: z.string() },
  /** null: the server of dashboards cannot ask it, which says nothing of it. */
  'data-source': { source: z.string(), ok: z.boolean().nullable(), detail: z.string() },
  'data-sources': {},
  dashboard: { uid: z.string(), found: z.boolean(), panels: z.int() },
});
