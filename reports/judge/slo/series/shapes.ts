/** What values look like that a matcher can match: a label whose values look otherwise never matches. */
import { demands } from './selector.ts';
import type { Matcher } from './selector.ts';

export interface Shape {
  is: RegExp;
  /** For messages. */
  called: string;
}

/** Only digits and regular-expression syntax: `5..`, `[45]\\d\\d`, `500|503`. */
const DIGITS = /^(?=.*(?:\d|\\d))[\d.|()[\]{},?*+^$\\d-]+$/;
/** Status classes: `5xx`. */
const CLASSES = /^[\d.|()[\]-]*\dxx(?:\|\dxx)*\)?$/i;

/** Numbers and classes of numbers, such as statuses. Null: the matcher asks for something else. */
export function numberShapeOf(matcher: Matcher): Shape | null {
  const asked = textOf(matcher);
  if (CLASSES.test(asked)) return { is: /^\dxx$/i, called: 'classes such as 5xx' };
  return DIGITS.test(asked) ? { is: /^\d+$/, called: 'numbers' } : null;
}

/** Words, in the three ways in which they are written as values: SERVER_ERROR, error, NotFound. */
const WORDS: readonly (Shape & { asked: RegExp })[] = [
  { asked: /^[A-Z_|()]{2,}$/, is: /^[A-Z][A-Z_]+$/, called: 'words such as SERVER_ERROR' },
  { asked: /^[a-z_|()-]{2,}$/, is: /^[a-z][a-z_-]*$/, called: 'words such as error' },
  { asked: /^[A-Za-z|()]{2,}$/, is: /^[A-Z][A-Za-z]*$/, called: 'words such as NotFound' },
];

/** The shape of the values that a matcher demands; null: none can be derived. */
export function shapeOf(matcher: Matcher): Shape | null {
  const numbers = numberShapeOf(matcher);
  if (numbers !== null || !demands(matcher)) return numbers;
  const asked = textOf(matcher);
  return WORDS.find((one) => one.asked.test(asked)) ?? null;
}

const textOf = ({ value }: Matcher): string => value.slice(1, -1).replaceAll('\\\\', '\\');
