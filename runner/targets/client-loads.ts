import { basename } from 'node:path';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import { openHistory, type HistoryWriter } from '../../probes/history.ts';
import { readBackWhole } from '../../probes/store/readback.ts';
import type { Observer } from '../../probes/store/store-driver.ts';
import { storeDriver } from '../../probes/stores.ts';
import { startClientLoad, type ClientLoadProcess } from '../../probes/client-load/process.ts';
import type { ClientLoadWait } from '../../suites/harness/protocol.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { loadOf, type Load } from './client-load-target.ts';
import { RequestError } from '../serve/session.ts';
import { memberNamespace } from '../../reports/record/store-pods.ts';

interface Subject {
  check: string;
  store: string;
  trial: number;
}

/** A client load counts as flowing while its last success is younger than this. */
const FLOWING_MS = 500;
const POLL_MS = 50;
const ENDPOINT_POLL_MS = 100;
/** Rate of a client load without a declared one (probes/client-load/config.ts). */
const DEFAULT_RATE = 200;

/** Client loads and observers of running checks: children and connections of the runner, at most one of each a check. */
export class ClientLoads {
  readonly #runner: RunnerCore;
  readonly #running = new Map<string, ClientLoadProcess>();
  readonly #rates = new Map<string, number>();
  readonly #observers = new Map<
    string,
    { observer: Observer; writer: HistoryWriter; timer: NodeJS.Timeout }
  >();

  constructor(runner: RunnerCore) {
    this.#runner = runner;
  }

  /** The name under which a trial's writes are in the store. */
  runName({ check, trial }: Subject): string {
    const { parts, runState } = this.#runner;
    // Controls run one check several times in one run, each with histories of its own.
    return `${parts.folder.id}/${basename(runState.histories)}/${check}/${trial}`;
  }

