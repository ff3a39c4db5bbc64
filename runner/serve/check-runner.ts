import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { lookAtUse, NodesWatch } from '../../probes/nodes-use.ts';
import type { StepMessage } from '../../suites/harness/messages.ts';
import type { RunnerVerdict, RunState } from '../state/run-state.ts';
import { appendToTrial } from '../state/trials.ts';
import { CheckRun } from './check-run.ts';
import type { Face } from './face.ts';
import type { Handlers } from './handlers.ts';
import { BudgetAccount } from '../state/budget.ts';
import type { RunnerParts } from './runner-parts.ts';
import { Drills } from '../state/drilled.ts';
import { drillsMirror } from '../state/drilled-mirror.ts';
import { embeddedOf, estimateMs, lockMode, namespacesOf } from '../plan/environment-parts.ts';
import { SharedLock } from './lock.ts';
import { ApplicationAccess } from '../targets/application-access.ts';
import { aiMethods } from './methods/ai.ts';
import { applicationMethods } from './methods/application.ts';
import { budgeted } from './budgeted.ts';
import { clockMethods } from './methods/clocks.ts';
import { clusterMethods } from './methods/cluster.ts';
import { controlPlaneMethods } from './methods/control-plane.ts';
import { deploymentMethods } from './methods/deployment.ts';
import { faultMethods } from './methods/fault.ts';
import { gpuMethods } from './methods/gpu.ts';
import { loadMethods } from './methods/load.ts';
import { metricsMethods } from './methods/metrics.ts';
import { nodeMethods } from './methods/node.ts';
import { queryMethods } from './methods/query.ts';
import { stateMethods } from './methods/state.ts';
import type { ServedRunner } from './served.ts';
import { storeMethods } from './methods/store.ts';
import { telemetryMethods } from './methods/telemetry.ts';
import { clientLoadMethods } from './methods/client-load.ts';
import { LoadRuns } from '../targets/load-runs.ts';
import { LostNodes } from '../ask/nodes-back.ts';
import { kubeCallTo } from '../safety/kube-call.ts';
import { safetyFolder } from '../safety/lease/place.ts';
import { reachOf } from '../targets/reach.ts';
import { StoreTargets } from '../targets/store-target.ts';
import { TelemetryRuns } from '../ask/telemetry/runs.ts';
import { ClientLoads } from '../targets/client-loads.ts';
import { errorText, stackOf } from '../../reports/record/error-text.ts';

/** Two cores is the smallest machine; checks mostly wait. */
const LANES = 2;

/** Runs planned checks. One for a whole run, drill or set of controls. */
export class CheckRunner implements ServedRunner {
  readonly parts: RunnerParts;
  readonly runState: RunState;
  readonly budget: BudgetAccount;
  readonly lock = new SharedLock();
  readonly clientLoads: ClientLoads;
  readonly loads: LoadRuns;
  readonly telemetry: TelemetryRuns;
  readonly stores: StoreTargets;
  readonly application: ApplicationAccess;
  /** What a reader of the report must know of this process, such as what could not be undone. */
  readonly complaints: string[] = [];
  readonly lostNodes = new LostNodes((remark) => this.complaints.push(remark));
  readonly drills: Drills;
  readonly #running = new Map<string, CheckRun>();
  readonly #handlers: Handlers;

  constructor(parts: RunnerParts) {
    this.parts = parts;
    this.runState = parts.runState;
    this.budget = new BudgetAccount(parts.runState.environment);
    const { environment } = parts.runState;
    this.stores = new StoreTargets(environment, parts.cluster, reachOf(environment, parts.cluster));
    this.application = new ApplicationAccess(environment, this.stores);
    this.runState.redact = (text) => this.stores.redact(text);
    const kept = safetyFolder(environment.name, embeddedOf(environment));
    const connect = () => kubeCallTo(parts.cluster, parts.readOnly);
    // An embedded environment has all of its runs on this machine.
    const mirror =
      embeddedOf(environment) === undefined ? drillsMirror(connect, environment.namespaces.system) : null;
    this.drills = new Drills(kept, (message) => this.complaints.push(message), mirror);
    this.runState.busy ??= new NodesWatch(() => lookAtUse(parts.cluster, namespacesOf(environment)));
    this.runState.drilled = () => this.drills.told(new Date());
    this.clientLoads = new ClientLoads(this);
    this.loads = new LoadRuns(this);
    this.telemetry = new TelemetryRuns(this);
    parts.cluster.onCall(this.runState.calls.count);
    this.#handlers = handlersOf(this);
  }

  /** What a reader of the report must know besides. */
  remarks(): string[] {
    const more = [this.stores.reachText(), this.application.text(), this.stores.openSecretsText()];
    return [...this.complaints, ...more.filter((one) => one !== null)];
  }

