import { basename } from 'node:path';
import { openHistory, type HistoryWriter } from '../../probes/history.ts';
import { readBackWhole } from '../../probes/store/readback.ts';
import type { Observer } from '../../probes/store/store-driver.ts';
import { storeDriver } from '../../probes/stores.ts';
import type { ClientLoadWait, Result } from '../../suites/harness/protocol.ts';
import { NOT_PERMITTED, RequestError } from '../../suites/harness/request-error.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { Evictions } from './evictions.ts';
import { ClientLoadGroup } from './client-load-group.ts';
import { loadOf, pathsOf, type Load } from './client-load-target.ts';
import { whyNoLoad } from './load-permit.ts';
import { STEADY_MS } from '../../reports/judge/failover/outages/recovery.ts';
import { memberNamespace } from '../../reports/record/facts/store-pods.ts';

interface Subject {
  check: string;
  store: string;
  trial: number;
}

/** Endpoints and pods come from a cache in this process. */
const LOOK_EVERY_MS = 100;
/** Rate of a client load without a declared one (probes/client-load/config.ts). */
const DEFAULT_RATE = 200;

const CALM = { until: 'steady', stretchMs: STEADY_MS, begunBefore: true } as const;
/** Agents of a fault start within seconds; one that takes cores for longer is no preparation any more. */
const CALM_WITHIN_MS = 30_000;
/** The last report of a load on a busy machine may be too old to say anything. */
const REPORTED_WITHIN_MS = 1000;

/** Client loads and observers of running checks: children and connections of the runner, at most one observer a check, and one load for each path of clients. */
export class ClientLoads {
  readonly #runner: RunnerCore;
  /** Set before anything is awaited, so that one check cannot have two. */
  readonly #running = new Map<string, Promise<ClientLoadGroup>>();
  readonly #rates = new Map<string, number>();
  readonly #observers = new Map<
    string,
    { observer: Observer | null; writer: HistoryWriter; timer: NodeJS.Timeout }
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

  /** @throws RequestError when the check has one already, or it is not permitted any more; Error when it cannot be prepared, or does not start */
  async start(subject: Subject): Promise<void> {
    const { check } = subject;
    if (this.#running.has(check)) throw new RequestError(`${check} has a client load already`, 'crash');
    const making = this.#make(subject);
    this.#running.set(check, making);
    const group = await making.catch((error: unknown) => {
      if (this.#running.get(check) === making) this.#running.delete(check);
      throw error;
    });
    await group.start(this.#stopMs());
  }

  async #make(subject: Subject): Promise<ClientLoadGroup> {
    const { check, store, trial } = subject;
    const { parts, budget, runState, stores } = this.#runner;
    const refusal = await whyNoLoad(this.#runner, check);
    if (refusal !== null) throw new RequestError(refusal, NOT_PERMITTED);
    const load = changed(
      await loadOf(this.#runner, store),
      runState.headerSource(check).settings['clientLoad'],
    );
    this.#rates.set(check, load.ratePerSecond ?? DEFAULT_RATE);
    const { children } = parts.safety;
    return new ClientLoadGroup(
      { store, history: runState.trialFolder(check, trial), run: this.runName(subject), ...load },
      {
        paths: pathsOf(this.#runner, store),
        signal: parts.signal,
        // The error budget counts what the platform's own clients lose.
        onProgress: (progress) => budget.progress(check, progress),
        onSecret: (secret) => stores.keep(secret),
        onStart: ({ pid, ended }, path) => {
          children.add({ name: `client load of ${check}${path === null ? '' : `, path ${path}`}`, pid });
          void ended.then(() => children.remove(pid));
        },
      },
    );
  }

  /** Writes a second that the last client load of a check was started with. */
  rateOf(check: string): number {
    return this.#rates.get(check) ?? DEFAULT_RATE;
  }

  async wait(wait: ClientLoadWait, signal: AbortSignal): Promise<Result<'clientLoad.wait'>> {
    const running = this.#running.get(wait.check);
    if (!running)
      throw new RequestError(`${wait.check} waits for a client load, and none is running for it`, 'crash');
    return await (await running).wait(wait, signal);
  }

  /**
   * Waits a while for as long a stretch without a failure as judges look at before a fault: not at all where none is broken, or nothing runs.
   * @returns why writes are not steady; null: they are
   */
  async calm(check: string, signal: AbortSignal): Promise<string | null> {
    const group = await this.#running.get(check);
    if (group === undefined) return null;
    const whole = await group.wait({ check, ...CALM, reads: true, timeoutMs: CALM_WITHIN_MS }, signal);
    const writes = whole.met
      ? whole
      : await group.wait({ check, ...CALM, timeoutMs: REPORTED_WITHIN_MS }, signal);
    return writes.met ? null : whole.detail;
  }

  async stop(check: string): Promise<void> {
    const running = this.#running.get(check);
    if (!running) return;
    this.#running.delete(check);
    // One that cannot be prepared says so to who starts it.
    const group = await running.catch(() => null);
    await group?.stop(this.#stopMs());
    await this.#runner.budget.end(check);
  }

  #stopMs(): number {
    return timeoutMsOf(this.#runner.runState.environment, 'clientLoadStop');
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

  /** Follows the store's own view, the endpoints of its Service, and which of its members somebody else evicts. */
  async observe(subject: Subject): Promise<void> {
    const { check, store } = subject;
    if (this.#observers.has(check)) throw new RequestError(`${check} is observed already`, 'crash');
    const target = await this.#runner.stores.target(store);
    const writer = this.#open(subject, 'phases.ndjson');
    const evictions = new Evictions((seen) => writer.observe(seen));
    let addresses = await this.#endpoints(store);
    const observer = storeDriver(store).observe(target, {
      write: (seen) => writer.observe(seen),
      run: this.runName(subject),
      endpoints: () => addresses,
      signal: this.#runner.parts.signal,
    });
    const timer = setInterval(() => {
      void this.#endpoints(store).then(
        (now) => (addresses = now),
        () => undefined,
      );
      // What cannot be listed is not known, and ends no trial. What comes after the end is nobody's any more.
      const looked = this.#runner.stores
        .podObjects(store)
        .then((pods) => this.#observers.get(check)?.timer === timer && evictions.look(pods));
      void looked.catch(() => undefined);
    }, LOOK_EVERY_MS);
    this.#observers.set(check, { observer, writer, timer });
  }

  /** @param lookOn only the store's own view ends; evictions are looked for until the next call, at the end of the trial */
  async stopObserving(check: string, lookOn = false): Promise<void> {
    const observed = this.#observers.get(check);
    if (!observed) return;
    const { observer, writer, timer } = observed;
    observed.observer = null;
    if (!lookOn) {
      this.#observers.delete(check);
      clearInterval(timer);
    }
    await observer?.stop();
    if (!lookOn) await writer.close();
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
    return listed.items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter((one) => one.conditions?.ready !== false)
      .flatMap((one) => one.addresses)
      .sort();
  }
}

/** Applies what a control declares differently of the store for this run of the check, such as another kind of queue. */
function changed(load: Load, declared: unknown): Load {
  if (typeof declared !== 'object' || declared === null) return load;
  const { connection } = load;
  return { ...load, connection: { ...connection, declared: { ...connection.declared, ...declared } } };
}
