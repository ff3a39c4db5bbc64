const SPECIAL = /[.+^$()|[\]\\]/;

/** Splits `a{b,c}d` into `abd` and `acd`; braces do not nest. */
export function expandBraces(pattern: string): string[] {
  const match = /^(?<before>[^{]*)\{(?<inside>[^{}]*)\}(?<after>.*)$/.exec(pattern);
  if (match?.groups === undefined) return [pattern];
  const { before = '', inside = '', after = '' } = match.groups;
  return inside.split(',').flatMap((part) => expandBraces(`${before}${part.trim()}${after}`));
}

function toExpression(glob: string): RegExp {
  let source = '';
  for (let index = 0; index < glob.length; index++) {
    const letter = glob.charAt(index);
    if (letter === '*' && glob.charAt(index + 1) === '*') {
      source += '.*';
      index++;
    } else if (letter === '*') source += '[^/]*';
    else if (letter === '?') source += '[^/]';
    else source += SPECIAL.test(letter) ? `\\${letter}` : letter;
  }
  return new RegExp(`^${source}$`);
}

/**
 * A test for a glob over check ids or object names: `*` and `?` stay within a segment, `**` crosses slashes, `{a,b}` is
 * either.
 */
export function globMatcher(glob: string): (text: string) => boolean {
  const expressions = expandBraces(glob).map(toExpression);
  return (text) => expressions.some((expression) => expression.test(text));
}

/** Whether any of the globs matches. */
export function matchesAny(globs: readonly string[], text: string): boolean {
  return globs.some((glob) => globMatcher(glob)(text));
}
