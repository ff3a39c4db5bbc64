import { lookUntil } from '../../../host/wait.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Environment } from '../../../env/schema.ts';
import { telemetryHere } from '../../../suites/catalogue/reads.ts';
import { LogArrivals, TraceArrivals } from '../../../probes/arrivals/index.ts';
import type { Following } from '../../../probes/arrivals/index.ts';
import { sendCanaryRequests } from '../../../probes/edge/canary-requests.ts';
import type { CanaryAnswer, CanaryTarget } from '../../../probes/edge/canary-requests.ts';
import type { HistoryWriter } from '../../../probes/history.ts';
import type { LogProbe } from '../../../probes/logs/index.ts';
import type { TraceProbe } from '../../../probes/traces/index.ts';
import { loggedNameOf } from '../../../reports/record/names/path-names.ts';
import { LOOK_EVERY_MS } from '../../../reports/record/observations/telemetry.ts';
import type { Params } from '../../../suites/harness/protocol.ts';
import { timeoutMsOf } from '../../plan/environment-parts.ts';

export interface CanaryParts {
  environment: Environment;
  order: Params<'telemetry.start'>;
  writer: HistoryWriter;
  /** null: its arrival is not followed. */
  logs: LogProbe | null;
  traces: TraceProbe | null;
  /** null: no requests are sent. */
  target: CanaryTarget | null;
  signal: AbortSignal;
}

/** Whether requests are recognised by their trace ids alone. */
export const isTraced = ({ application }: Pick<Environment, 'application'>): boolean =>
  application?.follow === 'trace';

/** Whether disks are counted too: they hold lines of requests that failed, and further lines of a request, and none of these is awaited. */
const countsDisks = ({ logs, target, order }: CanaryParts): boolean =>
  logs !== null && target !== null && order.lines > 0;

/** Sends canary requests and follows what arrives, beside the check that asked for it. */
export class CanaryRun {
  readonly #parts: CanaryParts;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  readonly #logs: LogArrivals | null;
  readonly #traces: TraceArrivals | null;
  readonly #sent: Promise<void>;
  readonly #followed: Promise<void>;
  readonly #patienceMs: number;
  /** How long a line may take to the store that nobody awaits, ms. 0: none is counted. */
  readonly #settlesMs: number;
  /** Wall clock ms at which the last request was answered or given up. */
  #sentMs = Infinity;
  /** Wall clock ms after which nothing is written or sent any more; known once the check says that its lines are written. */
  #lastMs: number | null = null;
  readonly #answers = { ended: 0, failed: 0 };

  constructor(parts: CanaryParts, visibleMs: number) {
    this.#parts = parts;
    this.#signal = AbortSignal.any([parts.signal, this.#ending.signal]);
    const { environment, order, writer, logs, traces } = parts;
    this.#patienceMs = visibleMs + timeoutMsOf(environment, 'telemetryLate');
    this.#settlesMs = countsDisks(parts) ? visibleMs : 0;
    const following: Following = {
      write: (seen) => writer.observe(seen),
      startMs: order.sinceMs,
      deadlineMs: timeoutMsOf(environment, 'telemetryQuery'),
      patienceMs: this.#patienceMs,
    };
    const path = telemetryHere(environment)?.traces?.path ?? [];
    const sends = parts.target !== null;
    this.#logs =
      logs === null
        ? null
        : new LogArrivals(
            logs,
            {
              run: order.run,
              nodes: order.nodes,
              lines: order.lines,
              services: sends ? path.filter(({ logs: has }) => has).map(loggedNameOf) : [],
              ...(sends && isTraced(environment) && { traced: order.requests }),
            },
            following,
          );
    this.#traces = traces === null ? null : new TraceArrivals(traces, path, following);
    this.#sent = this.#send();
    this.#sent.catch(() => undefined);
    this.#followed = this.#follow();
    this.#followed.catch(() => undefined);
  }

  async #send(): Promise<void> {
    const { environment, order, target } = this.#parts;
    if (target === null) return;
    const load = {
      run: order.run,
      count: order.requests,
      perSecond: order.perSecond,
      deadlineMs: timeoutMsOf(environment, 'edgeRequest'),
      signal: this.#signal,
    };
    await sendCanaryRequests(target, load, (answer) => this.#answered(answer));
    this.#sentMs = Date.now();
  }

  #answered(answer: CanaryAnswer): void {
    this.#parts.writer.observe({ kind: 'canary-request', ...answer });
    this.#answers.ended++;
    if (!answer.ok) {
      this.#answers.failed++;
      return;
    }
    this.#logs?.answered(answer.correlationId, answer.sentMs);
    this.#traces?.answered(answer);
  }

  async #follow(): Promise<void> {
    for (let next = Date.now(); !this.#over(); next = Math.max(next + LOOK_EVERY_MS, Date.now())) {
      await this.#logs?.look(this.#signal);
      await this.#traces?.look(this.#signal);
      await sleep(Math.max(1, next + LOOK_EVERY_MS - Date.now()), undefined, { signal: this.#signal });
    }
    await this.#sweep();
  }

  /** Everything has arrived, or it is too late for the rest. */
  #over(): boolean {
    if (this.#lastMs === null) return false;
    const settled = this.#settlesMs === 0 || Date.now() >= this.#sentMs + this.#settlesMs;
    const complete = settled && (this.#logs?.complete ?? true) && (this.#traces?.complete ?? true);
    return complete || Date.now() > this.#lastMs + this.#patienceMs;
  }

  /** Retries a store that does not answer at the end, for the timeout of one query: then nothing is known of it. */
  async #sweep(): Promise<void> {
    const { environment, writer } = this.#parts;
    const endMs = performance.now() + timeoutMsOf(environment, 'telemetryQuery');
    for (const [what, arrivals] of [
      ['logs', this.#logs],
      ['traces', this.#traces],
    ] as const) {
      if (arrivals === null) continue;
      const answered = await lookUntil(
        () => arrivals.sweep(this.#signal),
        (came) => came,
        { deadlineMs: endMs - performance.now(), intervalMs: LOOK_EVERY_MS, signal: this.#signal },
      );
      writer.observe({ kind: 'swept', what, answered });
      if (answered) continue;
      const reason = arrivals.trouble ?? 'no answer';
      writer.observe({ kind: 'unavailable', what: `the store of ${what}`, reason });
    }
  }

  /** Waits until every request was sent. */
  async requestsSent(): Promise<void> {
    await this.#sent;
  }

  /** Requests that were answered, or given up, so far, and those of them that were not answered well. */
  answers(): { ended: number; failed: number } {
    return { ...this.#answers };
  }

  /**
   * Waits until everything has arrived, or is past its time.
   * @param lastMs wall clock ms of the last numbered line
   */
  async finish(lastMs: number): Promise<void> {
    await this.#sent;
    this.#lastMs = Math.max(lastMs, Date.now());
    await this.#followed;
  }

  /** Ends it at once and closes everything. Safe to call twice. */
  async stop(): Promise<void> {
    this.#ending.abort(new Error('the check is over'));
    await Promise.allSettled([this.#sent, this.#followed]);
    this.#parts.logs?.close();
    this.#parts.traces?.close();
    await this.#parts.writer.close();
  }
}
