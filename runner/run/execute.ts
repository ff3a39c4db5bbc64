import { judgeOf } from '../../suites/catalogue/loaded.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { CommandError, EXIT, exitCodeOf } from '../../host/errors.ts';
import { patient } from '../../host/patience.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import { BlockedError } from '../../env/providers/provider.ts';
import type { Environment } from '../../env/schema.ts';
import { oneLine } from '../../reports/render/text.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import type { Scope } from '../../reports/record/verdict.ts';
import { Afterwards } from '../state/afterwards.ts';
import { RunState, type CheckOverrides } from '../state/run-state.ts';
import type { Baseline } from '../plan/baseline.ts';
import { ClusterPermits } from '../plan/cluster-permit.ts';
import { refusedNow } from '../plan/permits.ts';
import { connect, type Connection } from './connect.ts';
import { CheckRunner } from '../serve/check-runner.ts';
import { watchEventLoop } from '../serve/watchdog.ts';
import type { Face } from '../serve/face.ts';
import { estimateMs, lockMode, timeoutMsOf } from '../plan/environment-parts.ts';
import type { CommandResult } from './guard.ts';
import { Interrupt } from './interrupt.ts';
import { lastTimes } from '../record/last-time.ts';
import { leftBroken } from '../state/leftovers.ts';
import { canaryRemoval } from './canaries.ts';
import { conclude } from './conclude.ts';
import { judgesNamespace } from './namespace.ts';
import { isFulfilled, untilPlatform } from './platform-wait.ts';
import { Progress } from './progress.ts';
import { assembleRecord } from '../record/record.ts';
import { makeRunFolder, removeRunFolder, RUNS, type RunFolder } from '../record/run-folder.ts';
import { writePlan } from '../record/run-history.ts';
import { kubeCallTo, type KubeCall, type RestoreReport, type RunSafety } from '../provider-safety.ts';
import { sendWritten } from './send.ts';
import { takeEnvironment } from './take.ts';
import { withoutUndo } from './without-undo.ts';
import { forwardedStores } from '../targets/reach.ts';
import { ReadOnlyGuard } from '../../probes/kubernetes/index.ts';
import { because, type NotRunBy } from '../../reports/record/not-run-by.ts';
import { errorText, stackOf } from '../../reports/record/error-text.ts';

export interface ExecuteOptions {
  environment: Environment;
  planned: readonly PlannedCheck[];
  /** The command line as typed, for the record. */
  command: string;
  /** What repeats it; left out: a run of the check alone. */
  rerun?: string | undefined;
  profile: string | null;
  scope: Scope;
  out?: string | undefined;
  /** A run to compare with. */
  baseline?: Baseline | undefined;
  overrides?: ReadonlyMap<string, CheckOverrides>;
  /** Tests in Playwright, which choose among the planned checks; left out: all are run. */
  face?: Face | undefined;
  /** A drill without the permit of the cluster's owners, or the account of the Job that undoes, is refused (75); in a run its check is not-run. */
  refuseWithoutPermit?: boolean | undefined;
}

