/** What `doctor` says of one thing that a run needs, and what those who look at things are given. */
import type { Environment } from '../../env/schema.ts';
import { atMost } from '../../reports/record/at-most.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import type { KubeCall } from '../provider-safety.ts';
import type { StoreTargets } from '../targets/store-target.ts';

/**
 * missing: it is not there, or not as a run needs it; unknown: it could not be tested, and `detail` says why; optional: it is not there, and the
 * run does without it, as `detail` says.
 */
export type State = (typeof STATES)[number];
/** In the order in which they are shown: what to do first comes first. */
export const STATES = ['missing', 'unknown', 'optional', 'not needed', 'ok'] as const;

export interface Item {
  /** As a person would name it: `stores.redis at 10.0.0.7:6379`. */
  what: string;
  state: State;
  /** What was seen, or why it is needed or not. */
  detail: string;
  /** Of what is missing: the rule, account, line or command to add; lines of text. */
  add?: string;
  /** It is there, and says something that a person should know now. */
  notice?: true;
}

/** The cluster, once it was reached and is the pinned one. */
export interface Reached {
  cluster: KubeCluster;
  kube: KubeCall;
  stores: StoreTargets;
}

export interface Situation {
  environment: Environment;
  /** Every check of the selection. */
  planned: readonly PlannedCheck[];
  /** Those of them that would run. */
  running: readonly PlannedCheck[];
  /** Whether a profile was chosen: then a run wants more of what the environment file names. */
  wholeProfile: boolean;
  /** null: it could not be reached, or is another cluster. */
  reached: Reached | null;
  /** For one answer, ms. */
  deadlineMs: number;
  signal: AbortSignal;
}

/** One kind of thing that a run needs. */
export interface Kind {
  /** A word or two, as the output names it. */
  name: string;
  /** Changes nothing. Never throws for what is missing: that is an item. */
  look: (situation: Situation) => Promise<Item[]>;
}

export const ok = (what: string, detail: string): Item => ({ what, state: 'ok', detail });
export const missing = (what: string, detail: string, add?: string): Item => ({
  what,
  state: 'missing',
  detail,
  ...(add !== undefined && { add }),
});
export const unknown = (what: string, detail: string, add?: string): Item => ({
  what,
  state: 'unknown',
  detail,
  ...(add !== undefined && { add }),
});
export const optional = (what: string, detail: string, add?: string): Item => ({
  what,
  state: 'optional',
  detail,
  ...(add !== undefined && { add }),
});
export const notNeeded = (what: string, detail: string): Item => ({ what, state: 'not needed', detail });

export const NOT_REACHED = 'the cluster was not reached';

/** Names for a sentence. */
export function someOf(names: readonly string[]): string {
  return atMost(names, 3).join(', ');
}
