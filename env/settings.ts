import { partsOf } from './catalogue/parts.ts';
import { declaredWords } from './declared-words.ts';
import type { Environment, Telemetry, Topology, TraceHop } from './schema.ts';
import { kindOfResource } from './schema/gpu.ts';

/** Parts of `topology` that each check is given, by check id. Nothing else of it goes into the check's history. */
const NEEDS: Readonly<Record<string, readonly (keyof Topology)[]>> = {
  'topology/cluster/versions': ['controlPlane', 'certificates'],
  'topology/cluster/control-plane': ['controlPlane'],
  'topology/cluster/api-balanced': ['controlPlane'],
  'topology/nodes/pools': ['pools'],
  'topology/network/reachability': ['network', 'workloads'],
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

/** Kinds of environment in which checks may create canaries of their own (CHECKS.md: `w`). */
const WRITABLE = new Set(['local', 'testing', 'staging']);

/**
 * What a check's history begins with, beside its goals: everything that its observer and its judge may know of the
 * environment. Flat, so that a control can replace one key. Holds no secret: sources of passwords are left out.
 */
export function settingsFor(check: string, environment: Environment): Record<string, unknown> {
  const { kind, cluster, apiAddress, namespaces, topology, stores, drills } = environment;
  const timeouts = Object.fromEntries(
    Object.entries(environment.timeouts).map(([name, wait]) => [name, wait.seconds * 1000]),
  );
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
  return { ...shared, ...parts, writes: WRITABLE.has(kind) };
}

/** What checks of devices need besides; of Prometheus only how often it scrapes. */
function ofDevices({ kind, gpu, prometheus }: Environment): Record<string, unknown> {
  const { scrapeSeconds } = prometheus ?? {};
  return {
    ...(gpu !== undefined && { gpu: { ...gpu, kind: kindOfResource(gpu) } }),
    writes: WRITABLE.has(kind),
    ...(scrapeSeconds !== undefined && { scrapeSeconds }),
  };
}

/** What checks that make load, or judge it, need besides. */
function ofLoads(check: string, environment: Environment): Record<string, unknown> {
  const { load, objectives, prometheus, ai, kind } = environment;
  const ofAi = partsOf(check).includes('ai') && ai !== undefined ? { ai: withoutSecrets(ai) } : {};
  if (check === 'scaling/pods/startup') return { startup: { pods: load.startupPods } };
  if (check.startsWith('integrations/')) return { ...ofAi, writes: WRITABLE.has(kind) };
  if (!check.startsWith('performance/')) return ofAi;
  return {
    ...ofAi,
    objectives,
    steady: 'ai' in ofAi && ai !== undefined ? ai.load : load.steady,
    ...(prometheus !== undefined && { prometheus: withoutSecrets(prometheus) }),
  };
}

/** What checks of logs, traces, metrics and alerts need besides. */
function ofTelemetry(check: string, environment: Environment): Record<string, unknown> {
  if (!check.startsWith('telemetry/')) return {};
  const { kind, objectives, prometheus, topology } = environment;
  return {
    telemetry: withoutSecrets(telemetryHere(environment) ?? {}),
    objectives: objectives.map(({ name }) => name),
    workloads: topology.workloads,
    network: topology.network,
    writes: WRITABLE.has(kind),
    ...(prometheus !== undefined && { prometheus: withoutSecrets(prometheus) }),
  };
}

/** However deep: an account lies beside a password, and a part of a store may have a password of its own. */
function withoutSecrets(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([key]) => !SECRET.has(key));
  return Object.fromEntries(kept.map(([key, one]) => [key, withoutSecrets(one)]));
}
