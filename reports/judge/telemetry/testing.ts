/** Invented canaries for the tests of the judges of telemetry. Times in wall clock ms. */
import type { Seen } from '../topology/testing.ts';

export const START_MS = Date.parse('2026-01-01T00:00:10Z');
export const VISIBLE = { visibleSeconds: 30, missing: 0, duplicatedRatio: 1 };

export const PATH = [
  { service: 'gateway', through: 'http', logs: true, spans: [] },
  {
    ...{ service: 'tender-api', parent: 'gateway', through: 'http', logs: true },
    spans: [{ name: 'INSERT tenders' }],
  },
  { service: 'tender-ai', parent: 'tender-api', through: 'amqp', logs: true, spans: [] },
];

export const SETTINGS = {
  telemetry: {
    logs: { shipper: { daemonSet: { namespace: 'observability', name: 'log-shipper' } } },
    traces: { path: PATH },
    alerts: { ruleGroups: { prefix: 'plumbline-' } },
    required: { targets: ['tender-api'], series: [] },
  },
  objectives: ['api-requests', 'api-latency'],
};

/** The beginning of every canary, and the last look at the stores in which something was followed. */
export function canary(
  answered: { logs?: boolean; traces?: boolean } = {},
  followed: readonly string[] = ['logs', 'traces'],
): Seen[] {
  const { logs = true, traces = true } = answered;
  const looks: Seen[] = [
    ['swept', { what: 'the store of logs', answered: logs }],
    ['swept', { what: 'the store of traces', answered: traces }],
  ];
  return [
    ['canary', { run: 'r', startMs: START_MS, lookEveryMs: 1000, lookBackEveryMs: 10_000 }],
    ...looks.filter(([, fields]) => followed.some((one) => String(fields?.['what']).endsWith(one))),
    ...(logs ? [] : [['unavailable', { what: 'the store of logs', reason: 'ECONNREFUSED' }] satisfies Seen]),
    ...(traces
      ? []
      : [['unavailable', { what: 'the store of traces', reason: 'ECONNREFUSED' }] satisfies Seen]),
  ];
}

export interface NodeCanary {
  node: string;
  /** Numbers on its disk; null: it was not read. */
  disk: number[] | null;
  /** Numbers in the store, in the order of arrival. */
  stored: number[];
  delayMs?: number;
}

export function lines(count: number, nodes: readonly NodeCanary[]): Seen[] {
  return [
    ['lines', { run: 'r', count, perSecond: 10, nodes: nodes.map(({ node }) => node) }],
    ...nodes.flatMap(({ node, disk, stored, delayMs = 2000 }): Seen[] => {
      const mark = `r/line/${node}/1-1`;
      const atMs = (n: number): number => START_MS + n * 100;
      return [
        ...stored.map((n): Seen => [
          'line',
          { mark, n, from: node, node, pod: `lines-${node}`, atMs: atMs(n), seenMs: atMs(n) + delayMs },
        ]),
        ...(disk === null
          ? []
          : ([
              ['disk-lines', { mark, node, pod: `lines-${node}`, lines: disk.map((n) => [n, atMs(n)]) }],
              ['disk', { node, pod: `lines-${node}`, container: 'lines', lines: disk.length }],
            ] satisfies Seen[])),
      ];
    }),
  ];
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

export interface RequestCanary {
  n: number;
  ok?: boolean;
  /** Rows of spans; without them the whole trace. null: none was found. */
  spans?: unknown[] | null;
  seenMs?: number | null;
}

const span = (id: string, parent: string | null, service: string, name: string) => [
  id,
  parent,
  service,
  name,
  'server',
  START_MS,
  1,
];

export const WHOLE = [
  span('g', 'asked', 'gateway', 'POST /tenders'),
  span('c', 'g', 'gateway', 'POST'),
  span('a', 'c', 'tender-api', 'POST /tenders'),
  span('i', 'a', 'tender-api', 'INSERT tenders'),
  span('p', 'a', 'tender-api', 'tender.jobs publish'),
  span('w', 'p', 'tender-ai', 'tender.jobs process'),
];

export function requests(of: readonly RequestCanary[]): Seen[] {
  return of.flatMap(({ n, ok = true, spans = WHOLE, seenMs }): Seen[] => {
    const sentMs = START_MS + n * 50;
    const named = { n, mark: `r/${n}`, traceId: `t${n}` };
    const answer = {
      sentMs,
      doneMs: sentMs + 20,
      ok,
      status: ok ? 201 : 503,
      detail: ok ? '' : 'status 503',
    };
    return [
      ['marked', { ...named, ...answer }],
      ...(ok && spans !== null
        ? [
            [
              'trace',
              { ...named, seenMs: seenMs === undefined ? sentMs + 3000 : seenMs, spans },
            ] satisfies Seen,
          ]
        : []),
    ];
  });
}

export function requestLine(n: number, service: string, more: Record<string, unknown> = {}): Seen {
  const atMs = START_MS + n * 50 + 5;
  return [
    'request-line',
    {
      ...{ mark: `r/${n}`, service, traceId: `t${n}`, atMs, seenMs: atMs + 2000 },
      ...{ node: 'w1', namespace: 'tender', pod: `${service}-0`, text: 'handled' },
      ...more,
    },
  ];
}
