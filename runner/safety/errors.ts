import type { RestoreReport } from './types.ts';

/** Refused for now (exit code 75): try again later. `reason` is a word to branch on. */
export class RefusedError extends Error {
  readonly exitCode: 75 | 1 = 75;
  readonly reason: 'held' | 'kill-switch' | 'lease-lost' | 'left-elsewhere' | 'not-permitted' | 'stopped';

  constructor(reason: RefusedError['reason'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.reason = reason;
  }
}

/** Another process holds the environment. */
export class HeldError extends RefusedError {
  /** Identity as in the Lease: host/boot id/pid/start time. */
  readonly holder: string;

  constructor(holder: string, message: string) {
    super('held', message);
    this.holder = holder;
  }
}

/** The kill switch is set, or cannot be read. */
export class KillSwitchError extends RefusedError {
  constructor(message: string, options?: ErrorOptions) {
    super('kill-switch', message, options);
  }
}

/**
 * Another machine has left something open in the cluster, or it cannot be known whether one has. Exit code 1 where it was taken over and
 * could not be undone: the cluster is broken then, and waiting mends nothing.
 */
export class LeftElsewhereError extends RefusedError {
  override readonly exitCode: 75 | 1;
  /** The restore of this machine's own entries, done before the refusal; null: nothing was tried. */
  readonly restored: RestoreReport | null;

  constructor(message: string, of: { exitCode?: 75 | 1; restored?: RestoreReport } = {}) {
    super('left-elsewhere', message);
    this.exitCode = of.exitCode ?? 75;
    this.restored = of.restored ?? null;
  }
}
