import type { Environment, StoreName } from '../../../env/schema.ts';
import { telemetry as declaredTelemetry, together, wholeTopology, writes } from '../../catalogue/reads.ts';
import { backend, prometheus } from '../../catalogue/requirements.ts';
import type { row } from '../../catalogue/row.ts';
import { ARRIVAL, followedMs, storeTrialFollowed, usualRequestsMs } from '../../catalogue/time.ts';
import { touching, WORKLOADS } from '../../catalogue/touches.ts';
import type { Touches } from '../../catalogue/touches.ts';
import type { CatalogueRow, Injects, Requirement, TelemetrySource } from '../../catalogue/types.ts';

export const has = ({ telemetry: declared }: Environment, source: TelemetrySource): boolean =>
  declared?.[source] !== undefined;

export const source = (name: TelemetrySource): Requirement => ({
  what: `telemetry.${name}`,
  source: name,
  declares: (environment) => has(environment, name),
});

export const scraped = (part: 'targets' | 'series'): readonly Requirement[] => [
  prometheus,
  {
    what: `telemetry.required.${part}`,
    declares: ({ telemetry: declared }) => (declared?.required[part].length ?? 0) > 0,
  },
];

/** The request that a canary is, as telemetry.canary.request names it, and a way to recognise it. */
const CANARY: readonly Requirement[] = [
  ...backend,
  {
    what: 'the request of application.requests that telemetry.canary.request names',
    declares: ({ telemetry: declared, application }) =>
      declared !== undefined && application?.requests[declared.canary.request] !== undefined,
  },
  {
    what: 'application.follow: by a header that is repeated, or by its trace',
    declares: ({ application }) => application !== undefined && application.follow !== 'none',
  },
];

export const TRACES: readonly Requirement[] = [source('traces'), ...CANARY];

/**
 * Lines of a request are searched for by its correlation id, or by the id of the trace that it began. That lines have the latter is the
 * owner's word: a usual name for it may stand for another id.
 */
const FOUND_IN_LOGS: Requirement = {
  what: 'application.follow: { echo: HEADER }, by which the log lines of a request are found; or trace, with telemetry.logs.fields.traceId, where they have its trace id',
  declares: ({ application, telemetry: declared }) =>
    typeof application?.follow === 'object' ||
    (application?.follow === 'trace' && declared?.logs?.fields.traceId !== undefined),
};

export const LOGS_AND_TRACES: readonly Requirement[] = [source('logs'), ...TRACES, FOUND_IN_LOGS];

/** What most checks of telemetry have. */
export const SHARED = {
  parts: ['telemetry'],
  reads: together(wholeTopology, declaredTelemetry, writes),
  time: { waits: [...ARRIVAL, 'telemetryLate'], workMs: followedMs, usualMs: usualRequestsMs('few') },
} as const satisfies Partial<CatalogueRow>;

/** Pods that write numbered lines on every node, with clocks that are compared with the harness's. */
export const WRITERS: Touches = {
  lists: ['v1/Node', 'v1/Pod', 'v1/Event', ...WORKLOADS],
  makes: ['apps/v1/DaemonSet'],
  runner: ['clocks.nodes'],
};

/** Canary requests through the edge. */
export const REQUESTS: Touches = { runner: ['telemetry.start'] };

/** The platform's own database, whose failover tests telemetry when it is needed most. */
const OWN_STORE: StoreName = 'postgres';

const INJECTS: Injects = {
  store: OWN_STORE,
  fault: 'pod-crash',
  faultIn: ({ telemetry: declared }) => declared?.canary.fault,
};

export const LOG_GOALS = {
  visibleSeconds: 30,
  missing: 0,
  // At-least-once shippers may send a line twice: duplicates are counted, and judged only where an owner sets a lower goal.
  duplicatedRatio: 1,
};

export const ONE_TRACE =
  'one request is one trace over the declared path (edge, backend, queue, AI, calls to stores) within 30 s, with its services and parents';

/** Telemetry must show what happens during a postgres pod-crash. */
export const UNDER_FAULT = {
  ...SHARED,
  access: 'F F F F p',
  injects: INJECTS,
  touches: touching(WRITERS, {
    runner: [
      'store.steady',
      'state.note',
      'state.compare',
      'telemetry.start',
      'fault.inject',
      'telemetry.disk',
    ],
  }),
  time: storeTrialFollowed,
};

export const METRICS = {
  ...SHARED,
  section: '7',
  access: 'r r r r r',
  requires: scraped('series'),
  touches: { lists: WORKLOADS },
  time: { waits: ['prometheusFirst', 'prometheusQuery', 'prometheusQuery', 'settle'], usualMs: 2_000 },
} as const satisfies Partial<Parameters<typeof row>[0]>;
