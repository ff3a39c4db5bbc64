/** RTOs of further paths of clients over all trials that count and in which a fault was injected, as of the main path. */
import type { Figure } from '../record/judgement.ts';
import type { FailoverRecord, PathRecord } from '../record/run-record.ts';
import { median } from './statistics.ts';

/** Upper ends of the intervals, as of the main load: the largest, and from two trials on the median. */
export function pathFigures(counted: readonly FailoverRecord[], goal: { goal?: number }): Figure[] {
  return byPath(counted).flatMap(([name, records]) => {
    const known = knownMs(records);
    const value = known.length < records.length ? 'not known of every trial' : seconds(Math.max(...known));
    const figures: Figure[] = [{ name: `worst RTO by path ${name}`, value, unit: 's', ...goal }];
    if (records.length === 1) return figures;
    const middle = median(known);
    const half = middle === null ? null : seconds(middle);
    return [...figures, { name: `median RTO by path ${name}`, value: half, unit: 's' }];
  });
}

/** `, by path NAME 1.234 s` for each path. */
export function pathText(counted: readonly FailoverRecord[]): string {
  return byPath(counted)
    .map(([name, records]) => {
      const known = knownMs(records);
      const all = known.length === records.length;
      return `, by path ${name} ${all ? `${seconds(Math.max(...known))} s` : 'not known of every trial'}`;
    })
    .join('');
}

function byPath(counted: readonly FailoverRecord[]): [string, PathRecord[]][] {
  return [
    ...Map.groupBy(
      counted.flatMap(({ landed, paths = [] }) => (landed.injected === false ? [] : paths)),
      ({ name }) => name,
    ),
  ];
}

function knownMs(records: readonly PathRecord[]): number[] {
  return records.flatMap(({ rto }) => (rto === null ? [] : [rto.hiMs]));
}

const seconds = (ms: number): number => Math.round(ms) / 1000;
