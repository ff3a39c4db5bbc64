/** The first of some texts, and how many others there are, so that nobody takes them for all. */
export function atMost(texts: readonly string[], most: number): string[] {
  const left = texts.length - most;
  return left > 0 ? [...texts.slice(0, most), `and ${left} more`] : [...texts];
}

/** The first of several as the text of all, with how many others there are. */
export function firstOf(first: string, count: number): string {
  return count > 1 ? `${first} (and ${count - 1} more)` : first;
}
