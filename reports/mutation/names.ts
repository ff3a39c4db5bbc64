/** Which strings of a history name subjects, and which other names could stand in their place. */
import type { History } from '../record/history/history.ts';
import type { Place } from './places.ts';
import type { Json } from './shape.ts';
import { spread } from './spread.ts';

/** Most names to take for subjects that are not declared, only seen in several lines. */
const SEEN_SUBJECTS = 60;
const MOST_CHARACTERS = 200;
const NAME = /^\S+(?: \S+)?$/;
const DATE = /^\d{4}-\d\d-\d\dT/;
/** Numbers and quantities, as Kubernetes and settings spell them: `250m`, `512Mi`, `30s`; and rows of numbers: `3>17>4`. */
const NUMBER = /^[\d.,%>-]+(?:m|k|[KMGT]i?|s|ms)?$/;

export interface Names {
  /** Subjects that can be removed from the whole history. */
  subjects: {
    name: string;
    /** The kind of the first line that names it. */
    at: string;
    names: (text: string) => boolean;
  }[];
  /** Other names of the same sort: from the same field, the same list or the same record. */
  others: (name: string) => readonly string[];
}

export function isName(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= MOST_CHARACTERS &&
    NAME.test(value) &&
    !DATE.test(value) &&
    !NUMBER.test(value)
  );
}

/** @param places those of all observations, by path */
export function namesOf(history: History, places: ReadonlyMap<string, readonly Place[]>): Names {
  const declared = declaredGroups(history);
  const seen = [...places.values()].flatMap((of) => {
    const names = distinct(of.map(({ value, choices }) => (choices === null ? value : null)));
    return names.length > 1 ? [names] : [];
  });
  const groups = [...declared, ...seen];
  return {
    subjects: subjectsOf(declared, places),
    others: (name) => {
      const found = groups.filter((group) => group.includes(name)).flat();
      return [...new Set(found)].filter((other) => other !== name);
    },
  };
}

function distinct(values: readonly Json[]): string[] {
  return [...new Set(values.filter(isName))];
}

/** Names in the header's settings, those of one list or record together. */
function declaredGroups({ header }: History): string[][] {
  const groups = new Map<string, Set<string>>();
  const add = (path: string, name: string): void => {
    const group = groups.get(path) ?? new Set();
    groups.set(path, group.add(name));
  };
  const walk = (path: string, value: unknown): void => {
    if (isName(value)) add(path, value);
    if (typeof value !== 'object' || value === null) return;
    const isWithin = Array.isArray(value);
    for (const [key, child] of Object.entries(value)) walk(isWithin ? `${path}[]` : `${path}.${key}`, child);
  };
  const { settings } = header;
  walk('', settings);
  for (const store of Object.keys(settings.stores ?? {})) add('stores', store);
  return [...groups.values()].map((group) => [...group]);
}

function subjectsOf(
  declared: readonly string[][],
  places: ReadonlyMap<string, readonly Place[]>,
): Names['subjects'] {
  const whole = new Map<string, number>();
  /** Of each name or part of one, the kind in which it was seen first. */
  const at = new Map<string, string>();
  for (const [path, all] of places) {
    const [kind = ''] = path.split(/[.[]/, 1);
    for (const { value, choices } of all) {
      if (choices !== null || !isName(value)) continue;
      whole.set(value, (whole.get(value) ?? 0) + 1);
      for (const part of partsOf(value)) if (!at.has(part)) at.set(part, kind);
    }
  }
  const named = [...new Set(declared.flat())].filter((name) => at.has(name));
  const several = [...whole]
    .filter(([name, count]) => count > 1 && !named.includes(name))
    .map(([name]) => name);
  return [
    ...named.map((name) => ({
      name,
      at: at.get(name) ?? '',
      names: (text: string) => text.includes(name) && partsOf(text).includes(name),
    })),
    ...spread(several, SEEN_SUBJECTS).map((name) => ({
      name,
      at: at.get(name) ?? '',
      names: (text: string) => text === name,
    })),
  ];
}

/** `Deployment tender/api` names `tender/api` and `api` too. */
function partsOf(text: string): string[] {
  return isName(text) ? text.split(' ').flatMap((word) => [word, ...word.split('/')]) : [];
}