  /** Runs the checks: those that only read first, and as many at a time as `LANES`. Afterwards each has an outcome, whatever happened. */
  async runBatch(batch: readonly PlannedCheck[]): Promise<void> {
    const { environment } = this.runState;
    const isAlone = (one: PlannedCheck): boolean => lockMode(one, environment) === 'exclusive';
    const queue = batch.toSorted((a, b) => Number(isAlone(a)) - Number(isAlone(b)));
    await this.#serving(batch, async (stop) => {
      const lane = async (): Promise<void> => {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) await this.#run(next, stop);
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    });
  }

  /** Runs those of the planned checks that tests in Playwright ask for, until it is gone. @returns their ids */
  async runFor(face: Face, planned: readonly PlannedCheck[]): Promise<ReadonlySet<string>> {
    const { outcomes } = this.runState;
    const toRun = planned.filter(({ notRun }) => notRun === null);
    await this.#serving(toRun, (stop) =>
      face.serve(stop, async (check, follow, gone) => {
        const one = planned.find(({ row }) => row.id === check);
        if (one === undefined) return null;
        if (one.notRun !== null) return { kind: 'verdict', judgement: null, notRun: one.notRun.text };
        if (!outcomes.has(check)) {
          this.runState.progress.expect(new Map([[check, estimateMs(one, this.runState.environment)]]));
          await this.#run(one, AbortSignal.any([stop, gone]), follow);
        }
        const judgement = outcomes.get(check)?.judgement;
        return judgement === undefined ? null : { kind: 'verdict', judgement };
      }),
    );
    return new Set(outcomes.keys());
  }

  async #serving(batch: readonly PlannedCheck[], work: (stop: AbortSignal) => Promise<void>): Promise<void> {
    if (batch.length === 0) return;
    if (batch.some(({ row }) => row.toldOfDrills === true)) await this.drills.learn();
    this.runState.plan(batch);
    const { safety, signal } = this.parts;
    process.on('unhandledRejection', this.#stray);
    try {
      await work(AbortSignal.any([signal, safety.stopped]));
    } finally {
      process.off('unhandledRejection', this.#stray);
      await this.drills.mirrored();
    }
  }

  /** A promise that nobody awaited was rejected: where a body began it, its check has crashed; anywhere else the process ends. */
  readonly #stray = (error: unknown): void => {
    const check = this.runState.calls.asking();
    if (check === undefined) throw error;
    this.#running.get(check)?.fail(error);
  };

  async #run(
    planned: PlannedCheck,
    stop: AbortSignal,
    follow: (step: StepMessage) => void = () => undefined,
  ): Promise<void> {
    const { runState } = this;
    const { id } = planned.row;
    const run = new CheckRun({ runner: this, handlers: this.#handlers, planned, stop, follow });
    let own: RunnerVerdict | null;
    try {
      runState.progress.waits(id);
      await this.lock.acquire(id, lockMode(planned, runState.environment), stop);
      runState.begun(id);
      this.#running.set(id, run);
      const { crash, refused } = await runState.calls.on(id, () => run.trials());
      own = refused === undefined ? crashVerdict(crash, stop) : { verdict: 'inconclusive', message: refused };
      // Stopped and undone before it is judged: the next check must find the environment as it was.
      await this.abandon(id);
      if (refused !== undefined) await this.#endRefused(id, run.begun, refused);
    } catch (error) {
      await this.abandon(id).catch((failure: unknown) =>
        this.complaints.push(`${id} could not be ended in full: ${errorText(failure)}`),
      );
      own = crashVerdict(stackOf(error), stop);
    } finally {
      this.#running.delete(id);
    }
    await runState.conclude(id, own, run.steps);
  }
  /**
   * Ends everything that a check started, and undoes what it did: it has ended, or its worker is gone. What is still being prepared for it, such
   * as a fault, does not begin any more. Undoing comes after all else and whatever becomes of it, such as on a full disk.
   * @throws what ending it threw, once what it did is undone
   */
  async abandon(check: string): Promise<void> {
    this.parts.safety.endCheck(check);
    try {
      const stops = [
        () => this.telemetry.stop(check),
        () => this.loads.stop(check),
        () => this.clientLoads.stopAll(check),
      ];
      const failures: unknown[] = [];
      for (const stop of stops) await stop().catch((error: unknown) => failures.push(error));
      const report = await this.parts.safety.restore({ check });
      this.drills.end(check, new Date());
      this.complaints.push(...report.failed.map((failure) => `${check}: ${failure}`));
      if (failures.length > 0) throw failures[0];
    } finally {
      this.lock.release(check);
    }
  }

  /** Of a check that is not permitted any more, its last trial had no fault. */
  async #endRefused(check: string, trial: number, reason: string): Promise<void> {
    const { runState } = this;
    await appendToTrial(runState.trialFolder(check, trial), [{ kind: 'no-fault', reason }], runState.redact);
  }
}

function handlersOf(runner: ServedRunner): Handlers {
  return {
    ...aiMethods(runner),
    ...applicationMethods(runner),
    ...clusterMethods(runner),
    ...controlPlaneMethods(runner),
    ...deploymentMethods(runner),
    ...budgeted(runner, faultMethods(runner)),
    ...gpuMethods(runner),
    ...loadMethods(runner),
    ...metricsMethods(runner),
    ...nodeMethods(runner),
    ...queryMethods(runner),
    ...stateMethods(runner),
    ...storeMethods(runner),
    ...telemetryMethods(runner),
    ...clockMethods(runner),
    ...clientLoadMethods(runner),
  };
}

/** @param crash why the check broke off; undefined: it did not */
function crashVerdict(crash: string | undefined, stop: AbortSignal): RunnerVerdict | null {
  if (crash === undefined) return null;
  if (stop.aborted) return { verdict: 'inconclusive', message: `not finished: ${errorText(stop.reason)}` };
  return { verdict: 'inconclusive', message: `the check crashed: ${crash}` };
}
