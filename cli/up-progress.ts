import { styleText } from 'node:util';
import type { UpProgress } from '../env/providers/provider.ts';

export interface Sink {
  isTTY?: boolean | undefined;
  columns?: number | undefined;
  write(text: string): unknown;
}

/** Without a terminal, a line is written at every step and after this long without one, ms. */
const QUIET_MS = 15_000;

/** `4:07` */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return `${String(Math.floor(seconds / 60))}:${String(seconds % 60).padStart(2, '0')}`;
}

function lineOf(progress: UpProgress): string {
  const { index, of, step, message, elapsedMs, remainingMs } = progress;
  const left = remainingMs === null ? '' : `, about ${clock(remainingMs)} left`;
  return `[${String(index)}/${String(of)}] ${step}: ${message} (${clock(elapsedMs)}${left})`;
}

/** Shows progress: one live line on a terminal, else a line at every step and every 15 s. */
export class UpProgressView {
  readonly #sink: Sink;
  #step = '';
  #shownAtMs = -Infinity;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  show(progress: UpProgress): void {
    const line = lineOf(progress);
    if (this.#sink.isTTY === true) {
      this.#sink.write(`\r\u001b[K${styleText('dim', line.slice(0, (this.#sink.columns ?? 100) - 1))}`);
      return;
    }
    const due = progress.elapsedMs - this.#shownAtMs >= QUIET_MS;
    if (progress.step === this.#step && !due) return;
    this.#step = progress.step;
    this.#shownAtMs = progress.elapsedMs;
    this.#sink.write(`${line}\n`);
  }

  /** Removes the live line. */
  end(): void {
    if (this.#sink.isTTY === true) this.#sink.write('\r\u001b[K');
  }
}
