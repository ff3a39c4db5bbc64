import { partsOf } from './catalogue/parts.ts';
import { declaredWords } from './declared-words.ts';
import type { Objective } from '../reports/record/objective.ts';
import type {
  AiSettings,
  Environment,
  FaultName,
  Gpu,
  PrometheusSettings,
  StoreName,
  Telemetry,
  TelemetryCanary,
  TimeoutName,
  Topology,
  TraceHop,
} from './schema.ts';
import { kindOfResource } from './schema/gpu.ts';

/** How a trial is aimed and how long it waits, where a drill or a control says otherwise than the environment. */
export interface TrialOverrides {
  target?: string;
  also?: 'api'[];
  fault?: string;
  steadyBeforeMs?: number;
  holdMs?: number;
  rtoDeadlineMs?: number;
  membersRejoinedMs?: number;
}

/**
 * What a check is given of the environment: parts of it with the types that its schema gives them. Which parts follows from the check; what
 * only drills and controls set stands at the end.
 */
export interface CheckSettings extends Partial<Topology> {
  kind: Environment['kind'];
  embedded?: string;
  size?: 'small' | 'full';
  apiAddress?: string;
  namespaces: Environment['namespaces'];
  /** Every named time-out, ms. */
  timeouts: Record<TimeoutName, number>;
  stores: Environment['stores'];
  drills: Environment['drills'];
  /** Whether checks may create canaries of their own here. */
  writes?: boolean;
  /** Workloads of stores and parts that were left out: they may be there, and need not. */
  leftOut?: string[];
  /** Drills of late, by the pods (`namespace/name`) that they hurt; times are ISO 8601. */
  drilled?: { pods: string[]; from: string; to: string; restarts?: Record<string, number> }[];
  /** The whole topology, of checks that are none of topology. */
  topology?: Topology;
  gpu?: Gpu & { kind: 'whole' | 'mig' | 'shared' };
  scrapeSeconds?: number;
  startup?: { pods: number; readinessDelaySeconds?: number };
  ai?: AiSettings;
  /** Whole for budgets, by name for the rules that must be loaded. */
  objectives?: Objective[] | string[];
  steady?: { requestsPerSecond: number; seconds: number; maxUsers?: number };
  prometheus?: PrometheusSettings;
  telemetry?: Telemetry;
  /** The store that a trial hurts, and how. */
  store?: StoreName;
  fault?: FaultName;
  rtoDeadlineMs?: number;
  members?: number;
  failover?: TrialOverrides;
  workload?: Record<string, unknown>;
  canary?: Partial<TelemetryCanary>;
  everyWorkload?: { waitMs?: number };
  jobs?: { doneWithinMs?: number };
  query?: { askAfterMs?: number };
  teeth?: number;
  scaleUpMs?: number;
  lingersSeconds?: number;
  restart?: boolean;
}

/** Parts of `topology` that each check is given, by check id. Nothing else of it goes into the check's history. */
const NEEDS: Readonly<Record<string, readonly (keyof Topology)[]>> = {
  'topology/cluster/versions': ['controlPlane', 'certificates', 'pools'],
  'topology/cluster/control-plane': ['controlPlane'],
  'topology/cluster/api-balanced': ['controlPlane'],
  'topology/nodes/pools': ['pools'],
  'topology/network/reachability': ['network', 'workloads', 'pools'],
  'topology/storage/persistent': ['storage', 'workloads', 'network'],
  'topology/workloads/declared': ['workloads', 'closed'],
  'topology/workloads/probes': ['workloads'],
  'topology/workloads/resources': ['workloads'],
  'topology/workloads/spread': ['workloads'],
  'topology/workloads/images': ['workloads', 'registry'],
  'topology/edge/path': ['edge'],
  'scaling/pods/startup': ['network', 'workloads'], // whose image is started
  'gpu/allocatable': ['pools'],
  'gpu/schedule': ['pools', 'network', 'workloads'],
  'gpu/taint': ['pools', 'network', 'workloads'],
  'gpu/exclusive': ['pools', 'network', 'workloads'],
  'gpu/exhausted': ['pools', 'network', 'workloads'],
  'gpu/release': ['pools', 'network', 'workloads'],
  'gpu/metrics': ['pools', 'network', 'workloads'],
};

/** The path of a request as it is here: what needs a part or a store that was not raised is no part of it. */
function pathHere(environment: Environment, path: readonly TraceHop[]): TraceHop[] {
  const words = declaredWords(environment);
  const raised = (word: string | undefined): boolean => word === undefined || words.includes(word);
  return path
    .filter(({ requires }) => raised(requires))
    .map((hop) => ({ ...hop, spans: hop.spans.filter(({ requires }) => raised(requires)) }));
}

