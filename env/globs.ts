/** More alternatives of one glob than anybody types: twenty braces of two would be a million. */
const MOST_ALTERNATIVES = 1_000;

/** Splits `a{b,c}d` into `abd` and `acd`; braces do not nest. @throws RangeError for more than a thousand alternatives */
export function expandBraces(pattern: string): string[] {
  let found = [''];
  let rest = pattern;
  for (;;) {
    const match = /^(?<before>[^{]*)\{(?<inside>[^{}]*)\}/.exec(rest);
    if (match?.groups === undefined) return found.map((one) => `${one}${rest}`);
    const { before = '', inside = '' } = match.groups;
    const parts = inside.split(',').map((part) => part.trim());
    found = found.flatMap((one) => parts.map((part) => `${one}${before}${part}`));
    if (found.length > MOST_ALTERNATIVES)
      throw new RangeError(`the glob ${pattern} has more than ${MOST_ALTERNATIVES} alternatives in braces`);
    rest = rest.slice(match[0].length);
  }
}

/** One token of a glob without braces. */
interface Token {
  /** It takes any number of letters. */
  repeats: boolean;
  takes: (letter: string) => boolean;
}

function tokensOf(glob: string): Token[] {
  return (glob.match(/\*\*|[^]/g) ?? []).map((text) => ({
    repeats: text.startsWith('*'),
    takes: (letter) => text === '**' || (text === '*' || text === '?' ? letter !== '/' : letter === text),
  }));
}

/**
 * Whether the tokens match, in time of glob × text: a permit's globs are others' text, and a regular expression of many stars takes hours to
 * fail.
 */
function isMatch(tokens: readonly Token[], text: string): boolean {
  // reached[i]: the tokens before i match the text read so far.
  let reached = [true];
  tokens.forEach(({ repeats }, i) => (reached[i + 1] = repeats && reached[i] === true));
  for (const letter of text) {
    const next = [false];
    tokens.forEach(({ repeats, takes }, i) => {
      const from = repeats ? reached[i + 1] : reached[i];
      const goesOn = from === true && takes(letter);
      next[i + 1] = goesOn || (repeats && next[i] === true);
    });
    reached = next;
  }
  return reached[tokens.length] === true;
}

/**
 * A test for a glob over check ids or object names: `*` and `?` stay within a segment, `**` crosses slashes, `{a,b}` is
 * either.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const alternatives = expandBraces(glob).map(tokensOf);
  return (text) => alternatives.some((one) => isMatch(one, text));
}

/** Whether any of the globs matches. */
export function matchesAny(globs: readonly string[], text: string): boolean {
  return globs.some((glob) => globMatcher(glob)(text));
}
