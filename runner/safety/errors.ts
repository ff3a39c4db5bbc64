/** Refused for now (exit code 75): try again later. `reason` is a word to branch on. */
export class RefusedError extends Error {
  readonly exitCode = 75;
  readonly reason: 'held' | 'lever' | 'lease-lost' | 'left-elsewhere' | 'not-permitted' | 'stopped';

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

/** The safety lever is set, or cannot be read. */
export class LeverError extends RefusedError {
  constructor(message: string, options?: ErrorOptions) {
    super('lever', message, options);
  }
}

/** Another machine has left something open in the cluster, or it cannot be known whether one has. */
export class LeftElsewhereError extends RefusedError {
  constructor(message: string) {
    super('left-elsewhere', message);
  }
}
