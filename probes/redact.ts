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

/** Tokens that are known by their form (RFC 7519; aws-iam-authenticator), and the query of an address. */
const TOKENS =
  /\beyJ(?=[\w-]*\.[\w-]|[\w-]{13})[\w-]+(?:\.[\w-]*)*|\bk8s-aws-v1\.[\w-]+|(?<=https?:\/\/[^\s?]{1,500})\?[^\s"<>\\]+/g;
/** A header that says who asks, as programs log it (RFC 9110, 11.6.2). */
const AUTHORIZATION =
  /(authorization["'\\]{0,4}\s{0,4}[:=][\s"'\\[]{0,8}(?:basic|bearer|apikey|token)\s{1,4})[^\s"'\\]+/gi;
/** The same without its name: a scheme, and what may be its token. */
const SCHEME = /\b((?:([Bb]asic|BASIC)|[Bb]earer|BEARER) {1,4})([^\s"'\\]+)/g;
/** The password of an address (RFC 3986, 3.2.1). */
const USERINFO = /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s:@/"'\\]{0,200}):[^\s/"\\<>]{1,500}@/gi;

/** Replaces by `***` what looks like a secret, for texts of others: they hold secrets that nobody here knows. Known ones are to be taken out before. */
export function withoutTokens(text: string): string {
  return text
    .replace(AUTHORIZATION, '$1***')
    .replace(SCHEME, (whole, before: string, basic: string | undefined, word: string) =>
      (basic === undefined ? isBearer(word) : isBasic(word)) ? `${before}***` : whole,
    )
    .replace(USERINFO, '$1:***@')
    .replace(TOKENS, '***');
}

/** Base64 of `user:password` (RFC 7617, which leaves open in which encoding they are). */
function isBasic(word: string): boolean {
  const [encoded = ''] = /^[\w+/-]{8,}/.exec(word) ?? [];
  const bytes = Buffer.from(encoded, 'base64');
  return (['utf8', 'latin1'] as const).some((encoding) =>
    /^[^\p{Cc}\uFFFD]*:[^\p{Cc}\uFFFD]*$/u.test(bytes.toString(encoding)),
  );
}

/** No ordinary word, and no parameter of a challenge (`Bearer realm=example.com`, RFC 6750, 3). */
function isBearer(word: string): boolean {
  return word.length >= 8 && /\d|\.\w/.test(word) && !/^[a-z][a-z_]*=\w/i.test(word);
}

/** Not within a word, a name or a number, and not as a number that is a value of JSON. */
function alone(plain: string): RegExp {
  return new RegExp(`(?<![\\p{L}\\p{N}_.-]|":)${plain}(?![\\p{L}\\p{N}_-]|\\.\\d)`, 'gu');
}

/** JSON of a value without secrets: they are taken out of its texts, so that keys, numbers and punctuation stay as they are. */
export function redactedJson(value: unknown, redact: (text: string) => string, space?: number): string {
  return JSON.stringify(value, (_key, one: unknown) => (typeof one === 'string' ? redact(one) : one), space);
}