/** Runs the planned checks in the environment and writes the run folder, whatever happens in between. */
export async function execute(options: ExecuteOptions): Promise<CommandResult> {
  const progress = new Progress();
  // Before anything else: what cannot be recorded must not be done.
  const folder = makeRunFolder(options.out ?? RUNS, options.environment.name);
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
  readonly #runState: RunState;
  readonly #startedAt = new Date();
  readonly #notes: string[] = [];
  #planned: readonly PlannedCheck[];
  #permits: ClusterPermits | null = null;
  #connection: Connection | null = null;
  #runner: CheckRunner | null = null;
  #nodes: number | null = null;
  /** Why the environment could not be queried; null: it could. */
  #blocked: string | null = null;
  /** Of a read-only run: whatever it sends to the cluster passes this. */
  readonly #readOnly: ReadOnlyGuard | undefined;
  readonly #afterwards = new Afterwards();

  constructor(options: ExecuteOptions, folder: RunFolder, ui: { progress: Progress; interrupt: Interrupt }) {
    this.#options = options;
    this.#readOnly = options.environment.readOnly === true ? new ReadOnlyGuard() : undefined;
    this.#planned = options.planned;
    this.#folder = folder;
    this.#progress = ui.progress;
    this.#interrupt = ui.interrupt;
    this.#runState = new RunState({
      environment: options.environment,
      run: folder.id,
      histories: folder.histories,
      progress: ui.progress,
    });
    this.#runState.plan(this.#toRun());
    for (const [check, overrides] of options.overrides ?? []) this.#runState.overrides.set(check, overrides);
  }

  async toTheEnd(): Promise<CommandResult> {
    const { environment, baseline } = this.#options;
    if (baseline !== undefined && 'missing' in baseline) this.#note(baseline.missing);
    await this.#writePlan();
    const estimates = this.#toRun().map((one) => [one.row.id, estimateMs(one, environment)] as const);
    if (this.#options.face === undefined)
      this.#progress.expect(new Map(estimates), lastTimes(this.#folder, environment, this.#toRun()));
    let failure: unknown = null;
    try {
      await this.#checks();
    } catch (error) {
      if (this.#refused(error)) throw error;
      failure = await this.#cutShort(error);
    }
    const defect = this.#defect();
    return this.#write(failure ?? defect);
  }

  /** What a read-only run tried to change, as a failure of the harness; null: nothing. */
  #defect(): Error | null {
    const tried = this.#readOnly?.tried ?? [];
    if (tried.length === 0) return null;
    const message = `in a read-only run it tried what is not reading: ${tried.join('; ')}. Each was refused before it was sent`;
    this.#note(harnessFailed(message));
    return new Error(message);
  }

  #toRun(): PlannedCheck[] {
    return this.#planned.filter(({ notRun }) => notRun === null);
  }

  #writePlan(): Promise<void> {
    const { id, histories } = this.#folder;
    const { environment, scope } = this.#options;
    const { name, apiAddress, readOnly } = environment;
    const planned = this.#planned;
    return writePlan(histories, { id, environment: name, apiAddress, scope, readOnly, planned });
  }

  /** Whether the run was refused before anything was done; then its folder is removed. */
  #refused(error: unknown): boolean {
    const refused =
      exitCodeOf(error) !== undefined && !this.#interrupt.signal.aborted && this.#runner === null;
    if (refused) {
      this.#connection?.cluster.close();
      removeRunFolder(this.#folder);
    }
    return refused;
  }

  /** Concludes what is left after an early end: an interrupt, an environment that cannot be queried, or a harness failure (returned). */
  async #cutShort(error: unknown): Promise<unknown> {
    const rest = this.#toRun();
    if (this.#interrupt.name !== null) {
      // An interrupt ends much by an error of its own; any other may be why something was not undone.
      if (error !== this.#interrupt.signal.reason)
        this.#note(`after ${this.#interrupt.name}: ${errorText(error)}`);
      const message = `not finished: interrupted by ${this.#interrupt.name}`;
      await this.#runState.concludeRest(rest, { verdict: 'inconclusive', message });
      return null;
    }
    if (error instanceof BlockedError) {
      const message = `the environment cannot be asked: ${error.message}`;
      this.#blocked = error.message;
      await this.#runState.concludeAll(rest, { verdict: 'inconclusive', message });
      return null;
    }
    this.#notes.push(harnessFailed(stackOf(error)));
    // With a full disk there is no history to write to; the outcomes then say "planned and never ran".
    await this.#runState
      .concludeRest(rest, { verdict: 'inconclusive', message: 'not run: the harness failed' })
      .catch(() => undefined);
    return error;
  }

  /** Loads all judges before anything is disturbed. @throws Error that names the check */
  async #loadJudges(): Promise<void> {
    for (const { row } of this.#toRun())
      await judgeOf(row.id).catch((error: unknown) => {
        throw new Error(`the judge of ${row.id} cannot be loaded: ${errorText(error)}`, { cause: error });
      });
  }

  async #checks(): Promise<void> {
    if (this.#toRun().length === 0) return;
    await this.#loadJudges();
    const { environment } = this.#options;
    const signal = this.#interrupt.signal;
    // Printed first: a reader of one line must see that the environment was found broken.
    const broken = leftBroken(environment);
    if (broken !== null) this.#note(broken);
    this.#progress.doing('reaching the environment');
    const connection = await connect({
      environment,
      progress: this.#progress,
      signal,
      provision: this.#readOnly === undefined,
      readOnly: this.#readOnly,
    });
    this.#connection = connection;
    this.#noteRestored(connection.restored);
    // Conflicts are never retried: no later restore would report them.
    this.#afterwards.add({ actions: 0, failed: connection.restored?.conflicts ?? [] });
    const kube = kubeCallTo(connection.cluster, this.#readOnly);
    try {
      await this.#askPermits(kube.call);
      await this.#refuse(await withoutUndo(environment, this.#toRun(), kube.call), 'means');
      await this.#leaveOutForwarded(connection.cluster);
      if (this.#toRun().length === 0) return;
      const safety = await this.#take(connection, kube.call);
      // Not while an environment is provisioned: removing its disks holds the loop for as long.
      const endWatch = watchEventLoop();
      try {
        await this.#runBatches(connection, safety);
      } finally {
        for (const remark of this.#runner?.remarks() ?? []) this.#note(remark);
        await this.#closeSafety(safety).finally(endWatch);
        if (this.#runner !== null) await this.#afterwards.lookForNodes(this.#runner, this.#interrupt.signal);
      }
    } finally {
      kube.close();
    }
  }

  /** Outside the embedded environment the owners of the cluster must permit what disturbs it, before anything is touched. */
  async #askPermits(call: KubeCall): Promise<void> {
    const { environment } = this.#options;
    const disturbing = this.#toRun().filter((one) => lockMode(one, environment) === 'exclusive');
    if (traitsOf(environment).ownedByUs || disturbing.length === 0) return;
    this.#permits = new ClusterPermits(call, environment.namespaces.system);
    const ids = disturbing.map(({ row }) => row.id);
    const { refused, weakness } = await refusedNow(environment, ids, this.#permits);
    await this.#refuse(refused, 'not-permitted');
    if (weakness !== null) this.#note(weakness);
  }

  /** What may not be done now: a drill ends, a run leaves the check out. @throws CommandError (75) */
  async #refuse(refused: ReadonlyMap<string, string>, by: NotRunBy): Promise<void> {
    const [first] = refused;
    if (first === undefined) return;
    if (this.#options.refuseWithoutPermit === true) throw new CommandError(first.join(': '), EXIT.refused);
    await this.#leaveOut(by, ({ id }) => refused.get(id));
  }

  /** Clients of a store that would be forwarded to it are not measured. */
  async #leaveOutForwarded(cluster: Connection['cluster']): Promise<void> {
    const found = await forwardedStores(this.#options.environment, cluster);
    if (found.size > 0) await this.#leaveOut('forwarded', ({ injects }) => found.get(injects?.store ?? ''));
  }

  async #leaveOut(by: NotRunBy, why: (row: PlannedCheck['row']) => string | undefined): Promise<void> {
    this.#planned = this.#planned.map((one) => ({ ...one, notRun: one.notRun ?? because(by, why(one.row)) }));
    await this.#writePlan();
  }

  #take(connection: Connection, kube: KubeCall): Promise<RunSafety> {
    return takeEnvironment({
      environment: this.#options.environment,
      toRun: this.#toRun(),
      connection,
      kube,
      permits: this.#permits,
      runId: this.#folder.id,
      readOnly: this.#readOnly,
      signal: this.#interrupt.signal,
      notice: (message) => this.#note(message),
    });
  }

  async #runBatches(connection: Connection, safety: RunSafety): Promise<void> {
    const { environment } = this.#options;
    const { cluster } = connection;
    const signal = this.#interrupt.signal;
    this.#noteRestored(safety.restoredAtStart);
    const runner = new CheckRunner({
      runState: this.#runState,
      folder: this.#folder,
      cluster,
      safety,
      readOnly: this.#readOnly,
      permits: this.#permits,
      signal,
    });
    this.#runner = runner;
    this.#progress.redact = (text) => this.#runState.redact(text);
    const nodes = await cluster.list({ kind: 'v1/Node' });
    this.#nodes = nodes.unavailable === undefined ? nodes.items.length : null;
    if (connection.platformReady !== null && !(await isFulfilled(connection.platformReady)))
      await this.#untilPlatform(runner, safety, connection.platformReady);
    await judgesNamespace(this.#runState, cluster, this.#left());
    const left = this.#left();
    const removeCanaries = canaryRemoval(runner, this.#toRun(), (line) => this.#note(line));
    await removeCanaries('before', signal);
    await this.#runLeft(runner, left);
    signal.throwIfAborted();
    await removeCanaries('after', signal);
    if (left.some((one) => lockMode(one, environment) === 'exclusive')) {
      this.#progress.doing('measuring the steady state again');
      const unrest = await this.#afterwards.measureSteadiness(runner);
      if (unrest !== null) this.#note(unrest);
    }
  }

  async #runLeft(runner: CheckRunner, left: readonly PlannedCheck[]): Promise<void> {
    const { face } = this.#options;
    if (face === undefined) return runner.runBatch(left);
    const chosen = await runner.runFor(face, this.#planned);
    await this.#leaveOut('not-selected', ({ id }) =>
      chosen.has(id) ? undefined : 'not chosen in Playwright',
    );
  }

  #left(): PlannedCheck[] {
    return this.#toRun().filter(({ row }) => !this.#runState.outcomes.has(row.id));
  }

  /** Without a platform, checks that need one are inconclusive. */
  async #untilPlatform(runner: CheckRunner, safety: RunSafety, platformReady: Promise<void>): Promise<void> {
    const why = await untilPlatform({
      platformReady,
      limitMs: patient(timeoutMsOf(this.#options.environment, 'platformReady')),
      meanwhile: async () => {
        if (this.#options.face === undefined)
          await runner.runBatch(this.#left().filter(({ row }) => row.clusterAlone === true));
        this.#progress.doing('waiting for the platform');
      },
      interrupted: this.#interrupt.signal,
      stopped: safety.stopped,
    });
    if (why === null) return;
    const message = `the platform did not become ready: ${why}`;
    this.#note(message);
    await this.#runState.concludeRest(this.#left(), { verdict: 'inconclusive', message });
  }

  async #closeSafety(safety: RunSafety): Promise<void> {
    if (this.#readOnly === undefined) this.#progress.doing('restoring');
    const report = await safety.close();
    this.#afterwards.add(report);
    for (const failure of report.failed) this.#note(`not restored: ${failure}`);
  }

  #noteRestored(report: RestoreReport | null): void {
    const { actions, failed, undone } = report ?? { actions: 0, failed: [], undone: [] };
    if (actions > 0)
      this.#note(`restored what an earlier run had left: ${[...undone, ...failed].join('; ')}`);
  }

  #note(message: string): void {
    if (this.#notes.includes(message)) return;
    this.#notes.push(message);
    this.#progress.say(`  ${oneLine(message)}`);
  }

  /** The cluster stays open until all is written and sent: what is to be sent may need a secret that it holds. */
  async #write(failure: unknown): Promise<CommandResult> {
    try {
      return await this.#writeAll(failure);
    } finally {
      this.#runner?.application.close();
      await this.#runner?.stores.close();
      this.#connection?.cluster.close();
    }
  }

  async #writeAll(failure: unknown): Promise<CommandResult> {
    const { environment, command, rerun, profile, scope } = this.#options;
    const planned = this.#planned;
    const connection = this.#connection;
    const interrupted = this.#interrupt.name;
    const calls = connection?.cluster.calls() ?? { total: 0, byKind: {} };
    const redact = this.#runState.redact;
    const harnessFailure = failure === null ? null : harnessFailed(errorText(failure));
    const record = assembleRecord({
      folder: this.#folder,
      command,
      rerun,
      environment,
      profile,
      scope,
      startedAt: this.#startedAt,
      interrupted,
      blocked: this.#blocked,
      planned,
      outcomes: this.#runState.outcomes,
      notes: this.#notes,
      cluster: connection && { uid: connection.uid, version: connection.version, nodes: this.#nodes },
      apiCalls: calls,
      restored: this.#afterwards.restored,
      harnessFailure,
    });
    return conclude(record, {
      folder: this.#folder,
      harnessFailure,
      baseline: this.#options.baseline,
      redact,
      secrets: this.#runner?.stores.secrets() ?? [],
      progress: this.#progress,
      send: (written) => this.#sendTelemetry(written),
    });
  }

  /** The verdict is already written: a failure to send is reported and changes nothing. A read-only run sends nothing. */
  async #sendTelemetry(written: RunRecord): Promise<void> {
    if (this.#readOnly !== undefined) return;
    const notices = await sendWritten(written, this.#options.environment, this.#runner?.stores);
    // Sending needs the same environment, whose failure to answer is already reported.
    if (this.#blocked !== null) return;
    for (const notice of notices) this.#progress.say(`  ${notice}`);
  }
}

function harnessFailed(why: string): string {
  return `The harness failed: ${why}`;
}
