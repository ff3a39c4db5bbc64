import type { Judgement } from '../../reports/record/judgement.ts';
import { printed } from '../../reports/render/printed.ts';
import { GLYPHS, oneLine } from '../../reports/render/text.ts';

/** A line at least this often, so that a log shows that something is alive. */
const HEARTBEAT_MS = 10_000;
/** Only for a longer step its duration is shown. */
const TOLD_MS = 5000;

export interface ProgressStream {
  write(text: string): unknown;
  isTTY?: boolean;
}

/** How long a check and each of its steps took when it last ran, ms. */
export interface LastTime {
  checkMs: number;
  stepsMs: ReadonlyMap<string, number>;
}

/** A check in progress. `begun` is null while it waits for its turn: waiting is not part of its duration. */
interface Running {
  text: string;
  begun: { checkMs: number; step: string; stepMs: number } | null;
}

/** Shows what happens, on one stream: verdicts as they come, and what is being done now with elapsed and remaining time. */
export class Progress {
  /** Takes secrets out of all that is shown: stores and servers may quote them. */
  redact: (text: string) => string = (text) => text;
  readonly #out: ProgressStream;
  readonly #startedMs = performance.now();
  readonly #estimates = new Map<string, number>();
  readonly #lastTimes = new Map<string, LastTime>();
  readonly #running = new Map<string, Running>();
  /** Their last steps may be told after their verdicts. */
  readonly #over = new Set<string>();
  #total = 0;
  #done = 0;
  #what = '';
  /** Estimated time left for `#what`, ms, and when that was reported. */
  #whatLeft = { ms: 0, saidMs: 0 };
  #shownMs = 0;
  #status = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(out: ProgressStream = process.stdout) {
    this.#out = out;
  }

  /** Shows work other than checks, such as provisioning the environment, with its estimated time left, ms. */
  doing(what: string, leftMs = 0): void {
    this.#whatLeft = { ms: leftMs, saidMs: performance.now() };
    // New work is shown at once; further news of the same work may wait for the heartbeat.
    const same = headOf(what) === headOf(this.#what);
    this.#what = what;
    this.#show(!same);
  }

  /** A line that stays. */
  say(line: string): void {
    this.#clear();
    this.#out.write(`${printed(this.redact(line))}\n`);
  }

  /** Adds checks to come, with their estimated durations, ms; where known, the last duration replaces the estimate. */
  expect(estimates: ReadonlyMap<string, number>, lastTimes: ReadonlyMap<string, LastTime> = new Map()): void {
    for (const [check, ms] of estimates) this.#estimates.set(check, lastTimes.get(check)?.checkMs ?? ms);
    for (const [check, last] of lastTimes) this.#lastTimes.set(check, last);
    for (const check of estimates.keys()) this.#over.delete(check);
    this.#total += estimates.size;
    this.#timer ??= setInterval(() => this.#show(false), 1000).unref();
  }

  /** The check has to wait until others are over. */
  waits(check: string): void {
    this.#running.set(check, { text: 'waiting for its turn', begun: null });
    this.#show(false);
  }

  /** A step of the check begins. */
  step(check: string, step: string): void {
    if (this.#over.has(check)) return;
    const now = performance.now();
    const checkMs = this.#running.get(check)?.begun?.checkMs ?? now;
    this.#running.set(check, { text: step, begun: { checkMs, step, stepMs: now } });
    this.#show(false);
  }

  /** Changes the text of the current step. */
  detail(check: string, text: string): void {
    const running = this.#running.get(check);
    if (running === undefined) return;
    running.text = text;
    this.#show(false);
  }

  ended(check: string, judgement: Judgement): void {
    this.#over.add(check);
    this.#running.delete(check);
    this.#estimates.delete(check);
    this.#done += 1;
    // Names of others, such as a dashboard's title, must not become lines or commands of the terminal.
    const reason = judgement.reason === '' ? '' : `  ${oneLine(judgement.reason)}`;
    const glyph = GLYPHS[judgement.verdict];
    this.say(
      `${glyph} ${judgement.verdict.padEnd(12)} ${check}${reason}  [${this.#done} of ${this.#total}, ${this.#times()}]`,
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
    const overdue = this.#overdue();
    const rest = [
      elapsed,
      ...(left > 0 ? [`about ${seconds(left)} left`] : []),
      ...(overdue.length > 0 ? [`${overdue.join(', ')} taking longer than expected`] : []),
    ];
    return rest.join(', ');
  }

  /** Checks that have exceeded their estimate: their time left is unknown. */
  #overdue(): string[] {
    const now = performance.now();
    return [...this.#running]
      .filter(
        ([check, { begun }]) => begun !== null && now - begun.checkMs > (this.#estimates.get(check) ?? 0),
      )
      .map(([check]) => check);
  }

  #leftMs(): number {
    const now = performance.now();
    const ofWhat = Math.max(0, this.#whatLeft.ms - (now - this.#whatLeft.saidMs));
    let left = 0;
    for (const [check, ms] of this.#estimates) {
      const begun = this.#running.get(check)?.begun ?? null;
      left += begun === null ? ms : Math.max(0, ms - (now - begun.checkMs));
    }
    return left + ofWhat;
  }

  #show(always: boolean): void {
    const now = performance.now();
    const tty = this.#out.isTTY === true;
    if (!always && !tty && now - this.#shownMs < HEARTBEAT_MS) return;
    this.#shownMs = now;
    const running = [...this.#running].map(([check, one]) => `${check}: ${this.#words(check, one)}`);
    const what = running.length > 0 ? running.join(' · ') : this.#what;
    const count = this.#total > 0 ? `${this.#done} of ${this.#total}, ` : '';
    const line = printed(this.redact(`… ${oneLine(what)}  [${count}${this.#times()}]`));
    if (!tty) {
      this.#out.write(`${line}\n`);
      return;
    }
    this.#clear();
    this.#out.write(line.slice(0, (process.stdout.columns || 100) - 1));
    this.#status = true;
  }

  /** What is being waited for, how long it has taken, and how long it took the last time. */
  #words(check: string, { text, begun }: Running): string {
    if (begun === null) return text;
    const lastMs = this.#lastTimes.get(check)?.stepsMs.get(begun.step);
    const taken = performance.now() - begun.stepMs;
    if (taken < TOLD_MS) return text;
    return `${text} (${seconds(taken)}${lastMs === undefined ? '' : `, ${seconds(lastMs)} the last time`})`;
  }

  #clear(): void {
    if (!this.#status) return;
    this.#out.write('\r\u001b[2K');
    this.#status = false;
  }
}

/** `provisioning local: nodes` of `provisioning local: nodes (5 of 10, …) …`: identifies the work. */
function headOf(what: string): string {
  return what.split(' (', 1)[0] ?? what;
}

function seconds(ms: number): string {
  const whole = Math.round(ms / 1000);
  return whole < 100 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}
