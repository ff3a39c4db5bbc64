/** Mulberry32: what was drawn can be drawn again by its seed. */
export type Random = () => number;

export function randomOf(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A sample without repetition, in the order of the list. */
export function sample<T>(from: readonly T[], most: number, random: Random): T[] {
  if (from.length <= most) return [...from];
  const drawn = new Set<number>();
  while (drawn.size < most) drawn.add(Math.floor(random() * from.length));
  return from.filter((_, index) => drawn.has(index));
}

/** The first, the one in the middle, the last, and as many others as are asked for. */
export function spread<T>(from: readonly T[], others: number, random: Random): T[] {
  const middle = Math.floor(from.length / 2);
  const fixed = new Set([0, middle, from.length - 1]);
  const rest = sample(
    from.map((_, index) => index).filter((index) => !fixed.has(index)),
    others,
    random,
  );
  const taken = new Set([...fixed, ...rest]);
  return from.filter((_, index) => taken.has(index));
}

/** In place, all orders alike (Fisher and Yates). */
export function shuffle<T>(list: T[], random: Random): T[] {
  for (let last = list.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    const held = list[last] as T;
    list[last] = list[other] as T;
    list[other] = held;
  }
  return list;
}