  async start(subject: Subject): Promise<void> {
    const { check, store, trial } = subject;
    if (this.#running.has(check)) throw new RequestError(`${check} has a client load already`, 'crash');
    const { parts, budget, runState } = this.#runner;
    const load = changed(
      await loadOf(this.#runner, store),
      runState.headerSource(check).settings['clientLoad'],
    );
    this.#rates.set(check, load.ratePerSecond ?? DEFAULT_RATE);
    const child = startClientLoad(
      {
        store,
        history: runState.trialFolder(check, trial),
        run: this.runName(subject),
        ...load,
      },
      { signal: parts.signal, onProgress: (progress) => budget.progress(check, progress) },
    );
    parts.safety.children.add({ name: `client load of ${check}`, pid: child.pid });
    void child.ended.then(() => parts.safety.children.remove(child.pid));
    this.#running.set(check, child);
    await child.ready;
  }

  /** Writes a second that the last client load of a check was started with. */
  rateOf(check: string): number {
    return this.#rates.get(check) ?? DEFAULT_RATE;
  }

  async wait(
    wait: ClientLoadWait,
    signal: AbortSignal,
  ): Promise<{ met: boolean; acknowledged: number; detail: string }> {
    const running = this.#running.get(wait.check);
    if (!running)
      throw new RequestError(`${wait.check} waits for a client load, and none is running for it`, 'crash');
    // By default only what follows the call counts: at the moment of a fault the last stretch is still unbroken.
    const askedMs = wait.begunBefore === true ? 0 : monoMs();
    const { progress, met } = await lookUntil(
      () => {
        const now = running.progress();
        return { progress: now, met: now !== null && isMet(wait, now, askedMs) };
      },
      (seen) => seen.met,
      { deadlineMs: wait.timeoutMs, intervalMs: POLL_MS, signal },
    );
    const detail = progress ? describe(progress) : 'the client load has reported nothing';
    return {
      met,
      acknowledged: progress?.ok ?? 0,
      detail: met ? detail : `not ${wait.until} within ${wait.timeoutMs} ms: ${detail}`,
    };
  }

  async stop(check: string): Promise<void> {
    const running = this.#running.get(check);
    if (!running) return;
    this.#running.delete(check);
    await running.stop(timeoutMsOf(this.#runner.runState.environment, 'clientLoadStop'));
    await this.#runner.budget.end(check);
  }

  async readBack(subject: Subject, signal: AbortSignal): Promise<void> {
    const target = await this.#runner.stores.target(subject.store);
    const writer = this.#open(subject, 'readback.ndjson');
    try {
      const { environment } = this.#runner.runState;
      const request = {
        run: this.runName(subject),
        write: (seen: Parameters<HistoryWriter['observe']>[0]) => writer.observe(seen),
      };
      await readBackWhole(storeDriver(subject.store), target, request, {
        reading: { deadlineMs: timeoutMsOf(environment, 'readBack'), signal },
        steady: { deadlineMs: timeoutMsOf(environment, 'settle'), signal },
      });
    } finally {
      await writer.close();
    }
  }

  /** Follows the store's own view; the endpoints of its Service come from the cache. */
  async observe(subject: Subject): Promise<void> {
    const { check, store } = subject;
    if (this.#observers.has(check)) throw new RequestError(`${check} is observed already`, 'crash');
    const target = await this.#runner.stores.target(store);
    const writer = this.#open(subject, 'phases.ndjson');
    let addresses = await this.#endpoints(store);
    const timer = setInterval(() => {
      void this.#endpoints(store).then(
        (now) => (addresses = now),
        () => undefined,
      );
    }, ENDPOINT_POLL_MS);
    const observer = storeDriver(store).observe(target, {
      write: (seen) => writer.observe(seen),
      run: this.runName(subject),
      endpoints: () => addresses,
      signal: this.#runner.parts.signal,
    });
    this.#observers.set(check, { observer, writer, timer });
  }

  async stopObserving(check: string): Promise<void> {
    const observed = this.#observers.get(check);
    if (!observed) return;
    this.#observers.delete(check);
    clearInterval(observed.timer);
    await observed.observer.stop();
    await observed.writer.close();
  }

  /** Ends what a check left running. */
  async stopAll(check: string): Promise<void> {
    await this.stop(check);
    await this.stopObserving(check);
  }

  /** A file of the trial, for the runner to write. */
  #open(subject: Subject, file: string): HistoryWriter {
    const folder = this.#runner.runState.trialFolder(subject.check, subject.trial);
    return openHistory(folder, file, { redact: this.#runner.runState.redact });
  }

  async #endpoints(store: string): Promise<string[]> {
    const declared = this.#runner.stores.declared(store);
    const namespace = memberNamespace(declared);
    const { services } = declared;
    if (services === undefined || namespace === null) return [];
    const listed = await this.#runner.parts.cluster.list({
      kind: 'discovery.k8s.io/v1/EndpointSlice',
      namespace,
      labels: { 'kubernetes.io/service-name': services.primary },
    });
    const endpoints = listed.items.flatMap(
      (slice) => (slice['endpoints'] ?? []) as { addresses: string[]; conditions?: { ready?: boolean } }[],
    );
    return endpoints
      .filter((one) => one.conditions?.ready !== false)
      .flatMap((one) => one.addresses)
      .sort();
  }
}

type Seen = NonNullable<ReturnType<ClientLoadProcess['progress']>>;

/** Whether the condition is met, by the client load's last report. */
export function isMet(
  wait: Pick<ClientLoadWait, 'until' | 'count' | 'stretchMs'>,
  seen: Seen,
  askedMs: number,
): boolean {
  if (wait.until === 'acknowledged') return seen.ok >= (wait.count ?? 1);
  if (seen.lastOkMs === null || seen.t - seen.lastOkMs > FLOWING_MS) return false;
  const since = Math.max(seen.lastNotOkMs ?? seen.startedMs ?? seen.t, askedMs);
  return seen.t - since >= (wait.stretchMs ?? 0);
}

function describe(seen: Seen): string {
  const last =
    seen.lastOkMs === null
      ? 'none has succeeded'
      : `the last success ${Math.round(seen.t - seen.lastOkMs)} ms ago`;
  return `${seen.ok} ok, ${seen.fail} failed, ${seen.unknown} unknown, ${last}`;
}

/** Applies what a control declares differently of the store for this run of the check, such as another kind of queue. */
function changed(load: Load, declared: unknown): Load {
  if (typeof declared !== 'object' || declared === null) return load;
  const { connection } = load;
  return { ...load, connection: { ...connection, declared: { ...connection.declared, ...declared } } };
}
