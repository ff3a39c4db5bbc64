import type { Goals } from '../../reports/record/goals.ts';
import { wholeTopology } from './reads.ts';
import { shortTime } from './time.ts';
import type { Access, CatalogueRow, EnvironmentKind } from './types.ts';

const ORDER: readonly EnvironmentKind[] = ['local', 'development', 'testing', 'staging', 'production'];
const LETTERS: Record<string, Access> = { r: 'r', w: 'w', F: 'F', p: 'permit', '-': 'none' };

/** `'r - r r p'`: local, development, testing, staging, production; p needs a permit, - does not apply. */
export function access(letters: string): Record<EnvironmentKind, Access> {
  const parts = letters.split(' ');
  const entries = ORDER.map((kind, index): [EnvironmentKind, Access] => {
    const found = LETTERS[parts[index] ?? ''];
    if (found === undefined) throw new Error(`"${letters}" has no access for ${kind}; allowed: r w F p -`);
    return [kind, found];
  });
  return Object.fromEntries(entries) as Record<EnvironmentKind, Access>;
}

type Verdict = 'fail' | 'inconclusive';
type ControlRow = CatalogueRow['control'][number];

/** A control on the small size. */
export function turns(how: string, verdict: Verdict = 'fail'): ControlRow {
  return { how, verdict, size: 'small' };
}

/** A control that only the full size can hold. */
export function turnsOnFull(how: string, verdict: Verdict = 'fail'): ControlRow {
  return { how, verdict, size: 'full' };
}

type Usual = 'goals' | 'control' | 'built' | 'parts' | 'reads' | 'alone' | 'time';

interface Given extends Omit<CatalogueRow, 'access' | Usual>, Partial<Pick<CatalogueRow, Usual>> {
  /** See `access`. */
  access: string;
}

const USUAL = {
  goals: {} as Goals,
  control: [],
  built: false,
  parts: [],
  reads: wholeTopology,
  alone: () => false,
  time: shortTime,
} satisfies Pick<CatalogueRow, Usual>;

/** A row with what most rows have: no goal values, no control, not built, the declared topology to read, little time, beside others. */
export function row(given: Given): CatalogueRow {
  return { ...USUAL, ...given, access: access(given.access) };
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
