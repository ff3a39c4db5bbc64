/** The client loads of one trial: the one through the address of applications, and one for each further path of clients. */
import { join } from 'node:path';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { ClientLoadError, startClientLoad } from '../../probes/client-load/process.ts';
import type { ClientLoadProcess, ClientLoadProcessOptions } from '../../probes/client-load/process.ts';
import { clientLoadConfigSchema } from '../../probes/client-load/config.ts';
import type { ClientLoadInput } from '../../probes/client-load/config.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { pathFolder } from '../../reports/record/history/history.ts';
import type { ClientLoadWait, Result } from '../../suites/harness/protocol.ts';
import { RequestError } from '../../suites/harness/request-error.ts';

type Seen = NonNullable<ReturnType<ClientLoadProcess['progress']>>;

/** What a path changes of the main load: where it connects. */
export interface PathAddress {
  name: string;
  host: string;
  port: number;
  alternatives: { host: string; port: number }[];
}

export interface GroupOptions extends ClientLoadProcessOptions {
  paths: readonly PathAddress[];
  /** Called with each process as soon as it runs; the path's name, null for the main load. */
  onStart(child: ClientLoadProcess, path: string | null): void;
}

interface Member {
  path: string | null;
  child: ClientLoadProcess;
}

/** A client load counts as flowing while its last success is younger than this. */
const FLOWING_MS = 500;
/** A client load reports every 250 ms: an older report than this is of one that has died, hangs, or gets no core. */
const REPORT_MS = 1000;
const POLL_MS = 50;

/** Starts and stops the processes together. */
export class ClientLoadGroup {
  readonly #main: ClientLoadInput;
  readonly #options: GroupOptions;
  readonly #members: Member[] = [];
  #stopped = false;
  /** The first that ended while nobody had stopped it. */
  #died: Member | null = null;

  constructor(main: ClientLoadInput, options: GroupOptions) {
    this.#main = main;
    this.#options = options;
  }

  /**
   * Resolves when all of them write. When one cannot start, the others are stopped.
   * @throws Error that says which one, and what it said
   */
  async start(stopMs: number): Promise<void> {
    try {
      // The main load makes the table; the others find it.
      await this.#startOne(this.#main, null);
      await Promise.all(
        this.#options.paths.map((path) => this.#startOne(pathLoad(this.#main, path), path.name)),
      );
    } catch (error) {
      await this.stop(stopMs);
      throw error;
    }
  }

  async #startOne(config: ClientLoadInput, path: string | null): Promise<void> {
    if (this.#stopped) return;
    const { signal, onProgress, onSecret } = this.#options;
    const child = startClientLoad(
      config,
      path === null ? { signal, onSecret, onProgress } : { signal, onSecret },
    );
    const member = { path, child };
    this.#members.push(member);
    void child.ended.then(() => {
      if (!this.#stopped) this.#died ??= member;
    });
    this.#options.onStart(child, path);
    try {
      await child.ready;
    } catch (error) {
      throw unreadyError(error, path);
    }
  }

  /** Waits until the condition is met for every load. The count of acknowledged writes is the main load's. */
  async wait(wait: ClientLoadWait, signal: AbortSignal): Promise<Result<'clientLoad.wait'>> {
    // By default only what follows the call counts: at the moment of a fault the last stretch is still unbroken.
    const askedMs = wait.begunBefore === true ? 0 : monoMs();
    const openUntilMs = wait.openEnded === true ? monoMs() + longestOpenMs(this.#main) : 0;
    const unmet = await lookUntil(
      () =>
        this.#died ??
        this.#members.find(({ child }) => !isMetBy(child, wait, { askedMs, openUntilMs })) ??
        null,
      // One that has ended reports nothing more: the fault need not stay in force for it.
      (found) => found === null || this.#died !== null,
      { deadlineMs: wait.timeoutMs, intervalMs: POLL_MS, signal },
    );
    const main = this.#members[0]?.child.progress() ?? null;
    const detail =
      unmet === null
        ? described(main)
        : this.#died !== null
          ? `${nameOf(this.#died)}its client load has ended`
          : `not ${wait.until} within ${wait.timeoutMs} ms: ${nameOf(unmet)}${described(unmet.child.progress())}`;
    const failed = main === null ? 0 : failedOf(main);
    return { met: unmet === null, acknowledged: main?.ok ?? 0, failed, detail };
  }

  /** Ends all of them gracefully; after the deadline with SIGKILL. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#members.map(({ child }) => child.stop(deadlineMs)));
  }
}

/** Where not one operation gets through, that is said without the words about the process. */
function unreadyError(error: unknown, path: string | null): unknown {
  const of = path === null ? '' : `path ${path}: `;
  if (error instanceof ClientLoadError && error.reason === 'unreachable')
    return new RequestError(`${of}${error.said}`, error.reason, { cause: error });
  return path === null ? error : new Error(`${of}${errorText(error)}`, { cause: error });
}

/** The same load by another path: into a folder of its own, under a name of its own, and without reads. */
function pathLoad(main: ClientLoadInput, { name, host, port, alternatives }: PathAddress): ClientLoadInput {
  return {
    ...main,
    history: join(main.history, pathFolder(name)),
    run: `${main.run}/path/${name}`,
    readRatePerSecond: 0,
    connection: { ...main.connection, host, port, ...(alternatives.length > 0 && { alternatives }) },
  };
}

const nameOf = ({ path }: Member): string => (path === null ? '' : `path ${path}: `);

interface Moments {
  askedMs: number;
  /** By then each operation that was open at the question has ended. */
  openUntilMs: number;
}

function longestOpenMs(load: ClientLoadInput): number {
  const { waitTimeoutMs, operationTimeoutMs } = clientLoadConfigSchema.parse(load);
  return waitTimeoutMs + operationTimeoutMs;
}

function isMetBy(child: ClientLoadProcess, wait: ClientLoadWait, moments: Moments): boolean {
  const seen = child.progress();
  return seen !== null && monoMs() - seen.t <= REPORT_MS && isMet(wait, seen, moments);
}

/** How many operations came to another end than an acknowledgement since the load began. */
export function failedOf({ fail, unknown, unsent }: Pick<Seen, 'fail' | 'unknown' | 'unsent'>): number {
  return fail + unknown + unsent;
}

/** Whether the condition is met, by the client load's last report. */
export function isMet(
  wait: Pick<ClientLoadWait, 'until' | 'count' | 'stretchMs' | 'reads'>,
  seen: Seen,
  { askedMs, openUntilMs }: Moments,
): boolean {
  if (wait.until === 'acknowledged') return seen.ok >= (wait.count ?? 1);
  const { t, lastOkMs, okSinceMs, readNotOkMs } = seen;
  const stretchMs = wait.stretchMs ?? 0;
  if (lastOkMs === null || okSinceMs === null || t - lastOkMs > FLOWING_MS) return false;
  if (wait.reads === true && readNotOkMs !== null && t - readNotOkMs < stretchMs) return false;
  // From a success to a success, as the judge counts it: after the last failure the first may take as long as an attempt.
  return lastOkMs >= Math.max(okSinceMs + stretchMs, askedMs + stretchMs, openUntilMs);
}

function described(seen: Seen | null): string {
  if (seen === null) return 'the client load has reported nothing';
  const last =
    seen.lastOkMs === null
      ? 'none has succeeded'
      : `the last success ${Math.round(seen.t - seen.lastOkMs)} ms ago`;
  return `${seen.ok} ok, ${seen.fail} failed, ${seen.unknown} unknown, ${last}`;
}
