import type { Goals } from '../../reports/record/goals.ts';
/** Environments by their letter in the catalogue. */
export type EnvironmentKind = 'local' | 'development' | 'testing' | 'staging' | 'production';

/** r: reads only; w: writes its own canary data; F: injects faults; permit: only with a permit; none: does not apply. */
export type Access = 'r' | 'w' | 'F' | 'permit' | 'none';

/** One row of the catalogue of checks. */
export interface CatalogueRow {
  /** `suite/subject/name`, e.g. `topology/nodes/pools`. */
  id: string;
  title: string;
  /** Section of ARCH-2025-11-005 that it answers, or `–`. */
  section: string;
  access: Record<EnvironmentKind, Access>;
  /** The goal as a sentence, for people. */
  goal: string;
  /** Default goal values, overridable in the environment file; all `assumed` until an owner confirms them. */
  goals: Goals;
  /** How the control breaks it, and the verdict that must follow; null where the catalogue has none. */
  control: { how: string; verdict: 'fail' | 'inconclusive'; size: 'small' | 'full' }[];
  /** false: reported as `not-run (not built)`. */
  built: boolean;
  /** Smallest local size that can hold it. */
  needsSize?: 'full';
  /** It looks at the cluster alone, and so can run before the platform is in it. */
  clusterAlone?: true;
  /** Parts that are stand-ins in the local environment, e.g. `Kong`. */
  stubbed?: string[];
}
