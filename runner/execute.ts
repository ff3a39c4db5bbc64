import type { PlannedCheck } from '../env/catalogue/index.ts';
import { EXIT } from '../env/errors.ts';
import type { Environment } from '../env/schema.ts';
import { diffRuns, renderTerminal } from '../reports/index.ts';
import type { RunRecord } from '../reports/record/run-record.ts';
import { Book, type CheckOverrides } from './book.ts';
import { BlockedError, connect, exitCodeOf, type Connection } from './connect.ts';
import { Engine } from './engine.ts';
import { embeddedOf, estimateMs, lockMode, timeoutMsOf } from './environment-parts.ts';
import { stackOf, type CommandResult } from './guard.ts';
import { Interrupt } from './interrupt.ts';
import { judgesNamespace } from './namespace.ts';
import { ensureOwnNamespaces } from './own-namespaces.ts';
import { refusalOf } from './permits.ts';
import { Progress } from './progress.ts';
import { assembleRecord, writeRecord } from './record.ts';
import { redactFolder } from './redact-folder.ts';
import { makeRunFolder, removeRunFolder, RunFolderError, type RunFolder } from './run-folder.ts';
import { writeEnd, writePlan } from './run-history.ts';
import { kubeCallFrom, openSafety, type Safety } from './safety/index.ts';
import { steadyAgain } from './steady.ts';

export interface ExecuteOptions {
  environment: Environment;
  planned: readonly PlannedCheck[];
  /** The command line as typed, for the record. */
  command: string;
  profile: string | null;
  out?: string | undefined;
  with?: readonly string[] | undefined;
  /** A run to compare with. */
  baseline?: RunRecord | undefined;
  overrides?: ReadonlyMap<string, CheckOverrides>;
  /** Asked once the cluster is reached and before anything is changed; throws CommandError to refuse. */
  confirm?(connection: Connection): Promise<void>;
}

const NOTHING_RESTORED: RunRecord['restored'] = { actions: 0, failed: [], steadyAgain: null };

/** Runs the planned checks in the environment and writes the run folder, whatever happens in between. */
export async function execute(options: ExecuteOptions): Promise<CommandResult> {
  const progress = new Progress();
  // Before anything else: what cannot be recorded must not be done.
  const folder = makeRunFolder(options.out ?? 'runs', options.environment.name);
  const interrupt = new Interrupt((line) => progress.say(line));
  const run = new Run(options, folder, { progress, interrupt });
  try {
    return await run.toTheEnd();
  } finally {
    progress.close();
    interrupt.close();
  }
}

class Run {
  readonly #options: ExecuteOptions;
  readonly #folder: RunFolder;
  readonly #progress: Progress;
  readonly #interrupt: Interrupt;
  readonly #book: Book;
  readonly #startedAt = new Date();
  readonly #notes: string[] = [];
  #connection: Connection | null = null;
  #engine: Engine | null = null;
  #nodes: number | null = null;
  #restored = NOTHING_RESTORED;

