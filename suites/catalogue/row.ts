import { wholeTopology } from './reads.ts';
import { shortTime } from './time.ts';
import type { Access, CatalogueRow, ControlInWords, EnvironmentKind } from './types.ts';

const LETTERS: Record<string, Access> = { r: 'r', w: 'w', F: 'F', p: 'permit', '-': 'none' };

/** `'r - r r p'`: local, development, testing, staging, production; p needs a permit, - does not apply. */
export function access(letters: string): Record<EnvironmentKind, Access> {
  const parts = letters.split(' ');
  const of = (index: number): Access => {
    const found = LETTERS[parts[index] ?? ''];
    if (found === undefined) throw new Error(`"${letters}": five of r w F p -, between spaces`);
    return found;
  };
  return { local: of(0), development: of(1), testing: of(2), staging: of(3), production: of(4) };
}

/** What would break a check that is not built. */
export function wouldFail(title: string): ControlInWords {
  return { title, verdict: 'fail', size: 'any' };
}

type Usual = 'goals' | 'planned' | 'parts' | 'reads' | 'alone' | 'time';

interface Given extends Omit<CatalogueRow, 'access' | 'built' | Usual>, Partial<Pick<CatalogueRow, Usual>> {
  /** See `access`. */
  access: string;
}

const USUAL: Pick<CatalogueRow, Usual> = {
  goals: {},
  planned: [],
  parts: [],
  reads: wholeTopology,
  alone: () => false,
  time: shortTime,
};

/** A row with what most rows have: no goal values, no control, not built, the declared topology to read, little time, beside others. */
export function row(given: Given): CatalogueRow {
  return { ...USUAL, ...given, access: access(given.access), built: given.observe !== undefined };
}

/** What several rows of one line of the catalogue share; each gets a name and a title of its own. */
export function rows(
  names: Record<string, string>,
  given: Omit<Given, 'title' | 'id'> & { prefix: string },
): CatalogueRow[] {
  const { prefix, ...shared } = given;
  return Object.entries(names).map(([name, title]) => row({ ...shared, id: `${prefix}/${name}`, title }));
}

/** It must have the environment for itself, always. */
export const always = (): boolean => true;
