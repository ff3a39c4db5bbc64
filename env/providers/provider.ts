/** What a provider does: `provider` of the `index.ts` in its folder. What belongs to the runner comes in through parameters. */
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

/** Where a cluster is, and what it must be. Nothing has been asked of it yet. */
export interface Reached {
  /** Path of the file; it must be there until the process ends. */
  kubeconfig: string;
  /** Context in it; its current one when left out. */
  context?: string | undefined;
  pin: Pin;
  /** Settles when the platform works, where the provider still provisions it; null: it is not provisioned now. */
  platformReady: Promise<void> | null;
}

/** What is said while an environment is provisioned. */
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
  /** Also what was installed on this machine for it. */
  purge: boolean;
  /** As for `up`. */
  refuse: () => void;
  say: (line: string) => void;
  signal: AbortSignal;
}

/** Something that the machine must have. */
export interface MachineFinding {
  readonly name: string;
  readonly found: string;
  /** What stands in the way, and what to do about it; null: nothing. */
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

/** How each kind of rollback is undone. Throws where it did not work and can be tried again. */
export type Undo = {
  readonly [Kind in RollbackKind]?: (rollback: ProviderRollbacks[Kind]) => Promise<UndoResult>;
};

export interface Provider<Name extends ProviderName = ProviderName> {
  /**
   * Reaches the environment; the runner then holds the cluster against the pin.
   * @throws BlockedError when it cannot be reached; CommandError with an exit code for what a person must do first
   */
  connect(cluster: ProviderShapes[Name], how: Connecting): Promise<Reached>;
  /** What this machine knows of it, where it provisions it. */
  provisioned?(cluster: ProviderShapes[Name]): Provisioned;
  provisioning?: Provisioning<Name>;
  /** How faults act on its nodes, where this machine holds them; left out: through a privileged pod. `landingMs`: how long the cause may take. */
  injector?(
    cluster: ProviderShapes[Name],
    how: { landingMs: number; signal: AbortSignal },
  ): Promise<FaultInjector>;
  /** Loaded by whoever may have to undo something, before anything is done. */
  undo?(): Promise<Undo>;
}
