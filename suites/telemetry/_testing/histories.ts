/** Invented canaries for the tests of the judges of telemetry. Times in wall clock ms. */
import type { Seen } from '../../_testing/histories.ts';

export const START_MS = Date.parse('2026-01-01T00:00:10Z');
/** When the stores were asked for everything. */
export const SWEPT_MS = START_MS + 150_000;
export const VISIBLE = { visibleSeconds: 30, missing: 0, duplicatedRatio: 1, answeredRatio: 0.5 };

export const PATH = [
  { service: 'gateway', through: 'http', logs: true, spans: [] },
  {
    service: 'tender-api',
    parent: 'gateway',
    through: 'http',
    logs: true,
    spans: [{ name: 'INSERT tenders' }],
  },
  { service: 'tender-ai', parent: 'tender-api', through: 'amqp', logs: true, spans: [] },
];

/** @param more of the canary: how many lines and requests were to be written and sent */
export function settings(more: Record<string, number> = {}) {
  return {
    telemetry: {
      logs: { shipper: { daemonSet: { namespace: 'observability', name: 'log-shipper' } } },
      traces: { path: PATH },
      alerts: { ruleGroups: { prefix: 'plumbline-' } },
      required: { targets: ['tender-api'], series: ['up{job="tender-api"}'] },
      canary: {
        lines: 200,
        linesPerSecond: 10,
        requests: 1000,
        few: 40,
        perSecond: 20,
        underFaultSeconds: 20,
        ...more,
      },
    },
    prometheus: { scrapeSeconds: 5 },
    topology: { pools: [] as object[] },
    timeouts: { edgeRequest: 10_000 },
    objectives: ['api-requests', 'api-latency'],
    fault: 'pod-crash',
  };
}

export const SETTINGS = settings();

/** As SETTINGS, where only the gateway writes log lines of requests. */
export const GATEWAY_LOGS = {
  ...SETTINGS,
  telemetry: {
    ...SETTINGS.telemetry,
    traces: { path: PATH.map((hop) => ({ ...hop, logs: hop.service === 'gateway' })) },
  },
};

type Looks = Partial<Record<'logs' | 'traces', boolean>>;

/** Final sweeps of the stores that were queried. @param looks whether each store answered */
export function followed(seen: readonly Seen[], looks: Looks = { logs: true, traces: true }): Seen[] {
  const ends = (['logs', 'traces'] as const).flatMap((what): Seen[] => {
    const answered = looks[what];
    if (answered === undefined) return [];
    const swept: Seen = ['swept', { t: tOf(SWEPT_MS), what, answered }];
    return answered
      ? [swept]
      : [swept, ['unavailable', { what: `the store of ${what}`, reason: 'ECONNREFUSED' }]];
  });
  return [...seen, ...ends];
}

export interface NodeCanary {
  node: string;
  /** Numbers on its disk; null: it was not read. */
  disk: number[] | null;
  /** Numbers in the store, in the order of arrival. */
  stored: number[];
  delayMs?: number;
  /** How far its clock is ahead, ms; null: nobody knows. */
  aheadMs?: number | null;
}

/** A clock that was read in 20 ms and has ms. `t` is where the anchor of invented histories is at `atMs`. */
export function clock(source: string, aheadMs: number, atMs = START_MS): Seen {
  const t = atMs - ANCHOR_MS;
  return ['clock-offset', { t, source, askedMs: atMs - 20, saidMs: atMs - 10 + aheadMs, precision: 'ms' }];
}

const ANCHOR_MS = Date.parse('2026-01-01T00:00:00Z');

/** The clock of invented histories at a wall clock time. */
export const tOf = (wallMs: number): number => wallMs - ANCHOR_MS;

/** Told when it was seen. */
const seenAt = <T extends { seenMs: number | null }>(seen: T): T & { t?: number } =>
  seen.seenMs === null ? seen : { t: tOf(seen.seenMs), ...seen };

export function lines(nodes: readonly NodeCanary[]): Seen[] {
  return [
    ...nodes.flatMap(({ node, disk, stored, delayMs = 2000, aheadMs = 0 }): Seen[] => {
      const correlationId = `r/line/${node}/1-1`;
      const writtenMs = (n: number): number => START_MS + n * 100;
      const atMs = (n: number): number => writtenMs(n) + (aheadMs ?? 0);
      const pod = `lines-${node}`;
      return [
        ['canary-node', { node, pool: null, ready: true }],
        aheadMs === null ? ['clock-unread', { source: node, reason: 'forbidden' }] : clock(node, aheadMs),
        ...stored.map((n): Seen => [
          'line',
          seenAt({ correlationId, n, node, atMs: atMs(n), seenMs: writtenMs(n) + delayMs }),
        ]),
        disk === null
          ? ['disk-unread', { node, pod, container: 'lines', workload: null, reason: 'forbidden' }]
          : [
              'disk',
              {
                node,
                pod,
                writer: true,
                requests: [],
                series: disk.length === 0 ? [] : [{ correlationId, lines: disk.map((n) => [n, atMs(n)]) }],
              },
            ],
      ];
    }),
  ];
}

