/** One load with k6, within its limits. */
import { dirname } from 'node:path';
import { COMPLETED, ENOUGH } from '../engine.ts';
import type { Ending, LoadListener, LoadRequest, LoadResult } from '../engine.ts';
import { Collector } from './collector.ts';
import { environmentOf, runArgs, type Files } from './command.ts';
import { endingOf, STOPPED_BY_SIGNAL, type Exit } from './exit-codes.ts';
import { Lines } from './lines.ts';
import { LogReader, ProgressReader } from './output.ts';
import { openPipe } from './pipe.ts';
import { K6Process } from './process.ts';
import { emptyResult, resultOf } from './result.ts';
import { readSummary } from './summary.ts';
import { wrapperSource } from './wrapper.ts';

export interface Tools {
  binary: { file: string; version: string };
  files: Files;
  redact: (text: string) => string;
  /** From SIGINT to SIGKILL. */
  interruptMs: number;
}

const INTERRUPTED: Ending = { outcome: 'interrupted', reason: 'the load was interrupted' };

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
  return exit.code === STOPPED_BY_SIGNAL && why.signal.reason === ENOUGH ? COMPLETED : INTERRUPTED;
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
  job: LoadRequest,
  tools: Tools,
  listener: LoadListener,
  signal: AbortSignal,
): Promise<LoadResult> {
  const { files, redact, interruptMs, binary } = tools;
  if (signal.aborted) return emptyResult(binary.version, INTERRUPTED);
  const collector = new Collector(redact, (second) => listener.second?.(second));
  const log = new LogReader(listener, redact, collector.measured.errors);
  const progress = new ProgressReader();
  const lines = new Lines((line) => collector.line(line));
  const limits = new Limits(job.limits);
  const pipe = await openPipe(files.points, (text) => {
    lines.push(text);
    limits.requests(collector.measured.requests);
  });
  const spawnedMs = Date.now();
  let exit: Exit;
  try {
    const k6 = new K6Process({
      file: binary.file,
      args: runArgs(files),
      cwd: dirname(job.script),
      env: environmentOf(job, files),
      input: wrapperSource(job),
      stdout: (text) => progress.lines.push(text),
      stderr: (text) => log.lines.push(text),
    });
    limits.watch(() => k6.kill());
    exit = await follow(k6, interruptMs, signal);
  } finally {
    limits.stop();
    await pipe.drain();
  }
  for (const each of [lines, log.lines, progress.lines]) each.end();
  collector.end();
  collector.measured.interrupted = progress.interrupted;
  return resultOf({
    version: binary.version,
    collector,
    spawnedMs,
    ending: endedAs(exit, log.lastError || (log.tail.at(-1) ?? ''), { limit: limits.reason, signal }),
    summary: await readSummary(files.summary),
  });
}
