import { wholeTopology } from './reads.ts';
import { shortTime } from './time.ts';
import type { Access, CatalogueRow, EnvironmentKind } from './types.ts';

const LETTERS: Record<string, Access> = { r: 'r', w: 'w', F: 'F', p: 'permit', '-': 'none' };

/** `'r - r r p'`: local, development, testing, staging, production; p needs a permit, - does not apply. */
export function access(letters: string): Record<EnvironmentKind, Access> {
  const parts = letters.split(' ');
  const of = (index: number): Access => {
    const found = LETTERS[parts[index] ?? ''];
    if (found === undefined)
      throw new Error(`access "${letters}": expected five of r, w, F, p or -, separated by spaces`);
    return found;
  };
  return { local: of(0), development: of(1), testing: of(2), staging: of(3), production: of(4) };
}

type Usual = 'goals' | 'parts' | 'reads' | 'touches' | 'alone' | 'time';

interface Given
  extends Omit<CatalogueRow, 'access' | 'built' | 'observes' | Usual>, Partial<Pick<CatalogueRow, Usual>> {
  /** Letters for the function `access`. */
  access: string;
}

const USUAL: Pick<CatalogueRow, Usual> = {
  goals: {},
  parts: [],
  reads: wholeTopology,
  touches: {},
  alone: () => false,
  time: shortTime,
};

/** A row with defaults, which the catalogue completes with what is in its folder: no goal values, no controls, reads the declared topology, takes little time, may run beside other checks. */
export function row(given: Given): CatalogueRow {
  return { ...USUAL, ...given, access: access(given.access), observes: {}, built: false };
}

/** For `alone`: the check must always have the environment for itself. */
export const always = (): boolean => true;
