import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { faults } from '../../faults/index.ts';
import { storeFault } from '../../suites/catalogue/index.ts';
import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import { monoMs } from '../../host/clock.ts';
import { openHistory, type HistoryWriter, type NewObservation } from '../../probes/history.ts';
import type { ExpectedWindow } from '../../probes/store/store-driver.ts';
import type { Goals } from '../../reports/record/goals.ts';
import { timeoutMsOf } from '../plan/environment-parts.ts';
import { OutageMeter, type Progress } from './outage-meter.ts';
import type { RestoreReport } from '../provider-safety.ts';
import { errorText } from '../../reports/record/error-text.ts';

const MS_A_DAY = 86_400_000;
const FILE = 'budget.ndjson';

/** The error budget of an environment. */
export interface Budget {
  /** Time in which every request may fail, in its window, ms. */
  totalMs: number;
  /** Of that, what one drill may cost. */
  affordableMs: number;
  /** Refuse what is not affordable, undo what costs more than was estimated. */
  enforced: boolean;
}

export function budgetOf(environment: Environment): Budget {
  const { objective, windowDays, maxShare, enforced } = environment.drills.errorBudget;
  const totalMs = Math.round((1 - objective) * windowDays * MS_A_DAY);
  return {
    totalMs,
    affordableMs: Math.round(totalMs * maxShare),
    enforced: enforced ?? !traitsOf(environment).ownedByUs,
  };
}

/** What one fault is expected to cost. */
export interface Estimate {
  /** Source of the expected outage. */
  from: 'window' | 'goal' | 'deadline';
  /** Longest outage that is expected, ms. */
  outageMs: number;
  /** Share of the environment's requests that need what is hit. */
  share: number;
  /** Error budget: outage × share, ms. */
  estimateMs: number;
  derivation: string;
}

/** What is known of a fault before it is injected. */
export interface Aimed {
  fault: string;
  target: string;
  /** How long it is kept in force, where it does not end by itself, ms; the environment's `faultHold` if left out. */
  holdMs?: number | undefined;
}

/** Whether the fault stays until it is undone. */
function lasts({ fault }: Pick<Aimed, 'fault'>): boolean {
  return faults.get(fault)?.heals !== true;
}

/** For how long a majority of the members is kept away before it is returned, ms: the store cannot recover sooner. */
function heldOf(environment: Environment, { holdMs, ...aimed }: Aimed): number {
  if (aimed.target !== 'majority' || !lasts(aimed)) return 0;
  return holdMs ?? timeoutMsOf(environment, 'faultHold');
}

/**
 * Expected outage: the window derived from live settings, where there is one. Else the goal: a drill expected to miss it belongs in a
 * laboratory only. Else the longest deadline. Goal and deadline count from the return of a majority that is kept away.
 */
export function estimateOf(
  environment: Environment,
  check: string,
  known: {
    goals: Goals;
    window: Pick<ExpectedWindow, 'hiMs' | 'derivation'> | null;
    /** null: no fault of a member */
    aimed: Aimed | null;
  },
): Estimate {
  const { goals, window, aimed } = known;
  const { rtoSeconds: goal } = goals;
  const longestMs = timeoutMsOf(environment, 'rtoDeadline');
  const heldMs = aimed === null ? 0 : heldOf(environment, aimed);
  const outage = expectedOutage({ window, goalSeconds: goal, longestMs, heldMs });
  const store = storeFault(check)?.store;
  const share = (store && environment.drills.errorBudget.trafficShare[store]) ?? 1;
  return { ...outage, share, estimateMs: Math.round(outage.outageMs * share) };
}

function expectedOutage(of: {
  window: Pick<ExpectedWindow, 'hiMs' | 'derivation'> | null;
  goalSeconds: number | undefined;
  longestMs: number;
  heldMs: number;
}): Pick<Estimate, 'from' | 'outageMs' | 'derivation'> {
  const { window, goalSeconds, longestMs, heldMs } = of;
  const held = heldMs === 0 ? '' : `, after ${seconds(heldMs)} in which a majority is kept away`;
  if (window !== null)
    return {
      from: 'window',
      outageMs: window.hiMs,
      derivation: `expected window from the live settings: ${window.derivation}`,
    };
  if (goalSeconds !== undefined)
    return {
      from: 'goal',
      outageMs: heldMs + goalSeconds * 1000,
      derivation: `the goal of ${goalSeconds} s${held}; no window follows from the settings`,
    };
  return {
    from: 'deadline',
    outageMs: heldMs + longestMs,
    derivation: `the longest time that a trial waits for recovery (rtoDeadline)${held}`,
  };
}

/** What a trial's meter may call. */
export interface Restoring {
  restore(): Promise<RestoreReport>;
  notice(message: string): void;
}

interface Open {
  estimate: Estimate;
  meter: OutageMeter;
  writer: HistoryWriter;
  restoring: Restoring;
  /** Whether the fault stays until it is undone: then overspending undoes it. */
  lasts: boolean;
  /** What overspending has started: an early restore, or the remark that there is none. */
  early: Promise<void> | null;
}

export interface TrialCost extends Aimed {
  check: string;
  /** Folder of the trial's history. */
  folder: string;
  goals: Goals;
  ratePerSecond: number;
}

/**
 * Accounts for what faults cost while they last: turns a client load's progress into outage and error budget spent, and has a fault that
 * does not end by itself undone once it costs more than was estimated.
 */
