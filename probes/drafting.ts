/** Drafts of environment files: data with comments, some of it commented out. `env/draft` makes YAML of it. */

/** Data of an environment file. A value may be `Noted`. */
export type Draft = string | number | boolean | Noted | readonly Draft[] | DraftMap;
/** A key whose value is undefined is left out. */
export interface DraftMap {
  readonly [key: string]: Draft | undefined;
}

/** A value with comments, or one that stands in the file as a comment until somebody has completed it. */
export class Noted {
  readonly value: Draft;
  /** Lines above its key, or above the item of a list. */
  readonly above: readonly string[];
  /** Behind it, on its line. */
  readonly beside: string | undefined;
  /** It is commented out, with what stands above it. */
  readonly out: boolean;

  constructor(value: Draft, how: { above?: readonly string[]; beside?: string; out?: boolean }) {
    this.value = value;
    this.above = how.above ?? [];
    this.beside = how.beside;
    this.out = how.out ?? false;
  }
}

/** A value with a comment behind it. */
export function beside(value: Draft, text: string): Noted {
  return new Noted(value, { beside: text });
}

/** A value with comments above it. */
export function below(lines: readonly string[], value: Draft): Noted {
  return new Noted(value, { above: lines });
}

/**
 * What a draft leaves open to its user begins with this word, which editors find. It is part of what is written for them, and says nothing of
 * this code.
 */
const OPEN = 'TODO';

/** A question for the user of a draft. */
export function open(what: string): string {
  return `${OPEN} ${what}`;
}

interface OpenLine {
  /** From 1. */
  line: number;
  /** What it is about is not commented out: it stands on the same line, or on the next. */
  inForce: boolean;
}

/** The lines of a file that carry a question for its user. */
export function openLines(text: string): OpenLine[] {
  const lines = text.split('\n');
  return lines.flatMap((line, at): OpenLine[] =>
    line.includes(`# ${OPEN}`)
      ? [{ line: at + 1, inForce: isData(line) || isData(lines[at + 1] ?? '') }]
      : [],
  );
}

function isData(line: string): boolean {
  return !/^\s*(#|$)/.test(line);
}

/** A value that nobody but its owner can know, with what tells it: what stands there is a proposal. */
export function todo(value: Draft, what: string): Noted {
  return new Noted(value, { beside: open(what) });
}

/** The same of a value that nothing in the cluster speaks for. */
export function guess(value: Draft, what: string): Noted {
  return todo(value, `a guess; ${what}`);
}

/** A key or an item that is commented out until somebody has completed it: `lines` say what is missing. */
export function commentedOut(lines: readonly string[], value: Draft): Noted {
  return new Noted(value, { above: lines, out: true });
}

/** TypeScript does not narrow a read-only list by `Array.isArray`. */
export function isList(draft: Draft): draft is readonly Draft[] {
  return Array.isArray(draft);
}
