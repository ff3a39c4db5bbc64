/** What every report and judge says of several trials. */
import type { FailoverRecord, WriteSums } from './run-record.ts';

/**
 * What was read back, of trials that say something of losses: a write that is lost or doubled is a fact in any trial, but a trial that does
 * not count proves nothing by losing none.
 */
export function readBack(trials: readonly FailoverRecord[]): WriteSums[] {
  return trials.flatMap((trial) => {
    const { writes } = trial;
    if (writes === null) return [];
    return doesCount(trial) || writes.lost > 0 || writes.duplicates > 0 ? [writes] : [];
  });
}

/** Lost writes of the trials that were read back; null when none was: unknown is not zero. */
export function lostWrites(trials: readonly FailoverRecord[]): number | null {
  const known = readBack(trials);
  return known.length === 0 ? null : known.reduce((sum, { lost }) => sum + lost, 0);
}

/** A trial that was cut off, or in which too little was seen, says nothing. */
export const doesCount = ({ verdict }: Pick<FailoverRecord, 'verdict'>): boolean =>
  verdict === 'pass' || verdict === 'fail';
