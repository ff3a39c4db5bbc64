import type { CheckJudge } from '../../reports/judge/definition.ts';
import type { Goals } from '../../reports/record/goals.ts';
import type { KindSchemas } from '../../reports/record/observations/kinds.ts';
import type { CheckBody } from '../harness/context.ts';
import type { Control } from '../harness/control.ts';
import type { PodField } from '../../probes/kubernetes/cache/trim.ts';
import type { CheckSettings } from './check-settings.ts';
import type { Touches } from './touches.ts';
import type { Environment, FaultName, PartName, StoreName, TimeoutName } from '../../env/schema.ts';

/** In the order of the letters of `access`. */
export type EnvironmentKind = 'local' | 'development' | 'testing' | 'staging' | 'production';

/** r: reads only; w: writes its own canary data; F: injects faults; permit: would inject faults, and the file of such an environment holds no permits; none: does not apply. */
export type Access = 'r' | 'w' | 'F' | 'permit' | 'none';

/** One thing that an environment must declare for a check to run. */
export interface Requirement {
  /** As a message names it: the key in the environment file, such as `prometheus`. */
  what: string;
  declares: (environment: Environment) => boolean;
  /** Why the check does not apply where it is missing: nobody can declare it there. Left out: it can be declared. */
  never?: string;
  /** The source of telemetry that the check then asks. */
  source?: TelemetrySource;
}

/** Sections of `telemetry` that one product answers for. */
export type TelemetrySource = 'logs' | 'traces' | 'alerts' | 'dashboards';

/** What a check hits, and how. */
export interface Injects {
  /** The store that it hits; absent: a service or the control plane. */
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

/** A control as it is listed. */
export type ControlInWords = Pick<Control, 'title' | 'verdict' | 'size'>;

/** How long one trial of a check may take, and usually takes. */
export interface Time {
  /** What it waits for at most, one after the other. */
  waits: readonly TimeoutName[];
  /** Time for its own work besides these waits, from environment and goals, ms. */
  workMs?: (environment: Environment, work: Work) => number;
  /** Usual time on two cores, for the progress that is shown, ms. */
  usualMs: number | ((environment: Environment) => number);
}

/** One row of the catalogue of checks: all that is known of a check before it runs. */
export interface CatalogueRow {
  /** `suite/subject/name`, e.g. `topology/nodes/pools`. */
  id: string;
  /** Its place in every list: the lower the earlier. */
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
  /** With what the environment would fail: the planned negative control of a check that is not built; built checks have `controls`. */
  wouldFail?: string;
  /** Kinds of observation that only the checks of its folder record, from the `observations.ts` there, which also adds them to `Kinds`. */
  observes: KindSchemas;
  /**
   * Its observer; a check without one is not built and `not-run`. It is loaded on demand, as are `judge` and `controls`: each from the file of its name
   * in the folder of the definition, unless the definition says how.
   */
  observe?: () => Promise<CheckBody>;
  judge?: () => Promise<CheckJudge>;
  /** Its negative controls, or those of all checks of its family. */
  controls?: () => Promise<readonly Control[]>;
  /** It is built: false is reported as `not-run (not written yet)`. */
  built: boolean;
  /** Smallest local size that can hold it. */
  needsSize?: 'full';
  /** It looks at the cluster alone, and so can run before the platform is in it. */
  clusterAlone?: true;
  /**
   * Products for which it meets stand-ins in the environment of a plan, e.g. `Kong`. A definition names those that do not follow from what it requires
   * (plan/stand-ins.ts).
   */
  stubbed?: string[];
  /** Adapters that it uses in the environment of a plan and that no real product has answered yet. */
  notMet?: string[];
  /** Parts of the platform without which it has nothing to look at. */
  parts: readonly PartName[];
  requires?: Requirement | readonly Requirement[];
  /**
   * Why it cannot pass in an environment, though it runs there: what it would have to see is not declared. null: it can. It is required only where a
   * profile names it.
   */
  cannotPass?: (environment: Environment, goals: Goals) => string | null;
  injects?: Injects;
  /** The parts of the environment that it is given in addition to what every check is given. Secrets are removed from them. */
  reads: (environment: Environment) => Partial<CheckSettings>;
  /** What it does with the API of the cluster. */
  touches: Touches;
  /** Fields of pods that the runner's cache must keep for it; it reads them with `podField`. */
  podFields?: readonly PodField[];
  /** Whether it must have the environment for itself although it injects no fault. */
  alone: (environment: Environment, access: Access) => boolean;
  time: Time;
  /** It asks the stores although it hits none. */
  asksStores?: true;
  /** Whether it asks for the queries of objectives: templates of them may be not met yet. */
  asksObjectives?: true;
  /** It looks at nodes and the control plane, and not at the platform's namespace. */
  withoutPlatform?: true;
  /** It judges restarts, so it is given the restarts that drills have caused. */
  toldOfDrills?: true;
  /** It has to create the load or breach that it looks at, so it cannot run where only reading is allowed. */
  onlyMakes?: true;
  /** It changes the template of a Deployment, a right that no account of Plumbline has outside embedded environments. */
  writesTemplate?: true;
}