  constructor(options: ExecuteOptions, folder: RunFolder, ui: { progress: Progress; interrupt: Interrupt }) {
    this.#options = options;
    this.#folder = folder;
    this.#progress = ui.progress;
    this.#interrupt = ui.interrupt;
    this.#book = new Book({
      environment: options.environment,
      histories: folder.histories,
      progress: ui.progress,
    });
    this.#book.plan(this.#toRun());
    for (const [check, overrides] of options.overrides ?? []) this.#book.overrides.set(check, overrides);
  }

  async toTheEnd(): Promise<CommandResult> {
    const { environment, planned } = this.#options;
    await writePlan(this.#folder.histories, { id: this.#folder.id, environment: environment.name, planned });
    this.#progress.expect(new Map(this.#toRun().map((one) => [one.row.id, estimateMs(one, environment)])));
    let failure: unknown = null;
    try {
      await this.#checks();
    } catch (error) {
      if (this.#refused(error)) throw error;
      failure = await this.#cutShort(error);
    }
    return this.#write(failure);
  }

  #toRun(): PlannedCheck[] {
    return this.#options.planned.filter(({ notRun }) => notRun === null);
  }

  /** Refused before anything was done: no run took place, so that no folder is left of it. */
  #refused(error: unknown): boolean {
    const refused =
      exitCodeOf(error) !== undefined && !this.#interrupt.signal.aborted && this.#engine === null;
    if (refused) {
      this.#connection?.cluster.close();
      removeRunFolder(this.#folder);
    }
    return refused;
  }

  /** What ends a run early: an interrupt, an environment that cannot be asked, or the harness itself (returned). */
  async #cutShort(error: unknown): Promise<unknown> {
    const rest = this.#toRun();
    if (this.#interrupt.name !== null) {
      const message = `not finished: interrupted by ${this.#interrupt.name}`;
      await this.#book.concludeRest(rest, { verdict: 'inconclusive', message });
      return null;
    }
    if (error instanceof BlockedError) {
      const message = `the environment cannot be asked: ${error.message}`;
      await this.#book.concludeRest(rest, { verdict: 'inconclusive', message });
      return null;
    }
    this.#notes.push(`The harness failed: ${stackOf(error)}`);
    // With a full disk there is no history to write to; the outcomes then say "planned and never ran".
    await this.#book
      .concludeRest(rest, { verdict: 'inconclusive', message: 'not run: the harness failed' })
      .catch(() => undefined);
    return error;
  }

  async #checks(): Promise<void> {
    if (this.#toRun().length === 0) return;
    const { environment } = this.#options;
    const signal = this.#interrupt.signal;
    this.#progress.doing('reaching the environment');
    const connection = await connect({
      environment,
      with: this.#options.with,
      progress: this.#progress,
      signal,
      raise: true,
    });
    this.#connection = connection;
    await this.#options.confirm?.(connection);
    const kube = kubeCallFrom(connection.kubeconfig, connection.context);
    try {
      await ensureOwnNamespaces(environment, kube.call);
      const safety = await this.#openSafety(connection, kube.call);
      try {
        await this.#runBatches(connection, safety);
      } finally {
        await this.#closeSafety(safety);
      }
    } finally {
      kube.close();
    }
  }

  #openSafety(connection: Connection, call: ReturnType<typeof kubeCallFrom>['call']): Promise<Safety> {
    const { environment } = this.#options;
    return openSafety({
      environment: environment.name,
      embedded: embeddedOf(environment),
      clusterUid: connection.uid,
      kube: call,
      kubeconfig: connection.kubeconfig,
      runId: this.#folder.id,
      systemNamespace: environment.namespaces.system,
      permit: (mutation) => refusalOf(environment, mutation),
      restoreDeadlineMs: timeoutMsOf(environment, 'restoreDeadline'),
      notice: (message) => this.#note(message),
      signal: this.#interrupt.signal,
    });
  }

  async #runBatches(connection: Connection, safety: Safety): Promise<void> {
    const { environment } = this.#options;
    const { cluster, kubeconfig } = connection;
    const signal = this.#interrupt.signal;
    this.#noteRestored(safety);
    const engine = new Engine({
      book: this.#book,
      folder: this.#folder,
      cluster,
      safety,
      kubeconfig,
      signal,
    });
    this.#engine = engine;
    const nodes = await cluster.list({ kind: 'v1/Node' });
    this.#nodes = nodes.unavailable === undefined ? nodes.items.length : null;
    await judgesNamespace(this.#book, cluster, this.#toRun());
    const left = this.#toRun().filter(({ row }) => !this.#book.outcomes.has(row.id));
    const { now, later } = await splitByEdge(left, connection.edgeReady);
    await engine.runBatch(now);
    signal.throwIfAborted();
    if (later.length > 0) await this.#edgeBatch(engine, connection, later);
    signal.throwIfAborted();
    if (left.some((one) => lockMode(one, environment) === 'exclusive')) {
      this.#progress.doing('measuring the steady state again');
      const steady = await steadyAgain(engine);
      this.#restored = { ...this.#restored, steadyAgain: steady.ok };
      if (!steady.ok) this.#note(`not steady again: ${steady.detail}`);
    }
    for (const complaint of engine.complaints) this.#note(complaint);
  }

  /** Checks of the edge come last: its controller is built while the others run. */
  async #edgeBatch(engine: Engine, { edgeReady }: Connection, later: readonly PlannedCheck[]): Promise<void> {
    this.#progress.doing('waiting for the edge');
    const signal = this.#interrupt.signal;
    try {
      await withDeadline(
        edgeReady ?? Promise.resolve(),
        timeoutMsOf(this.#options.environment, 'edgeReady'),
        signal,
      );
    } catch (error) {
      signal.throwIfAborted();
      const message = `the edge did not become ready: ${error instanceof Error ? error.message : String(error)}`;
      await this.#book.concludeRest(later, { verdict: 'inconclusive', message });
      return;
    }
    await engine.runBatch(later);
  }

  async #closeSafety(safety: Safety): Promise<void> {
    this.#progress.doing('restoring');
    const report = await safety.close();
    const before = this.#restored;
    this.#restored = {
      ...before,
      actions: before.actions + report.actions,
      failed: [...before.failed, ...report.failed],
    };
    for (const failure of report.failed) this.#note(`not restored: ${failure}`);
  }

  #noteRestored({ restoredAtStart }: Safety): void {
    const { actions, failed, undone } = restoredAtStart;
    if (actions > 0)
      this.#note(`restored what an earlier run had left: ${[...undone, ...failed].join('; ')}`);
  }

  #note(message: string): void {
    if (this.#notes.includes(message)) return;
    this.#notes.push(message);
    this.#progress.say(`  ${message}`);
  }

  async #write(failure: unknown): Promise<CommandResult> {
    const { environment, planned, command, profile } = this.#options;
    const connection = this.#connection;
    const interrupted = this.#interrupt.name;
    const calls = connection?.cluster.calls() ?? { total: 0, byKind: {} };
    connection?.cluster.close();
    const redact = this.#book.redact;
    const record = assembleRecord({
      folder: this.#folder,
      command,
      environment,
      profile,
      startedAt: this.#startedAt,
      interrupted,
      planned,
      outcomes: this.#book.outcomes,
      notes: this.#notes,
      cluster: connection && { uid: connection.uid, version: connection.version, nodes: this.#nodes },
      apiCalls: calls,
      restored: this.#restored,
      harnessFailure: failure === null ? null : EXIT.harness,
    });
    try {
      await writeEnd(this.#folder.histories, { interrupted, restored: this.#restored }, redact);
      redactFolder(this.#folder.path, this.#engine?.stores.secrets() ?? []);
      const written = await writeRecord(record, this.#folder, redact);
      this.#progress.close();
      const { baseline } = this.#options;
      if (baseline !== undefined) this.#progress.say(diffRuns(written, baseline).text.trimEnd());
      this.#progress.say(renderTerminal(written, { reportPath: `${this.#folder.path}/report.html` }));
      return { exitCode: written.exitCode };
    } catch (cause) {
      this.#progress.say(record.sentence);
      throw new RunFolderError(
        `The run's record cannot be written to ${this.#folder.path}: ${stackOf(cause)}`,
        { cause },
      );
    }
  }
}

/** Checks that can run now and those that need the edge while it is not ready. */
async function splitByEdge(
  planned: readonly PlannedCheck[],
  edgeReady: Promise<void> | null,
): Promise<{ now: PlannedCheck[]; later: PlannedCheck[] }> {
  const pending = Symbol('pending');
  const settled =
    edgeReady === null
      ? null
      : await Promise.race([edgeReady.catch(() => pending), Promise.resolve(pending)]);
  const needsEdge = ({ row }: PlannedCheck) => settled === pending && (row.needs ?? []).includes('edge');
  return { now: planned.filter((one) => !needsEdge(one)), later: planned.filter(needsEdge) };
}

async function withDeadline<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not within ${Math.round(ms / 1000)} s`)), ms);
  const onAbort = () => reject(new Error('interrupted'));
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
