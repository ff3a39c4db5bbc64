import { OUTCOMES } from '../../../../reports/record/history/history.ts';
import type { Operations } from '../../../../reports/record/history/history.ts';
import type { Interval, WriteSums } from '../../../../reports/record/run-record.ts';
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
  /** When the first and the last of them were given, ms of CLOCK_MONOTONIC; null: none was lost. */
  lostMs: Interval | null;
  /** Violations of the four sums; empty when all hold. */
  mismatches: string[];
}

/**
 * Compares every operation with the content of the store:
 *
 *     scheduled = ok + fail + unknown + unsent       ok = present + lost
 *     unknown   = recovered + absent                 fail = absent + unexpected
 *
 * Every operation falls into one cell (its outcome, and whether the store has it), so the last three hold by construction; they are
 * checked all the same, and against what was counted apart: how many writes the client load scheduled, how many numbers the store has,
 * and that each number is in the history exactly once. `scheduled` is what the client load says it scheduled; null when it was killed before it could.
 */
export function accountsOf(writes: Operations, contents: Contents, scheduled: number | null): Accounts {
  const marks = marksOf(writes, contents);
  // One column for absent and one for present numbers, one row an outcome: [absent, present] of ok, fail, unknown, unsent.
  const counts = new Float64Array(8);
  const lost = new Numbers();
  const unexpected = new Numbers();
  for (let i = 0; i < writes.count; i++) {
    const n = writes.n[i] as number;
    const outcome = writes.outcome[i] as number;
    const there = (marks[n] as number) & PRESENT;
    const cell = outcome * 2 + there;
    counts[cell] = (counts[cell] as number) + 1;
    if (cell === CELLS.lost) lost.add(n, writes.doneMs[i] as number);
    else if (cell === CELLS.unexpected) unexpected.add(n, 0);
  }
  const sums = sumsOf(counts, contents, scheduled ?? writes.count);
  return {
    sums,
    lostNumbers: lost.sorted(),
    unexpectedNumbers: unexpected.sorted(),
    duplicateNumbers: contents.duplicates.slice(0, MAX_LISTED).map(([n]) => n),
    lossWindowMs: sums.lost === 0 ? null : lost.toMs - lost.fromMs,
    lostMs: sums.lost === 0 ? null : { loMs: lost.fromMs, hiMs: lost.toMs },
    mismatches: mismatchesOf({
      writes,
      contents,
      scheduled,
      sums,
      marks,
      unsentPresent: counts[CELLS.unsentPresent] as number,
    }),
  };
}

/** Cells of the counts that have a name of their own. */
const CELLS = {
  lost: OUTCOMES.ok * 2,
  unexpected: OUTCOMES.fail * 2 + 1,
  unsentPresent: OUTCOMES.unsent * 2 + 1,
} as const;

/** Numbers with the times of their acknowledgements; only the first thousand are kept. */
class Numbers {
  fromMs = Infinity;
  toMs = -Infinity;
  readonly #kept: number[] = [];

  add(n: number, doneMs: number): void {
    if (this.#kept.length < MAX_LISTED) this.#kept.push(n);
    this.fromMs = Math.min(this.fromMs, doneMs);
    this.toMs = Math.max(this.toMs, doneMs);
  }

  sorted(): number[] {
    return this.#kept.toSorted((a, b) => a - b);
  }
}

function sumsOf(counts: Float64Array, contents: Contents, scheduled: number): WriteSums {
  const [lost = 0, present = 0, failAbsent = 0, unexpected = 0] = counts;
  const [absent = 0, recovered = 0, unsentAbsent = 0, unsentPresent = 0] = counts.subarray(4);
  return {
    scheduled,
    ok: lost + present,
    fail: failAbsent + unexpected,
    unknown: absent + recovered,
    unsent: unsentAbsent + unsentPresent,
    present,
    lost,
    recovered,
    absent,
    failAbsent,
    unexpected,
    duplicates: contents.duplicates.reduce((sum, [, count]) => sum + count - 1, 0),
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
  if (scheduled === null)
    found.push('the client load did not say how many writes it scheduled (it was killed)');
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