/** The logs of a service on a disk, with the numbers of the requests whose lines they hold. */
export function serviceDisk(service: string, numbers: readonly number[], atMs = START_MS): Seen {
  const requests = [{ service, lines: numbers.map((n) => [n, atMs]) }];
  return ['disk', { node: 'w1', pod: `${service}-0`, writer: false, series: [], requests }];
}

/** The observation that all logs in the history were read. */
export function disksRead(seen: readonly Seen[]): Seen[] {
  const count = seen.filter(([kind]) => kind === 'disk' || kind === 'disk-unread').length;
  return [...seen, ['disks-read', { count }]];
}

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

/** Observations of a fault's trial, beside the canary. */
export function trial(
  of: { fault?: string; node?: string; landedMs?: number; healedMs?: number; healed?: boolean } = {},
): Seen[] {
  const { fault = 'pod-crash', node = 'w2', landedMs = 5_000, healedMs = 90_000, healed = true } = of;
  const members = node
    .split(', ')
    .map((one, at) => ({ name: `postgres-${at}`, uid: `u${at}`, node: one, found: 'p' }));
  return [
    ['steady', { ok: true, leader: 'postgres-0', detail: 'all there' }],
    [
      'budget-estimate',
      {
        from: 'deadline',
        outageMs: 180_000,
        share: 1,
        estimateMs: 180_000,
        derivation: 'rtoDeadline',
        enforced: false,
      },
    ],
    ['fault-armed', { fault, target: 'postgres-0', members }],
    ...members.map(({ name }): Seen => ['fault-acted', { member: name, did: '9 processes signalled' }]),
    [
      'fault-landed',
      {
        t: tOf(START_MS) + landedMs,
        by: 'processes gone',
        proof: 'gone',
        hit: members.map(({ uid, node }) => ({ uid, node })),
        betweenMs: [tOf(START_MS) + landedMs - 10, tOf(START_MS) + landedMs],
      },
    ],
    [
      'healed',
      { t: tOf(START_MS) + healedMs, ok: healed, detail: healed ? 'all there' : 'postgres-1 is missing' },
    ],
    ...AFTERWARDS,
  ];
}

/** Final observations of every trial. */
export const AFTERWARDS: Seen[] = [
  ['steady-after', { ok: true, leader: 'postgres-1', detail: 'all there' }],
  ['as-before', { roles: [], objects: 3, differences: [] }],
];

export interface RequestCanary {
  n: number;
  ok?: boolean;
  /** What it got where it is not ok. */
  instead?: { status: number; detail: string };
  /** Rows of spans; without them the whole trace. null: none was found. */
  spans?: SpanRow[] | null;
  seenMs?: number | null;
}

type SpanRow = readonly [
  id: string,
  parent: string | null,
  service: string,
  name: string,
  startMs: number,
  durationMs: number | null,
];

/** The span of a request: with an id of its own, and of its time. */
export const ownOf =
  (n: number, laterMs: number) =>
  ([id, parent, service, name, startMs, durationMs]: SpanRow): SpanRow => [
    `${id}-${n}`,
    parent === null ? null : `${parent}-${n}`,
    service,
    name,
    startMs + laterMs,
    durationMs,
  ];

const span = (id: string, parent: string | null, service: string, name: string): SpanRow => [
  id,
  parent,
  service,
  name,
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

const UNWELL = { status: 503, detail: 'status 503' };

export function requests(of: readonly RequestCanary[]): Seen[] {
  return of.flatMap(({ n, ok = true, instead = UNWELL, spans = WHOLE, seenMs }): Seen[] => {
    const sentMs = START_MS + n * 50;
    const correlationId = `r/${n}`;
    const answer = {
      t: tOf(sentMs + 20),
      sentMs,
      doneMs: sentMs + 20,
      ok,
      ...(ok ? { status: 201, detail: '' } : instead),
    };
    const whole = spans === WHOLE ? sentMs + 3000 : null;
    const at = seenMs === undefined ? whole : seenMs;
    const unseenMs = at === null ? null : at - 1000;
    return [
      ['canary-request', { n, correlationId, traceId: `t${n}`, ...answer }],
      ...(ok
        ? [
            [
              'trace',
              seenAt({ correlationId, seenMs: at, unseenMs, spans: (spans ?? []).map(ownOf(n, n * 50)) }),
            ] satisfies Seen,
          ]
        : []),
    ];
  });
}

/** As an under-fault trial of the invented settings sends them: 400. */
export const all = (more: (n: number) => Partial<RequestCanary> = () => ({})): RequestCanary[] =>
  upTo(400).map((n) => ({ n, ...more(n) }));

export function requestLine(n: number, service: string, more: Record<string, unknown> = {}): Seen {
  const atMs = START_MS + n * 50 + 5;
  return [
    'request-line',
    seenAt({
      correlationId: `r/${n}`,
      service,
      traceId: `t${n}`,
      atMs,
      seenMs: atMs + 2000,
      pod: `${service}-0`,
      ...more,
    }),
  ];
}
