import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { cacheDir } from '../../host/paths.ts';
import type { UpProgress as Shown } from '../providers/provider.ts';

/** The steps of provisioning an environment, in their order. */
export const STEPS = [
  'packages',
  'toolchain',
  'images',
  'clean',
  'nodes',
  'control-plane',
  'join',
  'ready',
  'platform',
  'platform-ready',
] as const;
export type Step = (typeof STEPS)[number];

/** What is told while an environment is provisioned. What remains is estimated from the last time on this machine, else from measurements. */
export type UpProgress = Shown & { readonly step: Step };

/** Durations of steps, ms. */
export type Durations = Partial<Record<Step, number>>;

/** Measured on 2 cores with an empty cache, full size. After the first time this machine's own durations replace them. */
const MEASURED_MS: Readonly<Record<Step, number>> = {
  packages: 30_000,
  toolchain: 280_000,
  images: 20_000,
  clean: 1000,
  nodes: 4000,
  'control-plane': 8000,
  join: 40_000,
  ready: 20_000,
  // With an empty cache this includes building the platform's programs and images; checks of the cluster alone run meanwhile.
  platform: 120_000,
  'platform-ready': 60_000,
};

/**
 * The remaining time, ms: the rest of this step and all later ones.
 * @param fraction of this step that is done; null if unknown
 */
export function remainingMs(
  step: Step,
  inStepMs: number,
  durations: Readonly<Record<Step, number>>,
  fraction: number | null = null,
): number {
  const later = STEPS.slice(STEPS.indexOf(step) + 1).reduce((sum, one) => sum + durations[one], 0);
  const expected = Math.max(0, durations[step] - inStepMs);
  // Below 0.1 the fraction predicts little, because the first packages are small. Later it predicts better than the last duration.
  const ofStep = fraction === null || fraction < 0.1 ? expected : (inStepMs / fraction) * (1 - fraction);
  return Math.round(ofStep + later);
}

/** Reports the progress at every change and once a second. */
export class Progress {
  readonly #tell: (progress: UpProgress) => void;
  readonly #durations: Record<Step, number>;
  readonly #started = performance.now();
  readonly #taken: Durations = {};
  readonly #timer: NodeJS.Timeout;
  #step: Step = 'packages';
  #stepStarted = performance.now();
  #fraction: number | null = null;
  #message = '';

  constructor(tell: (progress: UpProgress) => void, known: Durations) {
    this.#tell = tell;
    this.#durations = { ...MEASURED_MS, ...known };
    this.#timer = setInterval(() => {
      this.#say();
    }, 1000).unref();
  }

  /** Ends the previous step and begins this one. If this step is the present one, it continues. */
  begin(step: Step, message: string): void {
    if (step === this.#step && this.#message !== '') {
      this.message(message);
      return;
    }
    this.#end();
    this.#step = step;
    this.#stepStarted = performance.now();
    this.#fraction = null;
    this.message(message);
  }

  /** Reports the present activity, and the fraction of the step that is done, if known. */
  message(message: string, fraction: number | null = null): void {
    this.#message = message;
    this.#fraction = fraction;
    this.#say();
  }

  /** Ends the last step and returns how long each took. */
  finish(): Durations {
    this.#end();
    clearInterval(this.#timer);
    return this.#taken;
  }

  /** Stops reporting, after a failure. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #end(): void {
    if (this.#message !== '') this.#taken[this.#step] = Math.round(performance.now() - this.#stepStarted);
  }

  #say(): void {
    const now = performance.now();
    this.#tell({
      step: this.#step,
      index: STEPS.indexOf(this.#step) + 1,
      of: STEPS.length,
      elapsedMs: Math.round(now - this.#started),
      remainingMs: remainingMs(this.#step, now - this.#stepStarted, this.#durations, this.#fraction),
      message: this.#message,
    });
  }
}

/** The durations recorded on this machine under a key such as `full/built`. */
export function recordedDurations(key: string): Durations {
  return readAll()[key] ?? {};
}

/** Records the durations for the next estimate. */
export function recordDurations(key: string, durations: Durations): void {
  const file = timingsFile();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}`, JSON.stringify({ ...readAll(), [key]: durations }, null, 2));
  renameSync(`${file}.${process.pid}`, file);
}

function readAll(): Record<string, Durations> {
  try {
    return JSON.parse(readFileSync(timingsFile(), 'utf8')) as Record<string, Durations>;
  } catch {
    return {};
  }
}

function timingsFile(): string {
  return join(cacheDir(), 'timings.json');
}
