import type { History } from '../../record/history.ts';
import type { Interval } from '../../record/run-record.ts';
import type { Contents } from './readback.ts';
import { text } from './trial.ts';
import type { Trial } from './trial.ts';

/**
 * How far apart the acknowledgements of lost writes may lie in this trial, ms; null: no loss is allowed for. The goal
 * `lossWindowSeconds` is a number; `lossWindowBeyondFailover` names a setting of the store, in seconds, that is added to the time
 * until another leader was there: so long a leader that was cut off can go on acknowledging (Redis: min-replicas-max-lag).
 * Where both are stated the number counts: it is what an environment asks for in place of what the catalogue derives.
 */
export function lossWindowGoalOf(history: History, trial: Trial, rto: Interval | null): number | null {
  const setting = history.header.goals['lossWindowBeyondFailover'];
  if (trial.lossWindowGoalMs !== null || typeof setting !== 'string') return trial.lossWindowGoalMs;
  const seen = history.observations.findLast((one) => one.kind === 'governing' && one['name'] === setting);
  const seconds = Number(seen === undefined ? Number.NaN : text(seen['value']));
  if (!Number.isFinite(seconds)) return null;
  return Math.max(rto?.hiMs ?? 0, electedAfterMs(history, trial)) + seconds * 1000;
}

/** From the fault to the sight of another leader, ms; 0 where none was seen. */
function electedAfterMs({ observations }: History, { faultMs }: Trial): number {
  if (faultMs === null) return 0;
  const leaders = observations.filter((one) => one.kind === 'leader' && typeof one['leader'] === 'string');
  const before = leaders.findLast((one) => one.t <= faultMs)?.['leader'];
  const elected = leaders.find((one) => one.t > faultMs && one['leader'] !== before && one['final'] !== true);
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
