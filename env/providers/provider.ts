/** A provider: `provider` in its folder's `index.ts`. Whatever belongs to the runner is passed in. */
import type { FaultInjector } from '../../faults/_common/fault.ts';
import type { Environment } from '../schema.ts';
import type { Provisioned } from '../provisioned.ts';
import type { RollbackKind, Pin, ProviderRollbacks, ProviderName, ProviderShapes } from './declaring.ts';

/** The environment cannot be asked anything: every check is inconclusive, with this reason. */
export class BlockedError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BlockedError';
  }
}

/** What the runner gives a provider that is to reach its environment. */
export interface Connecting {
  environment: Environment;
  /** Whether to provision it where it is not up; false: it is taken as it is. */
  provision: boolean;
  onProgress: (seen: UpProgress) => void;
  /** Undoes what an earlier run has left, before the environment is looked at. @throws HeldError while a living process holds it */
  restoreLeftovers: () => Promise<void>;
  /** @throws HeldError while a run holds it */
  refuseWhileHeld: () => void;
  /** @throws CommandError (64) unless the variables and files that `cluster` names are there */
  requireNamed: () => void;
  signal: AbortSignal;
}

/** Where a cluster is, and its identity. Nothing has been queried yet. */
export interface Reached {
  /** Path of the file; it must be there until the process ends. */
  kubeconfig: string;
  /** Context in it; its current one when left out. */
  context?: string | undefined;
  pin: Pin;
  /** Settles when the platform works, if it is still being provisioned; null: it is not. */
  platformReady: Promise<void> | null;
}

/** Progress of provisioning. */
export interface UpProgress {
  readonly step: string;
  /** From 1. */
  readonly index: number;
  readonly of: number;
  readonly elapsedMs: number;
  /** null: unknown. */
  readonly remainingMs: number | null;
  readonly message: string;
}

/** Stores and parts to provision; undefined: those that are there, or else the usual ones. */
type Words = readonly string[] | undefined;

export interface Upping {
  words: Words;
  /** Throws while a run holds it. Asked before anything is changed. */
  refuse: () => void;
  onProgress: (seen: UpProgress) => void;
  signal: AbortSignal;
}

export interface Up {
  kubeconfig: string;
  /** False when it was up. */
  created: boolean;
  /** Settles when the platform works; rejects with the reason when it cannot be provisioned. */
  platformReady: Promise<void>;
}

export interface Downing {
  /** As for `up`. */
  refuse: () => void;
  say: (line: string) => void;
  signal: AbortSignal;
}

/** A requirement on this machine. */
export interface MachineFinding {
  readonly name: string;
  readonly found: string;
  /** The problem and its remedy; null: none. */
  readonly problem: { readonly what: string; readonly remedy: string } | null;
}

export interface Status {
  /** `partial`: there is something, but it was never finished or parts of it are dead. */
  readonly state: 'up' | 'partial' | 'absent';
  /** For people. */
  readonly lines: readonly string[];
}

/** How environments are provisioned and removed: `plumbline env …`. */
export interface Provisioning<Name extends ProviderName = ProviderName> {
  /** Looks at this machine and changes nothing. */
  check(cluster: ProviderShapes[Name], how: Pick<Upping, 'words' | 'signal'>): Promise<MachineFinding[]>;
  up(cluster: ProviderShapes[Name], how: Upping): Promise<Up>;
  /** Removes it, whatever is left of it. */
  down(cluster: ProviderShapes[Name], how: Downing): Promise<void>;
  status(cluster: ProviderShapes[Name], how: { signal: AbortSignal }): Promise<Status>;
}

/** Undone now, found undone, left alone since somebody else has changed it, or no longer possible. */
export type UndoResult = { outcome: 'undone' | 'already' } | { outcome: 'conflict' | 'void'; note: string };

/** The rollback function of each kind. Throws when it failed and can be retried. */
export type Undo = {
  readonly [Kind in RollbackKind]?: (rollback: ProviderRollbacks[Kind]) => Promise<UndoResult>;
};

export interface Provider<Name extends ProviderName = ProviderName> {
  /**
   * Reaches the environment; the runner then compares the cluster with the pin.
   * @throws BlockedError when it cannot be reached; CommandError with an exit code when a person must act first
   */
  connect(cluster: ProviderShapes[Name], how: Connecting): Promise<Reached>;
  /** The recorded state of the environment, if this machine provisions it. */
  provisioned?(cluster: ProviderShapes[Name]): Provisioned;
  provisioning?(): Promise<Provisioning<Name>>;
  /**
   * Fault injector for its nodes, if this machine holds them; left out: a privileged pod does it. `landingMs`: longest time until the
   * cause is in force.
   */
  injector?(
    cluster: ProviderShapes[Name],
    how: { landingMs: number; signal: AbortSignal },
  ): Promise<FaultInjector>;
  /** Loaded before anything is changed, by every process that may have to roll back. */
  undo?(): Promise<Undo>;
}
