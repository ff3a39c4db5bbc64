/** The first gap among several items; null: none has one. */
export function firstGap<T>(items: readonly T[], of: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = of(item);
    if (found !== null) return found;
  }
  return null;
}
