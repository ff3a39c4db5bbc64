import { OUTCOMES } from '../../../record/history/history.ts';
import type { Operations } from '../../../record/history/history.ts';

/** The acknowledged writes in the order of their acknowledgements; columns, since there may be a million. */
export interface Acknowledgements {
  count: number;
  /** Ascending. */
  doneMs: Float64Array;
  /** Latest sending time among this and all earlier acknowledgements: the service still worked at some moment since then. */
  provenUpMs: Float64Array;
  /** Highest number among this and all earlier acknowledgements. */
  highestN: Float64Array;
}

/** Leaves out the numbers for which `counts` returns false. */
export function acknowledgements(writes: Operations, counts?: (n: number) => boolean): Acknowledgements {
  const order = acknowledgedInOrder(writes, counts);
  const count = order.length;
  const doneMs = new Float64Array(count);
  const provenUpMs = new Float64Array(count);
  const highestN = new Float64Array(count);
  let up = -Infinity;
  let highest = 0;
  for (let i = 0; i < count; i++) {
    const at = order[i] as number;
    up = Math.max(up, writes.sentMs[at] as number);
    highest = Math.max(highest, writes.n[at] as number);
    doneMs[i] = writes.doneMs[at] as number;
    provenUpMs[i] = up;
    highestN[i] = highest;
  }
  return { count, doneMs, provenUpMs, highestN };
}

/** Indexes of ok operations by `doneMs`. A history is in that order already; anything else is sorted. */
function acknowledgedInOrder(
  { count, outcome, doneMs, n }: Operations,
  counts?: (n: number) => boolean,
): Uint32Array {
  const indexes = new Uint32Array(count);
  let kept = 0;
  let last = -Infinity;
  let sorted = true;
  for (let i = 0; i < count; i++) {
    if (outcome[i] !== OUTCOMES.ok || counts?.(n[i] as number) === false) continue;
    const done = doneMs[i] as number;
    sorted &&= done >= last;
    last = done;
    indexes[kept++] = i;
  }
  const found = indexes.subarray(0, kept);
  return sorted ? found : found.sort((a, b) => (doneMs[a] as number) - (doneMs[b] as number));
}

/** How many of the ascending `times` are ≤ `time`. */
export function countUpTo(times: Float64Array, time: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((times[middle] as number) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}
