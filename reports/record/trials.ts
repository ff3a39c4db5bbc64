/** What every report and judge says of several trials. */
import type { FailoverRecord } from './run-record.ts';

/** Lost writes of the trials that were read back; null when none was: unknown is not zero. */
export function lostWrites(trials: readonly FailoverRecord[]): number | null {
  const known = trials.flatMap((trial) => (trial.writes === null ? [] : [trial.writes.lost]));
  return known.length === 0 ? null : known.reduce((sum, lost) => sum + lost, 0);
}

/** A trial that was cut off, or in which too little was seen, says nothing. */
export const doesCount = ({ verdict }: Pick<FailoverRecord, 'verdict'>): boolean =>
  verdict === 'pass' || verdict === 'fail';
