import type { Environment } from '../env/schema.ts';
import type { InstanceName } from '../env/local/nodes/index.ts';
import { faultHere, storeFault, type PlannedCheck } from '../env/catalogue/index.ts';
import { settingsFor } from '../env/settings.ts';
import type { CheckSettings } from '../env/settings.ts';
import { answersFor } from './metric-questions.ts';

/** The instance of the embedded environment; undefined for any other. */
export function embeddedOf(environment: Environment): InstanceName | undefined {
  return 'embedded' in environment.cluster ? environment.cluster.embedded : undefined;
}

export function sizeOf(environment: Environment): 'small' | 'full' | undefined {
  return 'embedded' in environment.cluster ? environment.cluster.size : undefined;
}

/** Where pods of the environment are, and where those of the harness are. */
export function namespacesOf({ namespaces, topology, load }: Environment): {
  environment: string[];
  harness: string[];
} {
  const { platform, edge, ...own } = namespaces;
  return {
    environment: [...new Set([platform, edge, ...topology.workloads.map(({ namespace }) => namespace)])],
    harness: [...Object.values(own), ...(load.operator === undefined ? [] : [load.operator.namespace])],
  };
}

/** A named time-out, ms. */
export function timeoutMsOf(
  environment: Pick<Environment, 'timeouts'>,
  name: keyof Environment['timeouts'],
): number {
  return environment.timeouts[name].seconds * 1000;
}

/** What a history's header says of the environment: what the check needs, with every named time-out in ms. */
export function headerSettings(check: string, environment: Environment): CheckSettings {
  const settings = settingsFor(check, environment);
  const subject = faultHere(environment, check);
  if (!subject) return settings;
  const declared = environment.stores[subject.store];
  return {
    ...settings,
    ...subject,
    rtoDeadlineMs: timeoutMsOf(environment, 'rtoDeadline'),
    members: declared?.members ?? 0,
  };
}

/**
 * What makes load is disturbed by others that do, and disturbs what they measure (telemetry/traces/complete sends a thousand requests through every
 * store); so does what makes the model slow, busy or broken.
 */
const ALONE = ['scaling/', 'performance/', 'integrations/llm', 'telemetry/traces/complete'];

/**
 * They take devices of the pool: two at once would find each other where nobody should be. Reading what nodes offer disturbs nobody, nor does
 * any of them where it may only read.
 */
function takesDevices(id: string): boolean {
  return id.startsWith('gpu/') && id !== 'gpu/allocatable';
}

/** It only reads. */
const READS_BUDGETS = 'performance/budget';

/**
 * Readers share the environment; what injects a fault or makes load has it alone. So has the reading of budgets whose window is the run of an
 * embedded environment: readers come first, and what it is to judge comes from those that make load.
 */
export function lockMode(planned: PlannedCheck, environment: Environment): 'shared' | 'exclusive' {
  if (planned.row.id === READS_BUDGETS) {
    const ofTheRun = environment.objectives.some(({ window }) => window.kind === 'run');
    return ofTheRun && embeddedOf(environment) !== undefined ? 'exclusive' : 'shared';
  }
  if (ALONE.some((prefix) => planned.row.id.startsWith(prefix))) return 'exclusive';
  const access = planned.row.access[environment.kind];
  if (takesDevices(planned.row.id) && access !== 'r') return 'exclusive';
  return access === 'F' || access === 'permit' ? 'exclusive' : 'shared';
}

/**
 * Longest time for all trials of a check. A failover trial waits for: steady state, a quiet stretch, landing, recovery, the
 * members' return, read-back, settling. Another check waits for a few of the longest at most.
 */