/** Declared sources of telemetry without their secrets; where a source is left out its key is too. */
export function telemetryHere(environment: Environment): Telemetry | undefined {
  const { telemetry } = environment;
  if (telemetry?.traces === undefined) return telemetry;
  const path = pathHere(environment, telemetry.traces.path);
  return { ...telemetry, traces: { ...telemetry.traces, path } };
}

/** Keys behind which there is, or may be, a secret or where it comes from. */
const SECRET = new Set(['password', 'admin', 'token']);

/** Kinds of environment in which checks may create canaries of their own (`w` in the catalogue). */
const WRITABLE = new Set(['local', 'testing', 'staging']);

/**
 * What a check's history begins with, beside its goals: everything that its observer and its judge may know of the
 * environment. Flat, so that a control can replace one key. Holds no secret: sources of passwords are left out.
 */
export function settingsFor(check: string, environment: Environment): CheckSettings {
  const { kind, cluster, apiAddress, namespaces, topology, stores, drills } = environment;
  const timeouts = Object.fromEntries(
    Object.entries(environment.timeouts).map(([name, wait]) => [name, wait.seconds * 1000]),
  ) as Record<TimeoutName, number>;
  const embedded = 'embedded' in cluster ? { embedded: cluster.embedded, size: cluster.size } : {};
  const shared = {
    kind,
    ...embedded,
    ...(apiAddress !== undefined && { apiAddress }),
    namespaces,
    timeouts,
    stores: withoutSecrets(stores),
    drills,
  };
  const parts = Object.fromEntries((NEEDS[check] ?? []).map((part) => [part, topology[part]]));
  if (check.startsWith('gpu/')) return { ...shared, ...parts, ...ofDevices(environment) };
  if (!check.startsWith('topology/'))
    return {
      ...shared,
      ...parts,
      topology,
      ...ofLoads(check, environment),
      ...ofTelemetry(check, environment),
    };
  return { ...shared, ...parts, ...ofTopology(check, environment), writes: WRITABLE.has(kind) };
}

/** What single checks of the topology need besides its parts. */
function ofTopology(check: string, environment: Environment): Partial<CheckSettings> {
  const { gpu, workloadsLeftOut = [] } = environment;
  if (check === 'topology/workloads/declared') return { leftOut: [...workloadsLeftOut] };
  if (check === 'topology/workloads/resources' && gpu !== undefined)
    return { gpu: { ...gpu, kind: kindOfResource(gpu) } };
  return {};
}

/** What checks of devices need besides; of Prometheus only how often it scrapes. */
function ofDevices({ kind, gpu, prometheus }: Environment): Partial<CheckSettings> {
  const { scrapeSeconds } = prometheus ?? {};
  return {
    ...(gpu !== undefined && { gpu: { ...gpu, kind: kindOfResource(gpu) } }),
    writes: WRITABLE.has(kind),
    ...(scrapeSeconds !== undefined && { scrapeSeconds }),
  };
}

/** What checks that make load, or judge it, need besides. */
function ofLoads(check: string, environment: Environment): Partial<CheckSettings> {
  const { load, objectives, prometheus, ai, kind } = environment;
  const ofAi = partsOf(check).includes('ai') && ai !== undefined ? { ai: withoutSecrets(ai) } : {};
  if (check === 'scaling/pods/startup') return { startup: { pods: load.startupPods } };
  if (check.startsWith('integrations/')) return { ...ofAi, writes: WRITABLE.has(kind) };
  if (!check.startsWith('performance/')) return ofAi;
  return {
    ...ofAi,
    objectives: [...objectives],
    steady: 'ai' in ofAi && ai !== undefined ? ai.load : load.steady,
    ...(prometheus !== undefined && { prometheus: withoutSecrets(prometheus) }),
  };
}

/** What checks of logs, traces, metrics and alerts need besides. */
function ofTelemetry(check: string, environment: Environment): Partial<CheckSettings> {
  if (!check.startsWith('telemetry/')) return {};
  const { kind, objectives, prometheus, topology } = environment;
  const telemetry = telemetryHere(environment);
  return {
    ...(telemetry !== undefined && { telemetry: withoutSecrets(telemetry) }),
    objectives: objectives.map(({ name }) => name),
    workloads: topology.workloads,
    network: topology.network,
    writes: WRITABLE.has(kind),
    ...(prometheus !== undefined && { prometheus: withoutSecrets(prometheus) }),
  };
}

/** However deep: an account lies beside a password, and a part of a store may have a password of its own. */
function withoutSecrets<T>(value: T): T {
  return stripped(value) as T;
}

function stripped(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stripped);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !SECRET.has(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, stripped(one)]));
}
