/** Takes secrets out of texts that are kept or shown. */

/** Shorter texts appear everywhere by chance and guard nothing. */
const SHORTEST = 4;

/** A word or a number: within a longer one it is there by chance, as the digits of a time are. */
const PLAIN = /^(?:\p{L}{1,16}|\d{1,16})$/u;

/**
 * Replaces every secret by `***`, as it is and as JSON and URLs spell it; a word or a number only where it stands alone. Secrets of fewer than
 * 4 characters are left.
 */
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
  const longestFirst = [...spellings]
    .sort(([a], [b]) => b.length - a.length)
    .map(([spelling, shown]) => [PLAIN.test(spelling) ? alone(spelling) : spelling, shown] as const);
  return (text) => longestFirst.reduce((left, [spelling, shown]) => left.replaceAll(spelling, shown), text);
}

/** Not within a word, a name or a number, and not as a number that is a value of JSON. */
function alone(plain: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_.-]|":)${plain}(?![\\p{L}\\p{N}_-]|\\.\\d)`, 'gu');
}

/** JSON of a value without secrets: they are taken out of its texts, so that keys, numbers and punctuation stay as they are. */
export function redactedJson(value: unknown, redact: (text: string) => string, space?: number): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'string' ? redact(one) : one), space);
}