export function checkTimeoutMs(planned: PlannedCheck, environment: Environment): number {
  const sum = (...names: (keyof Environment['timeouts'])[]) =>
    names.reduce((total, name) => total + timeoutMsOf(environment, name), 0);
  if (storeFault(planned.row.id)) {
    const trial = sum(
      'steadyState',
      'steadyState',
      'faultLanding',
      'podReady', // of a privileged pod
      'switchover',
      'faultHold',
      'nodeReady',
      'rtoDeadline',
      'membersRejoined',
      'rtoDeadline', // writes go on after the members' return
      'workloadStop',
      'readBack',
      'settle', // and once more, where a member went away meanwhile
      'readBack',
      'settle',
      'settle',
      'membersRejoined', // of the other stores
    );
    return (
      planned.trials * (trial + environment.drills.steadySeconds * 1000 + canaryMs(planned, environment))
    );
  }
  const own = FAMILIES.find(({ prefix }) => planned.row.id.startsWith(prefix));
  if (own !== undefined)
    return planned.trials * (sum(...own.waits) + windowMs(planned) + (own.workMs?.(environment) ?? 0));
  const servers = environment.topology.controlPlane?.nodes ?? 1;
  if (lockMode(planned, environment) === 'exclusive')
    return servers * sum('apiServerDown', 'apiServerUp', 'settle') + sum('settle');
  return sum('podReady', 'podGone', 'volumeBound', 'settle');
}

/** What a check of telemetry under a fault adds: requests and lines, and what is waited for after the last of them. */
function canaryMs({ row, goals }: PlannedCheck, environment: Environment): number {
  const { telemetry } = environment;
  if (!row.id.startsWith('telemetry/') || telemetry === undefined) return 0;
  const { underFaultSeconds } = telemetry.canary;
  return (
    WRITTEN_TWICE * underFaultSeconds * 1000 +
    Number(goals['visibleSeconds'] ?? 0) * 1000 +
    ARRIVAL.reduce((sum, name) => sum + timeoutMsOf(environment, name), 0)
  );
}

/** Who writes lines on a node that is lost writes all of them once more when it is back, and each a little slower than it was told. */
const WRITTEN_TWICE = 2.5;

/** After the last request or line: what is late, the last look at two stores, the pods of the canary. */
const ARRIVAL = [
  'telemetryLate',
  'telemetryQuery',
  'telemetryQuery',
  'telemetryQuery',
  'edgeRequest',
  'podReady',
  'podGone',
  'settle',
] as const satisfies Wait[];

/** How long the requests and lines of a check of telemetry take at most, ms. */
function followedMs({ telemetry }: Environment): number {
  if (telemetry === undefined) return 0;
  const { requests, perSecond, lines, linesPerSecond } = telemetry.canary;
  return Math.max(requests / perSecond, lines / linesPerSecond) * 1000 * 1.5;
}

type Wait = keyof Environment['timeouts'];
interface Family {
  prefix: string;
  waits: Wait[];
  usualMs: number;
  /** What it does itself, as long as the environment says. */
  workMs?: (environment: Environment) => number;
}

/** A run of an embedded environment is over within a day: the window of objectives that last as long. */
const LONGEST_RUN_MS = 86_400_000;
/** Drafts that integrations/llm asks for, and room for as many more. */
const DRAFTS = 16;
/** Pods that scaling/pods/startup starts at once. */
const STARTS_AT_ONCE = 2;

