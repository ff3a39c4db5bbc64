/** The parts of an environment that checks can be given. A row of the catalogue combines those that its check needs. */
import type { CheckSettings } from './check-settings.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import { declaredWords } from '../../env/declared-words.ts';
import type { Environment, Telemetry, Topology, TraceHop } from '../../env/schema.ts';
import { kindOfResource } from '../../probes/gpu/declaration.ts';

export type Reads = (environment: Environment) => Partial<CheckSettings>;

/** Kinds of environment in which checks may create canaries of their own (`w` in the catalogue). */
const WRITABLE = new Set(['local', 'testing', 'staging']);

export const together =
  (...reads: readonly Reads[]): Reads =>
  (environment) =>
    reads.reduce<Partial<CheckSettings>>((before, read) => ({ ...before, ...read(environment) }), {});

/** The whole topology, under its own name. */
export const wholeTopology: Reads = ({ topology }) => ({ topology });

/** Parts of the topology, each under its own name. */
export const topologyParts =
  (...names: readonly (keyof Topology)[]): Reads =>
  ({ topology }) =>
    Object.fromEntries(names.map((name) => [name, topology[name]]));

/** Whether it may write canaries of its own. */
export const writes: Reads = ({ kind, readOnly }) => ({ writes: readOnly !== true && WRITABLE.has(kind) });

/** Whether this machine is in the network of the cluster. */
export const reach: Reads = ({ cluster }) => {
  const { reach: way } = traitsOf({ cluster });
  return way === 'port-forward' ? { reach: way } : {};
};

export const devices: Reads = ({ gpu }) =>
  gpu === undefined ? {} : { gpu: { ...gpu, kind: kindOfResource(gpu) } };

/** Of Prometheus only how often it scrapes. */
export const scrapes: Reads = ({ prometheus }) =>
  prometheus === undefined ? {} : { scrapeSeconds: prometheus.scrapeSeconds };

export const prometheus: Reads = ({ prometheus: declared }) =>
  declared === undefined ? {} : { prometheus: declared };

export const ai: Reads = ({ ai: declared }) => (declared === undefined ? {} : { ai: declared });

/** How a request of the application is recognised, what shows that the service answered, and good statuses; nothing of who asks. */
export const contract: Reads = ({ application }) =>
  application === undefined
    ? {}
    : {
        application: {
          follow: application.follow,
          proof: application.proof,
          ...(application.servedBy !== undefined && { servedBy: application.servedBy }),
          statuses: {
            look: application.requests.look.status,
            ...(application.requests.draft !== undefined && { draft: application.requests.draft.status }),
          },
        },
      };

/** Complete objectives, for checks that judge them. */
export const objectives: Reads = ({ objectives: all }) => ({ objectives: [...all] });

/** Logs, traces, metrics and alerts, and what they must tell of. */
export const telemetry: Reads = (environment) => {
  const { topology } = environment;
  const here = telemetryHere(environment);
  return {
    ...(here !== undefined && { telemetry: here }),
    objectives: environment.objectives.map(({ name }) => name),
    workloads: topology.workloads,
    network: topology.network,
    ...prometheus(environment),
  };
};

/** The declared telemetry, with the path of a request reduced to what is provisioned. */
export function telemetryHere(environment: Environment): Telemetry | undefined {
  const { telemetry: declared } = environment;
  if (declared?.traces === undefined) return declared;
  const path = pathHere(environment, declared.traces.path);
  return { ...declared, traces: { ...declared.traces, path } };
}

/** The path without hops that need a part or store that was not provisioned. */
function pathHere(environment: Environment, path: readonly TraceHop[]): TraceHop[] {
  const words = declaredWords(environment);
  const provisioned = (word: string | undefined): boolean => word === undefined || words.includes(word);
  return path
    .filter(({ requires }) => provisioned(requires))
    .map((hop) => ({ ...hop, spans: hop.spans.filter(({ requires }) => provisioned(requires)) }));
}
