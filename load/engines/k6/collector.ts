/** Measures a load by k6's samples. */
import type { LoadSecond } from '../engine.ts';
import { Measurement } from '../measurement/index.ts';
import { Opening } from './opening.ts';
import { pointOf, type PointLine } from './points.ts';

/** A second is told once a sample this much later has been seen: k6 writes samples every 200 ms, and some a little late. */
const LATE_MS = 2000;

export class Collector {
  readonly measured: Measurement;
  readonly #redact: (text: string) => string;
  readonly #opening = new Opening((point) => this.#point(point));
  #lastMs = 0;
  /** Number of lines that were not samples. */
  unreadable = 0;

  /** @param redact removes secrets from texts that are kept */
  constructor(redact: (text: string) => string, tell?: (second: LoadSecond) => void) {
    this.measured = new Measurement(tell, LATE_MS);
    this.#redact = redact;
  }

  /** Takes one line of k6's sample output. */
  line(text: string): void {
    const line = pointOf(text);
    if (line === null) this.unreadable++;
    else if (line.type === 'Point') this.#opening.take(line);
  }

  /** To be called after the last line. */
  end(): void {
    this.#opening.end();
  }

  /** When the load began, ms since 1970; null: there were no samples. */
  get beganMs(): number | null {
    return this.#opening.beganMs;
  }

  /** From the beginning of the load to the last sample, ms. */
  get durationMs(): number {
    return Math.max(0, this.#lastMs - (this.beganMs ?? this.#lastMs));
  }

  #point(point: PointLine): void {
    if (point.timeMs > this.#lastMs) this.#lastMs = point.timeMs;
    this.#readers[point.metric]?.(point.timeMs - (this.beganMs ?? point.timeMs), point);
    this.measured.seconds.reach(this.durationMs);
  }

  readonly #readers: Readonly<Record<string, (atMs: number, point: PointLine) => void>> = {
    http_reqs: (atMs, { value }) => this.measured.request(atMs, value),
    http_req_duration: (atMs, { value }) => this.measured.seconds.latency(atMs, value),
    http_req_failed: (_, point) => {
      if (point.value !== 0) this.measured.errors.add(this.#redact(errorOf(point)));
    },
    iterations: (_, { value }) => {
      this.measured.iterations += value;
    },
    iteration_duration: (atMs, { value }) => this.measured.begun(atMs - value),
    dropped_iterations: (atMs, { value }) => this.measured.drop(atMs, { by: value }),
    checks: (atMs, { value, tags: { check = '', group = '' } }) =>
      this.measured.check(atMs, { name: this.#redact(check), group }, value !== 0),
  };
}

function errorOf({ tags }: PointLine): string {
  const { error, error_code: code, status } = tags;
  const text = error === undefined || error === '' ? `status ${status ?? 'unknown'}` : error;
  return code === undefined ? text : `${code}: ${text}`;
}