export class BudgetAccount {
  readonly #environment: Environment;
  readonly #budget: Budget;
  readonly #open = new Map<string, Open>();
  /** Spent by each check in this run, ms. */
  readonly #spentMs = new Map<string, number>();

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#budget = budgetOf(environment);
  }

  /**
   * To be called right before a fault: writes the estimate and starts counting.
   * @returns why the fault may not begin; null: it may
   */
  async begin(trial: TrialCost, restoring: Restoring): Promise<string | null> {
    const { check, folder, goals, ratePerSecond, fault, target, holdMs } = trial;
    await this.end(check);
    const aimed = { fault, target, holdMs };
    const estimate = estimateOf(this.#environment, check, { goals, window: expectedIn(folder), aimed });
    const writer = openHistory(folder, FILE);
    const { enforced, affordableMs } = this.#budget;
    const spentMs = this.#spentMs.get(check) ?? 0;
    writer.observe({ kind: 'budget-estimate', ...estimate, enforced });
    const refusal = enforced ? tooDear({ estimate, spentMs, affordableMs }) : null;
    if (refusal !== null) {
      writer.observe({ kind: 'no-fault', reason: refusal });
      await writer.close();
      return refusal;
    }
    const meter = new OutageMeter({ ratePerSecond, sinceMs: monoMs() });
    this.#open.set(check, { estimate, meter, writer, restoring, lasts: lasts(trial), early: null });
    return null;
  }

  /** To be called with every report of the client load of a check. */
  progress(check: string, progress: Progress): void {
    const open = this.#open.get(check);
    if (open === undefined) return;
    const { outageMs, lostMs } = open.meter.see(progress);
    if (open.early !== null || !this.#budget.enforced) return;
    const reason = overspent(open.estimate, { outageMs, spentMs: lostMs * open.estimate.share });
    if (reason === null) return;
    open.early = open.lasts ? restoreEarly(check, open, reason) : noteOverspent(check, open, reason);
  }

  /** To be called when the client load of a check has ended: writes what was spent. */
  async end(check: string): Promise<void> {
    const open = this.#open.get(check);
    if (open === undefined) return;
    this.#open.delete(check);
    await open.early;
    const { longestOutageMs, lostMs } = open.meter.reading;
    const spentMs = Math.round(lostMs * open.estimate.share);
    this.#spentMs.set(check, (this.#spentMs.get(check) ?? 0) + spentMs);
    open.writer.observe({ kind: 'budget-spent', spentMs, longestOutageMs });
    await open.writer.close();
  }
}

function tooDear({
  estimate,
  spentMs,
  affordableMs,
}: {
  estimate: Estimate;
  spentMs: number;
  affordableMs: number;
}) {
  const left = affordableMs - spentMs;
  return estimate.estimateMs <= left
    ? null
    : `it may cost ${seconds(estimate.estimateMs)} of error budget, but only ${seconds(Math.max(0, left))} are left for this drill`;
}

/** Why the fault must be undone now; null: within the estimate. */
export function overspent(
  estimate: Estimate,
  { outageMs, spentMs }: { outageMs: number; spentMs: number },
): string | null {
  if (outageMs > estimate.outageMs)
    return `the outage has lasted ${seconds(outageMs)}, longer than the estimated ${seconds(estimate.outageMs)}`;
  if (spentMs > estimate.estimateMs)
    return `${seconds(spentMs)} of error budget are spent, more than the estimated ${seconds(estimate.estimateMs)}`;
  return null;
}

/**
 * Nobody waits for what overspending starts before the trial ends, and a full disk must not keep the fault in force. The trial has no verdict
 * then: its writer throws the same error at the end.
 */
function record(check: string, { writer, restoring }: Open, seen: NewObservation): void {
  try {
    writer.observe(seen);
  } catch (error) {
    restoring.notice(`${check}: ${errorText(error)}`);
  }
}

/** A fault that ends by itself leaves nothing to undo: the trial is not helped, and is judged like any other. */
function noteOverspent(check: string, open: Open, reason: string): Promise<void> {
  const text = `${reason}; the fault ends by itself, so there is nothing to undo`;
  record(check, open, { kind: 'remark', text });
  open.restoring.notice(`${check}: ${text}`);
  return Promise.resolve();
}

async function restoreEarly(check: string, open: Open, reason: string): Promise<void> {
  const { restoring } = open;
  record(check, open, { kind: 'restored-early', reason });
  restoring.notice(`${check}: undoing the fault early: ${reason}`);
  try {
    const { undone, failed } = await restoring.restore();
    record(check, open, { kind: 'restored-early-done', undone, failed });
    for (const failure of failed) restoring.notice(`${check}: not undone: ${failure}`);
  } catch (error) {
    restoring.notice(`${check}: not undone: ${errorText(error)}`);
  }
}

const windowSchema = z.object({ hiMs: z.number(), derivation: z.string() });

/** The window that was derived for this trial, from its own history. */
function expectedIn(folder: string): { hiMs: number; derivation: string } | null {
  const file = join(folder, 'governing.ndjson');
  if (!existsSync(file)) return null;
  const found = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('{"kind":"expected-window"'))
    .at(-1);
  if (found === undefined) return null;
  return windowSchema.parse(JSON.parse(found));
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
