import { z } from 'zod';
import type { Objective } from '../reports/record/telemetry/objective.ts';
import { ai } from '../probes/ai/declaration.ts';
import { application } from '../probes/application/declaration.ts';
import { cluster } from './providers/declared.ts';
import { KINDS } from './providers/declaring.ts';
import { hostPort } from '../probes/declaring.ts';
import { gpu } from '../probes/gpu/declaration.ts';
import { namespaces } from './schema/namespaces.ts';
import { objectives, prometheus } from './schema/objectives.ts';
import type { PartName } from './schema/parts.ts';
import { drills, goals, load, permits, profiles, timeouts } from './schema/rules.ts';
import { stores } from '../probes/declared-stores.ts';
import type { StoreName } from '../probes/declared-stores.ts';
import { telemetry } from '../probes/signals/declaration.ts';
import type { Timeout, TimeoutName } from './schema/timeouts.ts';
import { sizeOverlay, topology } from './schema/topology.ts';

/**
 * One environment as its file states it: how to reach it, what it should look like, its goals, its named time-outs, and
 * what is permitted in it. Unknown keys are errors. `loadEnvironment` (loader.ts) reads and completes it.
 */
export const environmentFile = z.strictObject({
  extends: z
    .string()
    .optional()
    .describe(
      'Path of the file that this one builds on, relative to it: each map key by key, everything else replaced; null takes a key away',
    ),
  variables: z
    .record(z.string(), z.string())
    .optional()
    .describe('Text that replaces ${name} wherever it stands in this file or in one that it extends'),
  name: z.string().regex(/^[a-z][a-z0-9-]*$/, 'lower-case letters, digits and "-"'),
  kind: z.enum(KINDS),
  description: z.string().optional(),
  cluster,
  apiAddress: hostPort
    .optional()
    .describe('The address of the API server that clients use, behind its load balancer'),
  namespaces: namespaces.default({
    platform: 'tender',
    edge: 'edge',
    canary: 'plumbline-canary',
    system: 'plumbline-system',
    drill: 'plumbline-drill',
  }),
  topology,
  sizes: z
    .strictObject({ small: sizeOverlay.optional(), full: sizeOverlay.optional() })
    .optional()
    .describe('Embedded environments only: what each size holds, replacing what topology says'),
  stores: stores.default({}),
  application: application.optional(),
  ai: ai.optional(),
  gpu: gpu.optional(),
  load: load.prefault({}),
  goals: goals.default({}),
  objectives,
  prometheus: prometheus.optional(),
  telemetry: telemetry.optional(),
  timeouts: timeouts.default({}),
  permits,
  profiles,
  drills,
});

export type EnvironmentFile = z.infer<typeof environmentFile>;

/** An environment as the rest of Plumbline sees it: size applied, every time-out present. */
export interface Environment extends Omit<
  EnvironmentFile,
  'extends' | 'variables' | 'sizes' | 'timeouts' | 'objectives'
> {
  timeouts: Record<TimeoutName, Timeout>;
  /** Stores that the file of an embedded environment declares and that were not provisioned. */
  leftOut: readonly StoreName[];
  /** Workloads of what an embedded environment was provisioned without, as `KIND NAMESPACE/NAME`: they may run from an earlier time. */
  workloadsLeftOut?: readonly string[];
  /** The Deployment behind the edge, named the same way, where it is one of those: edge and application are left out with it. */
  behindEdgeLeftOut?: string;
  /** The same of parts; also those that the size cannot hold. */
  partsLeftOut: readonly PartName[];
  /** Outside embedded environments: declared stores and parts whose checks were left out with `--with`. They stay declared. */
  notSelected: readonly string[];
  /** For this run only: nothing in the environment may be made or changed, whatever the file permits (`--read-only`). */
  readOnly?: true;
  /** The objectives that the file names or states, with the queries of documents and templates and the file's values applied. */
  objectives: readonly Objective[];
  /** Absolute path of the file, for messages and the run record. */
  file: string;
  /** What to type after `--env` for it: its name where the file lies in `env/` of this checkout, else the file. */
  envOption: string;
  /** Absolute paths of the files that it extends. */
  extended: readonly string[];
}

export { application as applicationSchema } from '../probes/application/declaration.ts';
export type { Application, Credentials, RequestName } from '../probes/application/declaration.ts';
export type { AiSettings, LlmBehaviour } from '../probes/ai/declaration.ts';
export { KINDS, SIZES } from './providers/declaring.ts';
export type { Cluster, EnvironmentKindName, Power, Size } from './providers/declaring.ts';
export { FAULTS, STORES } from '../probes/declared-stores.ts';
export type { DeclaredStore, FailoverGoal, FaultName, StoreName, Stores } from '../probes/declared-stores.ts';
export type { SecretSource, Source, Trust } from '../probes/declaring.ts';
export type { Gpu } from '../probes/gpu/declaration.ts';
export { PART_NAMES } from './schema/parts.ts';
export type { PartName } from './schema/parts.ts';
export type { PrometheusSettings } from './schema/objectives.ts';
export type {
  AlertSettings,
  DashboardSettings,
  LogSettings,
  OtlpSettings,
  PushgatewaySettings,
  Telemetry,
  TelemetryCanary,
  TraceHop,
  TraceSettings,
} from '../probes/signals/declaration.ts';
export type { Permit, Profile } from './schema/rules.ts';
export { DEFAULT_TIMEOUTS, TIMEOUT_NAMES } from './schema/timeouts.ts';
export type { Timeout, TimeoutName } from './schema/timeouts.ts';
export type { Edge, Hop } from '../probes/edge/declaration.ts';
export type { Certificate, Pool, Taint, Topology, Workload } from './schema/topology.ts';
