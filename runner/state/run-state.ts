import { existsSync } from 'node:fs';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import { cgroupName } from '../../env/local/nodes/index.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import type { StepRecord } from '../../suites/harness/protocol.ts';
import type { CheckSettings } from '../../suites/catalogue/check-settings.ts';
import { PressureWatch } from '../../probes/pressure.ts';
import type { Goals } from '../../reports/record/goals.ts';
import type { PressureLook } from '../../reports/record/pressure.ts';
import { CallCounter } from '../serve/calls.ts';
import { headerSettings, sizeOf } from '../plan/environment-parts.ts';
import { judgeCheck } from '../record/judging.ts';
import type { Outcome } from '../record/outcome.ts';
import type { Progress } from '../run/progress.ts';
import { checkFolderName, trialFolder } from '../record/run-folder.ts';
import { RequestError } from '../../suites/harness/request-error.ts';
import { ObservedOnce } from './observed-once.ts';
import { appendToTrial, openTrial, recordPressure, type HeaderSource, type Watch } from './trials.ts';

/** Looks at the machine's pressure are kept for this long, for the next trial. */
const BEFORE_MS = 10_000;

/** Overrides for one check: `drill --target` and controls. */
export interface CheckOverrides {
  goals?: Goals | undefined;
  settings?: Partial<CheckSettings> | undefined;
}

/** What the runner itself says of a check: it crashed, it was cut off, it could not be run. */
export interface RunnerVerdict {
  verdict: 'inconclusive' | 'fail';
  message: string;
}

/** The checks of a run and what became of them. Needs no cluster: a run without one is recorded as well. */
export class RunState {
  readonly environment: Environment;
  /** Its id, as the header of every history has it. */
  readonly #run: string;
  readonly progress: Progress;
  /** Start of the run, wall clock ms: the start of the window of objectives that cover the run. */
  readonly startedMs = Date.now();
  readonly calls = new CallCounter();
  readonly planned = new Map<string, PlannedCheck>();
  readonly overrides = new Map<string, CheckOverrides>();
  readonly outcomes = new Map<string, Outcome>();
  readonly once = new ObservedOnce();
  /** Folder of the histories; controls give each its own. */
  histories: string;
  /** Recent drills, of this run and earlier ones, and why not all are known; set by the runner, which injects faults. */
  drilled: () => Pick<CheckSettings, 'drilled' | 'drillsUnknown'> = () => ({ drilled: [] });
  /** Takes every secret that was read so far out of a text; the runner, which reads them, sets it. */
  redact: (text: string) => string = (text) => text;
  readonly #startedAt = new Map<string, number>();
  readonly #lastTrials = new Map<string, number>();
  /** Measures how busy the cluster's machine is; the runner sets it if those are other machines. Null: not measured. */
  busy: Watch | null;
  #lately: readonly PressureLook[] = [];
  /** Of trials in progress. */
  readonly #pressure = new Map<string, { close(): Promise<void> }>();

  constructor(parts: { environment: Environment; run: string; histories: string; progress: Progress }) {
    this.environment = parts.environment;
    this.#run = parts.run;
    this.histories = parts.histories;
    this.progress = parts.progress;
    const instance = traitsOf(parts.environment).onThisMachine;
    this.busy = instance === undefined ? null : new PressureWatch(cgroupName(instance));
    this.busy?.follow((look) => {
      this.#lately = [...this.#lately.filter(({ t }) => look.t - t <= BEFORE_MS), look];
    });
  }

  plan(checks: readonly PlannedCheck[]): void {
    for (const planned of checks) this.planned.set(planned.row.id, planned);
  }

  /** Goals and settings of a check as its histories' headers carry them. */
  headerSource(check: string): HeaderSource & { settings: CheckSettings } {
    const planned = this.planned.get(check);
    if (!planned) throw new RequestError(`${check} is not in the plan`, 'crash');
    const overrides = this.overrides.get(check);
    return {
      check,
      run: this.#run,
      environment: this.environment.name,
      size: sizeOf(this.environment),
      goals: { ...planned.goals, ...overrides?.goals },
      settings: {
        ...headerSettings(check, this.environment),
        ...(planned.row.toldOfDrills === true && this.drilled()),
        ...overrides?.settings,
      },
    };
  }

  begun(check: string): void {
    this.#startedAt.set(check, Date.now());
  }

  async openTrial(check: string, trial: number): Promise<string> {
    this.#lastTrials.set(check, trial);
    const folder = await openTrial(this.histories, trial, this.headerSource(check));
    if (this.busy !== null) {
      await this.#pressure.get(check)?.close();
      this.#pressure.set(check, recordPressure(folder, this.busy, this.#lately));
    }
    return folder;
  }

  trialFolder(check: string, trial: number): string {
    return trialFolder(this.histories, check, trial);
  }

  /** Judges a check from its records and the runner's own verdict, and keeps the outcome. */
  async conclude(check: string, own: RunnerVerdict | null, steps: StepRecord[] = []): Promise<Outcome> {
    const outcome = await this.#judge(check, own, steps);
    this.progress.ended(check, outcome.judgement);
    return outcome;
  }

  async #judge(check: string, own: RunnerVerdict | null, steps: StepRecord[] = []): Promise<Outcome> {
    if (own) await this.#say(check, own);
    await this.#pressure.get(check)?.close();
    this.#pressure.delete(check);
    const judgement = await judgeCheck(this.histories, check);
    const began = this.#startedAt.get(check);
    const outcome: Outcome = {
      judgement,
      steps,
      startedAt: began === undefined ? null : new Date(began).toISOString(),
      durationMs: began === undefined ? 0 : Date.now() - began,
      apiCalls: this.calls.of(check),
      history: `histories/${checkFolderName(check)}`,
    };
    this.outcomes.set(check, outcome);
    return outcome;
  }

  /** Every check of the list without an outcome gets the runner's verdict. */
  async concludeRest(checks: readonly PlannedCheck[], own: RunnerVerdict): Promise<void> {
    for (const { row } of checks) if (!this.outcomes.has(row.id)) await this.conclude(row.id, own);
  }

  /** As `concludeRest`, for a common cause that is reported once: no line for each check. */
  async concludeAll(checks: readonly PlannedCheck[], own: RunnerVerdict): Promise<void> {
    for (const { row } of checks) if (!this.outcomes.has(row.id)) await this.#judge(row.id, own);
  }

  async #say(check: string, own: RunnerVerdict): Promise<void> {
    const trial = this.#lastTrials.get(check) ?? 1;
    const folder = this.trialFolder(check, trial);
    if (!existsSync(folder)) await this.openTrial(check, trial);
    await appendToTrial(folder, [{ kind: 'runner-verdict', ...own }], this.redact);
  }
}
