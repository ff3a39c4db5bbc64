import type { CheckJudge } from '../../reports/judge/definition.ts';
import type { Goals } from '../../reports/record/goals.ts';
import type { KindSchemas } from '../../reports/record/observations/kinds.ts';
import type { CheckBody } from '../harness/context.ts';
import type { Control } from '../harness/control.ts';
import type { PodField } from '../../probes/kubernetes/cache/trim.ts';
import type { CheckSettings } from './check-settings.ts';
import type { Environment, FaultName, PartName, StoreName, TimeoutName } from '../../env/schema.ts';

/** Environments by their letter in the catalogue. */
export type EnvironmentKind = 'local' | 'development' | 'testing' | 'staging' | 'production';

/** r: reads only; w: writes its own canary data; F: injects faults; permit: only with a permit; none: does not apply. */
export type Access = 'r' | 'w' | 'F' | 'permit' | 'none';

/** What of an environment must be declared for a check to have something to compare with. */
export interface Requirement {
  /** As a message names it: `prometheus and objectives`. */
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

/** What a check may take as long as. */
export interface Work {
  goals: Goals;
  /** A named time-out, ms. */
  waitMs: (name: TimeoutName) => number;
  /** Answers of Prometheus that the environment's objectives take at most. */
  answers: () => number;
}

/** A control as it is listed. */
export type ControlInWords = Pick<Control, 'title' | 'verdict' | 'size'>;

/** How long one trial of a check may take, and usually takes. */
export interface Time {
  /** What it waits for at most, one after the other. */
  waits: readonly TimeoutName[];
  /** What it does itself beside that, as long as the environment and the goals say, ms. */
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
  /** What it does to see what it judges, in a sentence for `plumbline explain`; where it is missing, title and goal say it. */
  does?: string;
  /** Default goal values, overridable in the environment file; all `assumed` until an owner confirms them. */
  goals: Goals;
  /** Of a check that is not built: what would break it, and the verdict that must follow. Of others `controls` says it. */
  planned: readonly ControlInWords[];
  /** Kinds of observation that it alone makes. Their names are added to `Kinds` beside it: docs/extend/a-check.md shows how. */
  observes?: KindSchemas;
  /** What it does to see what it judges; where it is missing the check is not built, and `not-run`. Loaded when it is needed, as the next two. */
  observe?: () => Promise<CheckBody>;
  judge?: () => Promise<CheckJudge>;
  /** What breaks it on purpose: its own controls, or those of all checks of its family. */
  controls?: () => Promise<readonly Control[]>;
  /** It is built: false is reported as `not-run (not built)`. */
  built: boolean;
  /** Smallest local size that can hold it. */
  needsSize?: 'full';
  /** It looks at the cluster alone, and so can run before the platform is in it. */
  clusterAlone?: true;
  /** Parts that are stand-ins in the local environment, e.g. `Kong`. */
  stubbed?: string[];
  /** Parts of the platform without which it has nothing to look at. */
  parts: readonly PartName[];
  requires?: Requirement;
  hurts?: Hurts;
  /** What it is given of the environment beside what every check is given. Secrets are taken out of it. */
  reads: (environment: Environment) => Partial<CheckSettings>;
  /** Fields of pods that it reads, of those that the runner's cache drops otherwise; read with `podField`. */
  podFields?: readonly PodField[];
  /** It must have the environment for itself although it injects no fault: always, or where this says so. */
  alone: (environment: Environment, access: Access) => boolean;
  time: Time;
  /** It asks the stores although it hurts none. */
  asksStores?: true;
  /** It looks at nodes and the control plane, and not at the platform's namespace. */
  withoutPlatform?: true;
  /** It looks at restarts, and is told of those that drills have caused. */
  toldOfDrills?: true;
  /** It makes what it looks at, a load or a breach, and knows no way of reading alone. */
  onlyMakes?: true;
  /** It changes the template of a Deployment, a right that no account of Plumbline has outside embedded environments. */
  writesTemplate?: true;
}
