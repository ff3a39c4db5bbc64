import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { lookAtUse, NodesWatch } from '../../probes/nodes-use.ts';
import type { Handover, PlannedCheck as HandedCheck } from '../../suites/harness/protocol.ts';
import type { RunState } from '../state/run-state.ts';
import { BudgetAccount } from '../state/budget.ts';
import type { RunnerParts } from './runner-parts.ts';
import { Drills } from '../state/drilled.ts';
import { drillsMirror } from '../state/drilled-mirror.ts';
import { checkTimeoutMs, embeddedOf, lockMode, namespacesOf } from '../plan/environment-parts.ts';
import { SharedLock } from './lock.ts';
import { ApplicationAccess } from '../targets/application-access.ts';
import { aiMethods } from './methods/ai.ts';
import { applicationMethods } from './methods/application.ts';
import { budgeted } from './budgeted.ts';
import { checkMethods } from './methods/check.ts';
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
import { runPlaywright } from './playwright.ts';
import { readingOnly } from './reading-only.ts';
import { kubeCallTo } from '../safety/kube-call.ts';
import { safetyFolder } from '../safety/lease/place.ts';
import { Session, type Handlers } from './session.ts';
import { silence } from './silent.ts';
import { reachOf } from '../targets/reach.ts';
import { StoreTargets } from '../targets/store-target.ts';
import { TelemetryRuns } from '../ask/telemetry/runs.ts';
import { ClientLoads } from '../targets/client-loads.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Runs planned checks through Playwright. One for a whole run, drill or set of controls. */
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
  /** What Playwright itself complained about, such as a spec that does not load. */
  readonly complaints: string[] = [];
  readonly lostNodes = new LostNodes((remark) => this.complaints.push(remark));
  readonly drills: Drills;
  #batches = 0;

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
  }

  /** What a reader of the report must know besides. */
  remarks(): string[] {
    const more = [this.stores.reachText(), this.application.text(), this.stores.openSecretsText()];
    return [...this.complaints, ...more.filter((one) => one !== null)];
  }

  /** Runs the checks in one start of Playwright. Afterwards each has an outcome, whatever happened. */
  async runBatch(batch: readonly PlannedCheck[]): Promise<void> {
    if (batch.length === 0) return;
    if (batch.some(({ row }) => row.toldOfDrills === true)) await this.drills.learn();
    this.runState.plan(batch);
    const session = await Session.listen(this.#handlers(), {
      gone: (check) =>
        void this.abandon(check).catch((error: unknown) =>
          this.complaints.push(`${check} could not be ended in full: ${errorText(error)}`),
        ),
      around: (check, work) => this.runState.calls.on(check, work),
    });
    const { folder, safety, signal } = this.parts;
    const stop = AbortSignal.any([signal, safety.stopped]);
    let pid = 0;
    try {
      const end = await runPlaywright({
        handover: this.#handover(session.path, batch),
        folder: folder.path,
        batch: String(++this.#batches),
        signal: stop,
        onSpawn: (child) => {
          pid = child;
          safety.children.add({ name: `Playwright of run ${folder.id}`, pid: child });
        },
      });
      const silent = batch.filter(({ row }) => !this.runState.outcomes.has(row.id));
      for (const { row } of silent) await this.abandon(row.id);
      // Nobody stopped it: its worker died.
      await this.runState.concludeRest(
        silent,
        stop.aborted
          ? { verdict: 'inconclusive', message: `not finished: ${reasonOf(stop)}` }
          : { verdict: 'inconclusive', message: silence(end, this.complaints.at(-1)), crashed: true },
      );
    } finally {
      if (pid !== 0) safety.children.remove(pid);
      await session.close();
      await this.drills.mirrored();
    }
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

  #handover(socket: string, batch: readonly PlannedCheck[]): Handover {
    const { environment } = this.runState;
    const { folder } = this.parts;
    const plan: HandedCheck[] = batch.map((planned) => ({
      check: planned.row.id,
      firstTrial: this.runState.firstTrials.get(planned.row.id) ?? 1,
      trials: planned.trials,
      mode: lockMode(planned, environment),
      timeoutMs: checkTimeoutMs(planned, environment),
    }));
    return {
      runId: folder.id,
      socket,
      environment: environment.name,
      plan,
      outputDir: `${folder.path}/playwright`,
    };
  }

  #handlers(): Handlers {
    const { readOnly } = this.parts;
    return readOnly === undefined ? this.#allHandlers() : readingOnly(this.#allHandlers(), readOnly);
  }

  #allHandlers(): Handlers {
    return {
      ...aiMethods(this),
      ...applicationMethods(this),
      ...checkMethods(this),
      ...clusterMethods(this),
      ...controlPlaneMethods(this),
      ...deploymentMethods(this),
      ...budgeted(this, faultMethods(this)),
      ...gpuMethods(this),
      ...loadMethods(this),
      ...metricsMethods(this),
      ...nodeMethods(this),
      ...queryMethods(this),
      ...stateMethods(this),
      ...storeMethods(this),
      ...telemetryMethods(this),
      ...clockMethods(this),
      ...clientLoadMethods(this),
    };
  }
}

function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  return errorText(reason);
}