/** Checks that are no trials of a store and take their time all the same, and what one trial of each waits for. */
const FAMILIES: readonly Family[] = [
  {
    prefix: 'scaling/backend/',
    waits: [
      'scaleDown',
      'scaleUp',
      'loadStop',
      'scaleDown',
      'scaleUp',
      'loadStop',
      'scaleDown',
      'loadStop',
      'settle',
    ],
    usualMs: 180_000,
  },
  {
    prefix: 'scaling/ai/',
    waits: ['scaleDown', 'edgeRequest', 'scaleUp', 'loadStop', 'loadStop', 'scaleDown', 'settle'],
    usualMs: 120_000,
  },
  {
    prefix: 'scaling/pods/',
    waits: ['podReady', 'podReady', 'podGone', 'settle'],
    usualMs: 120_000,
    workMs: (environment) =>
      Math.ceil(environment.load.startupPods / STARTS_AT_ONCE) * timeoutMsOf(environment, 'podStart'),
  },
  {
    prefix: READS_BUDGETS,
    waits: ['prometheusQuery', 'settle'],
    usualMs: 5_000,
    workMs: (environment) =>
      answersFor(
        environment.objectives,
        LONGEST_RUN_MS,
        (environment.prometheus?.scrapeSeconds ?? 1) * 1000,
      ) * timeoutMsOf(environment, 'prometheusPart'),
  },
  {
    prefix: 'gpu/',
    waits: [
      'podReady',
      'unschedulable',
      'stillPending',
      'deviceBack',
      'nodeReady', // and as long for its start
      'nodeReady',
      'deviceBack',
      'gpuMetrics',
      'podGone',
      'settle',
    ],
    usualMs: 15_000,
  },
  {
    prefix: 'performance/ai/',
    waits: ['loadStop', 'loadStop', 'settle', 'settle'],
    usualMs: 60_000,
    workMs: ({ ai }) => (ai?.load.seconds ?? 0) * 1000,
  },
  {
    prefix: 'integrations/llm',
    waits: ['edgeRequest', 'settle', 'settle'],
    usualMs: 20_000,
    workMs: (environment) => DRAFTS * timeoutMsOf(environment, 'llmAnswer'),
  },
  {
    prefix: 'failover/ai/',
    waits: [
      'steadyState',
      'steadyState',
      'podReady',
      'faultLanding',
      'workloadStop',
      'nodeReady',
      'membersRejoined',
      'membersRejoined',
      'jobsDone',
      'readBack',
      'readBack',
      'settle',
      'settle',
    ],
    usualMs: 70_000,
  },
  {
    prefix: 'performance/',
    waits: ['loadStop', 'loadStop', 'settle', 'settle'],
    usualMs: 60_000,
    workMs: ({ load }) => load.steady.seconds * 1000,
  },
  {
    prefix: 'telemetry/logs/every-workload',
    // Pods that write lines start on every node and go again; each workload's lines are looked for twice where they are not found at once.
    waits: ['podReady', 'podGone', 'telemetryQuery', 'settle', 'settle', 'settle'],
    workMs: (environment) =>
      2 * environment.topology.workloads.length * timeoutMsOf(environment, 'telemetryQuery'),
    usualMs: 5_000,
  },
  {
    prefix: 'telemetry/traces/complete',
    waits: [...ARRIVAL, 'telemetryLate'],
    usualMs: 60_000,
    workMs: followedMs,
  },
  {
    prefix: 'telemetry/alerts/fires',
    waits: ['podReady', 'alertArrival', 'alertGone', 'podGone', 'settle'],
    usualMs: 30_000,
  },
  {
    prefix: 'telemetry/metrics/',
    waits: ['prometheusFirst', 'prometheusQuery', 'prometheusQuery', 'settle'],
    usualMs: 2_000,
  },
  {
    prefix: 'telemetry/alerts/rules',
    waits: ['prometheusFirst', 'prometheusQuery', 'settle'],
    usualMs: 1_000,
  },
  { prefix: 'telemetry/', waits: [...ARRIVAL, 'telemetryLate'], usualMs: 30_000, workMs: followedMs },
  {
    prefix: 'failover/backend/',
    waits: [
      'steadyState',
      'podReady',
      'faultLanding',
      'workloadStop',
      'nodeReady',
      'membersRejoined',
      'settle',
      'settle',
      'settle',
    ],
    usualMs: 60_000,
  },
  {
    prefix: 'failover/control-plane/',
    waits: [
      'steadyState',
      'faultLanding',
      'rtoDeadline',
      'rtoDeadline',
      'workloadStop',
      'membersRejoined',
      'membersRejoined',
      'settle',
      'settle',
      'settle',
      'settle',
    ],
    usualMs: 150_000,
  },
];

/** How long requests are sent after the fault; 0 for checks without such a window. */
function windowMs({ goals }: PlannedCheck): number {
  return typeof goals['windowSeconds'] === 'number' ? goals['windowSeconds'] * 1000 : 0;
}

/** A guess of a check's usual time, for the progress shown, ms. Measured on two cores. */
export function estimateMs(planned: PlannedCheck, environment: Environment): number {
  if (storeFault(planned.row.id))
    return (
      planned.trials *
      (environment.drills.steadySeconds * 1000 +
        50_000 +
        (planned.row.id.startsWith('telemetry/')
          ? (environment.telemetry?.canary.underFaultSeconds ?? 0) * 1000
          : 0))
    );
  const own = FAMILIES.find(({ prefix }) => planned.row.id.startsWith(prefix));
  if (own !== undefined) return planned.trials * (own.usualMs + windowMs(planned));
  return lockMode(planned, environment) === 'exclusive' ? 90_000 : 4_000;
}
