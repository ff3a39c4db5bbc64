import { OUTCOMES } from '../../record/history.ts';
import type { Operations } from '../../record/history.ts';
import type { WriteSums } from '../../record/run-record.ts';
import type { Contents } from './readback.ts';

/** Numbers listed one by one in a record; the sums count them all. */
const MAX_LISTED = 1000;

export interface Accounts {
  sums: WriteSums;
  lostNumbers: number[];
  unexpectedNumbers: number[];
  duplicateNumbers: number[];
  /** From the first to the last acknowledgement that was lost. */
  lossWindowMs: number | null;
  /** Each breaks one of the four sums; none of them may be there. */
  mismatches: string[];
}

/**
 * Holds every operation against what the store holds:
 *
 *     scheduled = ok + fail + unknown + unsent       ok = present + lost
 *     unknown   = recovered + absent                 fail = absent + unexpected
 *
 * The left sides are counted from the operations, the right sides from the store's numbers, one after the other, so that adding them up
 * checks something. `scheduled` is what the workload says it scheduled; null when it was killed before it could.
 */
export function accountsOf(writes: Operations, contents: Contents, scheduled: number | null): Accounts {
  const marks = marksOf(writes, contents);
  const sums = emptySums(scheduled ?? writes.count);
  const lost: number[] = [];
  const unexpected: number[] = [];
  const window = { from: Infinity, to: -Infinity };
  let unsentPresent = 0;
  for (let i = 0; i < writes.count; i++) {
    const n = writes.n[i] as number;
    const there = ((marks[n] ?? 0) & PRESENT) !== 0;
    switch (writes.outcome[i]) {
      case OUTCOMES.ok:
        sums.ok++;
        if (there) sums.present++;
        else {
          sums.lost++;
          list(lost, n);
          window.from = Math.min(window.from, writes.doneMs[i] as number);
          window.to = Math.max(window.to, writes.doneMs[i] as number);
        }
        break;
      case OUTCOMES.unknown:
        sums.unknown++;
        if (there) sums.recovered++;
        else sums.absent++;
        break;
      case OUTCOMES.fail:
        sums.fail++;
        if (!there) sums.failAbsent++;
        else {
          sums.unexpected++;
          list(unexpected, n);
        }
        break;
      default:
        sums.unsent++;
        if (there) unsentPresent++;
    }
  }
  sums.duplicates = contents.duplicates.reduce((sum, [, count]) => sum + count - 1, 0);
  return {
    sums,
    lostNumbers: lost.sort(ascending),
    unexpectedNumbers: unexpected.sort(ascending),
    duplicateNumbers: contents.duplicates.slice(0, MAX_LISTED).map(([n]) => n),
    lossWindowMs: sums.lost === 0 ? null : window.to - window.from,
    mismatches: mismatchesOf({ writes, contents, scheduled, sums, marks, unsentPresent }),
  };
}

const PRESENT = 1;
const SEEN = 2;
const SEEN_TWICE = 4;

/** One byte a number: is it in the store, is it in the history, twice? */
function marksOf(writes: Operations, contents: Contents): Uint8Array {
  let highest = 0;
  for (const n of writes.n) highest = Math.max(highest, n);
  const marks = new Uint8Array(highest + 1);
  for (const [from, to] of contents.present) marks.fill(PRESENT, Math.max(0, from), to + 1);
  for (const n of writes.n)
    marks[n] = (marks[n] as number) | ((marks[n] as number) & SEEN ? SEEN_TWICE : SEEN);
  return marks;
}

interface Books {
  writes: Operations;
  contents: Contents;
  scheduled: number | null;
  sums: WriteSums;
  marks: Uint8Array;
  unsentPresent: number;
}

function mismatchesOf({ writes, contents, scheduled, sums, marks, unsentPresent }: Books): string[] {
  const found: string[] = [];
  const equal = (name: string, left: number, right: number): void => {
    if (left !== right) found.push(`${name}: ${left} ≠ ${right}`);
  };
  if (scheduled === null) found.push('the workload did not say how many writes it scheduled (it was killed)');
  equal(
    'scheduled = ok + fail + unknown + unsent',
    sums.scheduled,
    sums.ok + sums.fail + sums.unknown + sums.unsent,
  );
  equal('ok = present + lost', sums.ok, sums.present + sums.lost);
  equal('unknown = recovered + absent', sums.unknown, sums.recovered + sums.absent);
  equal('fail = absent + unexpected', sums.fail, sums.failAbsent + sums.unexpected);
  const inStore = contents.present.reduce((sum, [from, to]) => sum + to - from + 1, 0);
  equal(
    'numbers in the store = present + recovered + unexpected',
    inStore,
    sums.present + sums.recovered + sums.unexpected,
  );
  if (unsentPresent > 0) found.push(`${unsentPresent} writes that were never sent are in the store`);
  const last = scheduled ?? writes.count;
  const gap = firstUnmarked(marks, last);
  if (gap !== null) found.push(`write ${gap} of ${last} is not in the history`);
  const twice = marks.findIndex((mark) => (mark & SEEN_TWICE) !== 0);
  if (twice !== -1) found.push(`write ${twice} is in the history twice`);
  return found;
}

function firstUnmarked(marks: Uint8Array, last: number): number | null {
  for (let n = 1; n <= last; n++) if (((marks[n] ?? 0) & SEEN) === 0) return n;
  return null;
}

function list(numbers: number[], n: number): void {
  if (numbers.length < MAX_LISTED) numbers.push(n);
}

const ascending = (a: number, b: number): number => a - b;

function emptySums(scheduled: number): WriteSums {
  return {
    scheduled,
    ok: 0,
    fail: 0,
    unknown: 0,
    unsent: 0,
    present: 0,
    lost: 0,
    recovered: 0,
    absent: 0,
    failAbsent: 0,
    unexpected: 0,
    duplicates: 0,
  };
}
