import type { PlannedCheck } from '../env/catalogue/index.ts';
import type { Environment } from '../env/schema.ts';
import type { KubeCluster } from '../probes/kubernetes/index.ts';
import type { Handover, PlannedCheck as HandedCheck } from '../suites/harness/protocol.ts';
import { CallCounter } from './calls.ts';
import { checkTimeoutMs, lockMode } from './environment-parts.ts';
import { SharedLock } from './lock.ts';
import { checkMethods } from './methods/check.ts';
import { clusterMethods } from './methods/cluster.ts';
import { faultMethods } from './methods/fault.ts';
import { nodeMethods } from './methods/node.ts';
import { storeMethods } from './methods/store.ts';
import { workloadMethods } from './methods/workload.ts';
import type { Outcome } from './outcome.ts';
import { runPlaywright } from './playwright.ts';
import type { Progress } from './progress.ts';
import type { RunFolder } from './run-folder.ts';
import type { Safety } from './safety/index.ts';
import { Session, type Handler, type Handlers } from './session.ts';
import { StoreTargets } from './store-target.ts';
import { reportSilent } from './silent.ts';
import { Workloads } from './workloads.ts';

export interface EngineParts {
  environment: Environment;
  folder: RunFolder;
  cluster: KubeCluster;
  safety: Safety;
  /** Path of the kubeconfig. */
  kubeconfig: string;
  progress: Progress;
  signal: AbortSignal;
}

/** Overrides for one check: `drill --target` and controls. */
export interface CheckOverrides {
  goals?: Record<string, unknown> | undefined;
  settings?: Record<string, unknown> | undefined;
}

/** Runs planned checks through Playwright and keeps what became of them. One for a whole run, drill or set of controls. */
export class Engine {
  readonly parts: EngineParts;
  readonly calls = new CallCounter();
  readonly lock = new SharedLock();
  readonly outcomes = new Map<string, Outcome>();
  readonly planned = new Map<string, PlannedCheck>();
  readonly overrides = new Map<string, CheckOverrides>();
  readonly workloads: Workloads;
  readonly stores: StoreTargets;
  /** Where the histories of the checks go; controls give each its own. */
  histories: string;
  /** What Playwright itself complained about, such as a spec that does not load. */
  readonly complaints: string[] = [];
  #batches = 0;

  constructor(parts: EngineParts) {
    this.parts = parts;
    this.histories = parts.folder.histories;
    this.stores = new StoreTargets(parts.environment, parts.cluster);
    this.workloads = new Workloads(this);
    parts.cluster.onCall(this.calls.count);
  }

  /** Runs the checks in one start of Playwright. Afterwards each has an outcome, whatever happened. */
  async runBatch(batch: readonly PlannedCheck[]): Promise<void> {
    if (batch.length === 0) return;
    for (const planned of batch) this.planned.set(planned.row.id, planned);
    const session = await Session.listen(this.#handlers(), (check) => void this.abandon(check));
    this.#batches += 1;
    const name = String(this.#batches);
    const { folder, safety, signal } = this.parts;
    const stop = AbortSignal.any([signal, safety.stopped]);
    let pid = 0;
    try {
      const end = await runPlaywright({
        handover: this.#handover(session.path, batch),
        folder: folder.path,
        batch: name,
        signal: stop,
        onSpawn: (child) => {
          pid = child;
          safety.children.add({ name: `Playwright of run ${folder.id}`, pid: child });
        },
      });
      await reportSilent(this, batch, { end, stopped: stop.aborted ? reasonOf(stop) : null });
    } finally {
      if (pid !== 0) safety.children.remove(pid);
      await session.close();
    }
  }

  /** A check whose worker is gone: nothing of it may run on, and what it did is undone. */
  async abandon(check: string): Promise<void> {
    try {
      await this.workloads.stopAll(check);
      const report = await this.parts.safety.restore({ check });
      for (const failure of report.failed) this.complaints.push(`${check}: ${failure}`);
    } finally {
      this.lock.release(check);
    }
  }

  #handover(socket: string, batch: readonly PlannedCheck[]): Handover {
    const { environment, folder } = this.parts;
    const plan: HandedCheck[] = batch.map((planned) => ({
      check: planned.row.id,
      trials: planned.trials,
      mode: lockMode(planned, environment),
      timeoutMs: checkTimeoutMs(planned, environment),
    }));
    return { runId: folder.id, socket, environment: environment.name, plan, outputDir: `${folder.path}/playwright` };
  }

  #handlers(): Handlers {
    const handlers: Handlers = {
      ...checkMethods(this),
      ...clusterMethods(this),
      ...faultMethods(this),
      ...nodeMethods(this),
      ...storeMethods(this),
      ...workloadMethods(this),
    };
    const counted = Object.entries(handlers).map(([method, handler]) => {
      const call = handler as Handler<never>;
      return [method, (params: never, from: Parameters<typeof call>[1]) => this.calls.on(from.check, () => call(params, from) as Promise<unknown>)];
    });
    return Object.fromEntries(counted) as Handlers;
  }
}

function reasonOf(signal: AbortSignal): string {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason.message : String(reason);
}
