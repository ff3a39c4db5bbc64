/** What a `readback` observation says of the numbers that a store holds. */
export interface Contents {
  /** Inclusive ranges, ascending. */
  present: [number, number][];
  /** Numbers that are there more than once, each with how often, ascending. */
  duplicates: [number, number][];
}

/** Numbers in any order, each as often as it is there, as ranges and duplicates: a million of them are a few lines. */
export function contentsOf(numbers: ArrayLike<number>): Contents {
  const sorted = Float64Array.from(numbers).sort();
  const present: [number, number][] = [];
  const duplicates: [number, number][] = [];
  for (const n of sorted) {
    const range = present.at(-1);
    if (range === undefined || n > range[1] + 1) present.push([n, n]);
    else if (n === range[1]) again(duplicates, n);
    else range[1] = n;
  }
  return { present, duplicates };
}

function again(duplicates: [number, number][], n: number): void {
  const last = duplicates.at(-1);
  if (last?.[0] === n) last[1]++;
  else duplicates.push([n, 2]);
}
