import type { Judgement } from '../reports/record/judgement.ts';

const MARKS = { pass: '✔', fail: '✘', inconclusive: '?', 'not-run': '–' } as const;
/** A line at least this often, so that a log shows that something is alive. */
const HEARTBEAT_MS = 10_000;

export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** Shows what happens, on one stream: verdicts as they come, and what is being done now with elapsed and remaining time. */
export class Progress {
  readonly #out: ProgressStream;
  readonly #startedMs = performance.now();
  readonly #estimates = new Map<string, number>();
  readonly #running = new Map<string, { step: string; sinceMs: number }>();
  #total = 0;
  #done = 0;
  #what = '';
  /** How much longer that takes, ms, and when it was said. */
  #whatLeft = { ms: 0, saidMs: 0 };
  #shownMs = 0;
  #status = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: ProgressStream = process.stdout) {
    this.#out = out;
  }

  /** What is being done beside checks, such as raising the environment, and how much longer it takes at a guess, ms. */
  doing(what: string, leftMs = 0): void {
    this.#whatLeft = { ms: leftMs, saidMs: performance.now() };
    // A new thing is said at once; another word about the same one may wait for the heartbeat.
    const same = headOf(what) === headOf(this.#what);
    this.#what = what;
    this.#show(!same);
  }

  /** A line that stays. */
  say(line: string): void {
    this.#clear();
    this.#out.write(`${line}\n`);
  }

  /** The checks to come, with how long each will take at a guess, ms. */
  expect(estimates: ReadonlyMap<string, number>): void {
    for (const [check, ms] of estimates) this.#estimates.set(check, ms);
    this.#total += estimates.size;
    this.#timer ??= setInterval(() => this.#show(false), 1000).unref();
  }

  step(check: string, step: string): void {
    const before = this.#running.get(check);
    this.#running.set(check, { step, sinceMs: before?.sinceMs ?? performance.now() });
    this.#show(false);
  }

  ended(check: string, judgement: Judgement): void {
    this.#running.delete(check);
    this.#estimates.delete(check);
    this.#done += 1;
    const reason = judgement.reason === '' ? '' : `  ${judgement.reason}`;
    const mark = MARKS[judgement.verdict];
    this.say(
      `${mark} ${judgement.verdict.padEnd(12)} ${check}${reason}  [${this.#done} of ${this.#total}, ${this.#times()}]`,
    );
  }

  close(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#clear();
  }

  #times(): string {
    const elapsed = `${seconds(performance.now() - this.#startedMs)} elapsed`;
    const left = this.#leftMs();
    return left > 0 ? `${elapsed}, about ${seconds(left)} left` : elapsed;
  }

  #leftMs(): number {
    const now = performance.now();
    const ofWhat = Math.max(0, this.#whatLeft.ms - (now - this.#whatLeft.saidMs));
    let left = 0;
    for (const [check, ms] of this.#estimates) {
      const running = this.#running.get(check);
      left += running ? Math.max(1000, ms - (now - running.sinceMs)) : ms;
    }
    return left + ofWhat;
  }

  #show(always: boolean): void {
    const now = performance.now();
    const tty = this.#out.isTTY === true;
    if (!always && !tty && now - this.#shownMs < HEARTBEAT_MS) return;
    this.#shownMs = now;
    const running = [...this.#running].map(([check, { step }]) => `${check}: ${step}`);
    const what = running.length > 0 ? running.join(' · ') : this.#what;
    const count = this.#total > 0 ? `${this.#done} of ${this.#total}, ` : '';
    const line = `… ${what}  [${count}${this.#times()}]`;
    if (!tty) {
      this.#out.write(`${line}\n`);
      return;
    }
    this.#clear();
    this.#out.write(line.slice(0, (process.stdout.columns || 100) - 1));
    this.#status = true;
  }

  #clear(): void {
    if (!this.#status) return;
    this.#out.write('\r\u001b[2K');
    this.#status = false;
  }
}

/** `raising local: nodes (5 of 10, …) …`: what stays the same while it goes on. */
function headOf(what: string): string {
  return what.split(' (', 1)[0] ?? what;
}

function seconds(ms: number): string {
  const whole = Math.round(ms / 1000);
  return whole < 100 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
