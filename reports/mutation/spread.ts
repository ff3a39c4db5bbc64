/** At most so many of a list, evenly from its first to its last: the same history always gives the same mutants. */
export function spread<T>(from: readonly T[], most: number): T[] {
  if (from.length <= most) return [...from];
  return Array.from(
    { length: most },
    (_, at) => from[Math.round((at * (from.length - 1)) / (most - 1))] as T,
  );
}
