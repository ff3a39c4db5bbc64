import type { CheckJudge } from '../../reports/judge/definition.ts';
import type { Goals } from '../../reports/record/goals.ts';
import type { KindSchemas } from '../../reports/record/observations/kinds.ts';
import type { CheckBody } from '../harness/context.ts';
import type { Control } from '../harness/control.ts';
import type { PodField } from '../../probes/kubernetes/cache/trim.ts';
import type { CheckSettings } from './check-settings.ts';
import type { Environment, FaultName, PartName, StoreName, TimeoutName } from '../../env/schema.ts';

/** Kinds of environment, in the order of the letters in a row's `access`. */
export type EnvironmentKind = 'local' | 'development' | 'testing' | 'staging' | 'production';

/** r: reads only; w: writes its own canary data; F: injects faults; permit: only with a permit; none: does not apply. */
export type Access = 'r' | 'w' | 'F' | 'permit' | 'none';

/** What an environment must declare for a check to run. */
export interface Requirement {
  /** Name in messages: `prometheus and objectives`. */
  what: string;
  declares: (environment: Environment) => boolean;
}

/** What a check hurts, and how. */
export interface Hurts {
  /** The store that it hurts; absent: a service or the control plane. */
  store?: StoreName;
  /** By the name that permits have for it; absent: it has none. */
  fault?: FaultName;
  /** The fault that the environment declares, in place of the usual one. */
  faultIn?: (environment: Pick<Environment, 'telemetry'>) => FaultName | undefined;
  /** It looks at what the store keeps: goals that the store's declaration has for the fault are its own, and it can be aimed. */
  ofStore?: true;
}

/** Inputs for the duration of a check's own work. */
export interface Work {
  goals: Goals;
  /** A named time-out, ms. */
  waitMs: (name: TimeoutName) => number;
  /** Most answers of Prometheus that the environment's objectives need. */
  answers: () => number;
}

/** A control as lists show it. */
export type ControlInWords = Pick<Control, 'title' | 'verdict' | 'size'>;

/** Longest and usual duration of one trial of a check. */
export interface Time {
  /** Its waits, one after the other: their time-outs add up. */
  waits: readonly TimeoutName[];
  /** Time for its own work besides these waits, from environment and goals, ms. */
  workMs?: (environment: Environment, work: Work) => number;
  /** Usual duration on two cores, for the progress display, ms. */
  usualMs: number | ((environment: Environment) => number);
}

/** One row of the catalogue: everything known about a check before it runs. */
export interface CatalogueRow {
  /** `suite/subject/name`, e.g. `topology/nodes/pools`. */
  id: string;
  /** Position in lists: lower comes first. */
  order: number;
  title: string;
  /** Section of ARCH-2025-11-005 that it answers, or `–`. */
  section: string;
  access: Record<EnvironmentKind, Access>;
  /** The goal as a sentence, for people. */
  goal: string;
  /** How it observes, in a sentence for `plumbline explain`; left out where title and goal already say it. */
  does?: string;
  /** Default goal values, overridable in the environment file; all `assumed` until an owner confirms them. */
  goals: Goals;
  /** Planned negative controls of a check that is not built; built checks have `controls`. */
  planned: readonly ControlInWords[];
  /** Kinds of observation that only this check records. Its observations.ts adds them to `Kinds`: see docs/extend/a-check.md. */
  observes?: KindSchemas;
  /** Its observer; a check without one is not built and `not-run`. Loaded on demand, as are `judge` and `controls`. */
  observe?: () => Promise<CheckBody>;
  judge?: () => Promise<CheckJudge>;
  /** Its negative controls, or those of all checks of its family. */
  controls?: () => Promise<readonly Control[]>;
  /** False is reported as `not-run (not built)`. */
  built: boolean;
  /** Smallest local size in which it can run. */
  needsSize?: 'full';
  /** It reads only the cluster, so it can run before the platform is installed. */
  clusterAlone?: true;
  /** Parts that are stand-ins in the local environment, e.g. `Kong`. */
  stubbed?: string[];
  /** Parts of the platform that it needs. */
  parts: readonly PartName[];
  requires?: Requirement;
  hurts?: Hurts;
  /** The parts of the environment that it is given in addition to what every check is given. Secrets are removed from them. */
  reads: (environment: Environment) => Partial<CheckSettings>;
  /** Fields of pods that the runner's cache must keep for it; it reads them with `podField`. */
  podFields?: readonly PodField[];
  /** Whether it must have the environment for itself although it injects no fault. */
  alone: (environment: Environment, access: Access) => boolean;
  time: Time;
  /** It asks the stores although it hurts none. */
  asksStores?: true;
  /** It reads nodes and the control plane, not the platform's namespace. */
  withoutPlatform?: true;
  /** It judges restarts, so it is given the restarts that drills have caused. */
  toldOfDrills?: true;
  /** It has to create the load or breach that it looks at, so it cannot run where only reading is allowed. */
  onlyMakes?: true;
  /** It changes the template of a Deployment. Outside embedded environments no account of Plumbline may do that. */
  writesTemplate?: true;
}
