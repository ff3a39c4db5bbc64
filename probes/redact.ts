/** Takes secrets out of texts that are kept or shown. */

/** Shorter texts appear everywhere by chance and guard nothing. */
const SHORTEST = 4;

/** Replaces every secret by `***`, as it is and as JSON and URLs spell it. Secrets of fewer than 4 characters are left. */
export function redactor(secrets: readonly string[]): (text: string) => string {
  return replacing(secrets.map((secret) => [secret, '***']));
}

/** The same with other replacements. Longer secrets go first, so that no part of one is left over. */
export function replacing(
  secrets: Iterable<readonly [secret: string, shown: string]>,
): (text: string) => string {
  const spellings = new Map<string, string>();
  for (const [secret, shown] of secrets) {
    if (secret.length < SHORTEST) continue;
    for (const spelling of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)])
      if (!spellings.has(spelling)) spellings.set(spelling, shown);
  }
  const longestFirst = [...spellings].sort(([a], [b]) => b.length - a.length);
  return (text) => longestFirst.reduce((left, [spelling, shown]) => left.replaceAll(spelling, shown), text);
}
