/** A gap without a success that is shorter than this is no outage: a client load reports every 250 ms. */
const FLOWING_MS = 500;

/** What the meter reads of a client load's progress; see `probes/client-load`. Times are CLOCK_MONOTONIC ms, counts are of writes. */
export interface Progress {
  t: number;
  startedMs: number | null;
  fail: number;
  unknown: number;
  unsent: number;
  lastOkMs: number | null;
}

export interface Reading {
  /** Length of the outage that is going on, ms; 0: writes succeed. */
  outageMs: number;
  longestOutageMs: number;
  /** Time in which requests failed since the meter started, ms: the sum of outages, or the time by count of failures if that is more. */
  lostMs: number;
}

/** Turns a client load's progress into time without service, continuously. Accurate to the 250 ms between two reports. */
export class OutageMeter {
  readonly #ratePerSecond: number;
  readonly #sinceMs: number;
  #failedBefore: number | null = null;
  #overMs = 0;
  #reading: Reading = { outageMs: 0, longestOutageMs: 0, lostMs: 0 };

  /** @param options.sinceMs start of the measurement, CLOCK_MONOTONIC ms */
  constructor(options: { ratePerSecond: number; sinceMs: number }) {
    this.#ratePerSecond = options.ratePerSecond;
    this.#sinceMs = options.sinceMs;
  }

  get reading(): Reading {
    return this.#reading;
  }

  see(progress: Progress): Reading {
    const failed = progress.fail + progress.unknown + progress.unsent;
    this.#failedBefore ??= failed;
    const lastOkMs = Math.max(progress.lastOkMs ?? progress.startedMs ?? progress.t, this.#sinceMs);
    const gapMs = Math.max(0, progress.t - lastOkMs);
    const outageMs = gapMs < FLOWING_MS ? 0 : gapMs;
    const before = this.#reading.outageMs;
    // The outage ended at a first success between two reports: only its length as last seen is certain.
    if (outageMs < before) this.#overMs += before;
    const countedMs = ((failed - this.#failedBefore) * 1000) / this.#ratePerSecond;
    this.#reading = {
      outageMs,
      longestOutageMs: Math.max(this.#reading.longestOutageMs, outageMs),
      lostMs: Math.round(Math.max(countedMs, this.#overMs + outageMs)),
    };
    return this.#reading;
  }
}
