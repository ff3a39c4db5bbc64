/** One load with k6: reads the script's options, then runs k6 within its limits. */
import type { LoadResult } from '../../../reports/record/details/load-result.ts';
import { ENOUGH } from '../engine.ts';
import type { LoadListener, LoadRequest } from '../engine.ts';
import { Collector } from '../points/collector.ts';
import { Lines } from '../points/lines.ts';
import { environmentOf, inspectArgs, runArgs, type Files } from './command.ts';
import { endingOf, STOPPED_BY_SIGNAL, type Ending, type Exit } from './exit-codes.ts';
import { planOf, type Plan } from './inspect.ts';
import { LogReader, ProgressReader } from './output.ts';
import { openPipe } from './pipe.ts';
import { K6Process } from './process.ts';
import { emptyResult, resultOf } from './result.ts';
import { readSummary } from './summary.ts';
import { replacedBy, wrapperSource } from './wrapper.ts';

export interface Grace {
  /** From SIGINT to SIGKILL. */
  interruptMs: number;
  /** Time limit for reading the script's options. */
  inspectMs: number;
}

export interface Tools {
  binary: { file: string; version: string };
  files: Files;
  redact: (text: string) => string;
  grace: Grace;
}

type Job = LoadRequest & { cwd: string };

const INTERRUPTED: Ending = { outcome: 'interrupted', reason: 'the load was interrupted' };

/** What all calls of k6 have in common. */
function callOf(job: Job, { binary, files }: Tools) {
  return {
    file: binary.file,
    cwd: job.cwd,
    env: environmentOf(job, files),
    input: wrapperSource(job.script, replacedBy(job)),
  };
}

async function inspect(job: Job, tools: Tools, signal: AbortSignal): Promise<Plan | Ending> {
  const log = new LogReader({}, tools.redact);
  const until = AbortSignal.any([signal, AbortSignal.timeout(tools.grace.inspectMs)]);
  let printed = '';
  const k6 = new K6Process({
    ...callOf(job, tools),
    args: inspectArgs(tools.files),
    stdout: (text) => (printed += text),
    stderr: (text) => log.lines.push(text),
  });
  const kill = (): void => k6.kill();
  until.addEventListener('abort', kill);
  const exit = await k6.ended.finally(() => until.removeEventListener('abort', kill));
  log.lines.end();
  if (signal.aborted) return INTERRUPTED;
  if (until.aborted)
    return { outcome: 'failed', reason: `k6 did not read the script within ${tools.grace.inspectMs} ms` };
  if (exit.code === 0) return planOf(printed);
  const ending = endingOf(exit, log.lastError || (log.tail.at(-1) ?? ''));
  return ending.outcome === 'failed'
    ? ending
    : { outcome: 'failed', reason: ending.reason || 'k6 inspect failed' };
}

/** Kills a load that exceeds its limits. */
class Limits {
  reason = '';
  readonly #limits: LoadRequest['limits'];
  #kill: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(limits: LoadRequest['limits']) {
    this.#limits = limits;
  }

  watch(kill: () => void): void {
    const { durationMs } = this.#limits;
    this.#kill = kill;
    this.#timer = setTimeout(
      () => this.#exceeded(`the load exceeded its limit of ${durationMs} ms`),
      durationMs,
    );
  }

  requests(count: number): void {
    const { requests } = this.#limits;
    if (count > requests) this.#exceeded(`the load exceeded its limit of ${requests} requests`);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #exceeded(reason: string): void {
    if (this.reason !== '') return;
    this.reason = reason;
    this.#kill?.();
  }
}

function endedAs(exit: Exit, error: string, why: { limit: string; signal: AbortSignal }): Ending {
  if (why.limit !== '') return { outcome: 'interrupted', reason: `${why.limit}: k6 was killed` };
  // k6 may have ended by itself just before the signal reached it.
  if (!why.signal.aborted || exit.code === 0 || exit.code === 99) return endingOf(exit, error);
  if (exit.signal === 'SIGKILL')
    return {
      outcome: 'interrupted',
      reason: `${INTERRUPTED.reason}; k6 did not stop in time and was killed`,
    };
  // As for any completed load, `resultOf` checks that the record is complete.
  return exit.code === STOPPED_BY_SIGNAL && why.signal.reason === ENOUGH
    ? { outcome: 'completed', reason: '' }
    : INTERRUPTED;
}

/** Waits until k6 has ended. An abort stops it gracefully. */
async function follow(k6: K6Process, graceMs: number, signal: AbortSignal): Promise<Exit> {
  const interrupt = (): void => k6.interrupt(graceMs);
  signal.addEventListener('abort', interrupt);
  // The signal may have fired before the listener was added.
  if (signal.aborted) interrupt();
  return k6.ended.finally(() => signal.removeEventListener('abort', interrupt));
}

/**
 * Runs k6 to its end.
 * @throws Error when k6 or its pipe cannot be started
 */
export async function runK6(
  job: Job,
  tools: Tools,
  listener: LoadListener,
  signal: AbortSignal,
): Promise<LoadResult> {
  const { files, redact, grace, binary } = tools;
  const plan = signal.aborted ? INTERRUPTED : await inspect(job, tools, signal);
  if ('outcome' in plan) return emptyResult(job.script, binary.version, plan);
  const collector = new Collector({
    scenarios: plan.scenarios,
    thresholds: plan.thresholds.map(({ metric }) => metric),
    second: (second) => listener.second?.(second),
    redact,
  });
  const log = new LogReader(listener, redact);
  const progress = new ProgressReader();
  const lines = new Lines((line) => collector.line(line));
  const limits = new Limits(job.limits);
  const pipe = await openPipe(files.points, (text) => {
    lines.push(text);
    limits.requests(collector.requests);
  });
  const spawnedMs = Date.now();
  let exit: Exit;
  try {
    const k6 = new K6Process({
      ...callOf(job, tools),
      args: runArgs(files),
      stdout: (text) => progress.lines.push(text),
      stderr: (text) => log.lines.push(text),
    });
    limits.watch(() => k6.kill());
    exit = await follow(k6, grace.interruptMs, signal);
  } finally {
    limits.stop();
    await pipe.drain();
  }
  for (const each of [lines, log.lines, progress.lines]) each.end();
  collector.end();
  return resultOf({
    script: job.script,
    version: binary.version,
    plan,
    collector,
    log,
    spawnedMs,
    ending: endedAs(exit, log.lastError || (log.tail.at(-1) ?? ''), {
      limit: limits.reason,
      signal,
    }),
    summary: await readSummary(files.summary),
    interrupted: progress.interrupted,
  });
}
