import type { History } from '../../../../reports/record/history/history.ts';
import type { Interval } from '../../../../reports/record/run-record.ts';
import type { Contents } from './readback.ts';
import { all } from '../../../../reports/judge/observed.ts';
import type { Trial } from '../trial.ts';

/** What a store that replicates asynchronously may lose in a trial: acknowledgements of one stretch of time, around the fault. */
export interface LossWindow {
  /** Greatest distance between the first and the last lost acknowledgement, ms. */
  goalMs: number;
  /** Bounds of the window, ms of CLOCK_MONOTONIC: a write that was acknowledged outside was not lost by the fault. */
  earliestMs: number;
  latestMs: number;
}

/**
 * The loss window of this trial; null: no loss is allowed. The goal `lossWindowSeconds` is a number and takes precedence: the
 * environment states it in place of the catalogue's. `lossWindowBeyondFailover` names a setting of the store, in seconds, that is added
 * to the time until a new leader: a leader that was cut off can acknowledge for that long (Redis: min-replicas-max-lag). A write
 * acknowledged earlier than that before the fault had been replicated.
 */
export function lossWindowOf(history: History, trial: Trial, rto: Interval | null): LossWindow | null {
  // Where the goal was missed, more than it allows explains no loss: clients may have been away for other reasons.
  const awayMs = Math.min(rto?.hiMs ?? 0, trial.rtoGoalMs ?? Infinity);
  const failoverMs = Math.max(awayMs, electedAfterMs(history, trial));
  if (trial.lossWindowGoalMs !== null)
    return around(trial, failoverMs, { goalMs: trial.lossWindowGoalMs, lagMs: trial.lossWindowGoalMs });
  const lagMs = 1000 * settingOf(history, history.header.goals.lossWindowBeyondFailover);
  return Number.isFinite(lagMs) ? around(trial, failoverMs, { goalMs: failoverMs + lagMs, lagMs }) : null;
}

function around(
  { faultMs, zeroMs }: Trial,
  failoverMs: number,
  { goalMs, lagMs }: { goalMs: number; lagMs: number },
): LossWindow {
  const at = faultMs ?? zeroMs;
  return { goalMs, earliestMs: at - lagMs, latestMs: at + failoverMs + lagMs };
}

/** What a setting of the store was last seen to be; NaN: it is not named, or was not seen. */
function settingOf(history: History, name: string | false | undefined): number {
  const seen = all(history, 'governing').findLast((one) => one.name === name);
  return seen === undefined ? Number.NaN : Number(seen.value);
}

/** From the fault to the first observation of another leader, ms; 0: none was seen. */
function electedAfterMs(history: History, { faultMs }: Trial): number {
  if (faultMs === null) return 0;
  const leaders = all(history, 'leader').filter(({ leader }) => leader !== null);
  const before = leaders.findLast(({ t }) => t <= faultMs)?.leader;
  const elected = leaders.find(({ t, leader, final }) => t > faultMs && leader !== before && final !== true);
  return elected === undefined ? 0 : elected.t - faultMs;
}

/** Whether a number is among what was read back. */
export function isPresent({ present }: Contents, n: number): boolean {
  let low = 0;
  let high = present.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const [from, to] = present[middle] as [number, number];
    if (n < from) high = middle - 1;
    else if (n > to) low = middle + 1;
    else return true;
  }
  return false;
}
