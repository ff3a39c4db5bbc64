/** Operators that take something away: kinds, lines, files, subjects, the end, elements of lists. */
import type { History, Observation } from '../record/history/history.ts';
import { byKind, dropping, shown, withObservations } from './mutant.ts';
import type { Mutant, Subject } from './mutant.ts';
import type { Names } from './names.ts';
import { keepOperations } from './columns.ts';
import { without } from './places.ts';
import type { Line } from './places.ts';
import { sample } from './random.ts';

/** Most lines of a kind to drop one by one; more are sampled. */
const LINES_OF_A_KIND = 200;

export function kindsDropped({ trial: { history } }: Subject): Mutant[] {
  return [...byKind(history.observations)].map(([kind, indexes]) =>
    dropping(history, indexes, { operator: 'kind dropped', path: kind, before: `${indexes.length} lines` }),
  );
}

export function linesDropped({ trial: { history }, random }: Subject): Mutant[] {
  return [...byKind(history.observations)].flatMap(([kind, indexes]) =>
    sample(indexes, LINES_OF_A_KIND, random).map((index) =>
      dropping(history, [index], {
        operator: 'line dropped',
        path: `${kind}[]`,
        before: shown(history.observations[index]),
      }),
    ),
  );
}

/** All lines of one file, except the end: its absence alone would fail the judge. */
export function filesDropped({ trial: { history, files }, covered }: Subject): Mutant[] {
  const names = [...new Set(files.values())];
  return names.flatMap((name) => {
    const gone = indexesOf(history, (seen) => files.get(seen) === name && isNeeded(seen, covered));
    if (gone.length === 0) return [];
    const { kind } = history.observations[gone[0] ?? 0] ?? { kind: '' };
    return [
      dropping(history, gone, {
        operator: 'file dropped',
        path: kind,
        before: `${name}: ${gone.length} lines`,
      }),
    ];
  });
}

function indexesOf(history: History, wanted: (seen: Observation) => boolean): number[] {
  return history.observations.flatMap((seen, index) => (wanted(seen) ? [index] : []));
}

function isNeeded({ kind }: Observation, covered: Subject['covered']): boolean {
  return kind !== 'end' && !covered(kind);
}

/** Everything that names one subject: lines, and elements of lists. */
export function subjectsDropped({ trial: { history }, covered }: Subject, names: Names): Mutant[] {
  return names.subjects.map(({ name, at, names: isNamed }) => ({
    operator: 'subject dropped',
    path: at,
    before: name,
    after: 'left out',
    make: () => {
      const changes = new Map<number, Line | null>();
      for (const [index, seen] of history.observations.entries()) {
        if (!isNeeded(seen, covered)) continue;
        const left = without(seen, isNamed, covered);
        if (left !== seen) changes.set(index, left);
      }
      return withObservations(history, changes);
    },
  }));
}

/** Truncated after the last line of each kind and after each stage line, both with and without the `end` line. */
export function endsCut({ trial: { history }, covered }: Subject): Mutant[] {
  const at = new Set<number>();
  for (const { kind, t } of history.observations.toReversed()) if (kind === 'stage') at.add(t);
  for (const indexes of byKind(history.observations).values())
    at.add(history.observations[indexes.at(-1) ?? 0]?.t ?? 0);
  return [...at]
    .toSorted((a, b) => a - b)
    .flatMap((toMs) => {
      const gone = indexesOf(history, (seen) => seen.t > toMs && isNeeded(seen, covered));
      const writes = keepOperations(history.writes, (index) => isDoneBy(history.writes, index, toMs));
      const reads = keepOperations(history.reads, (index) => isDoneBy(history.reads, index, toMs));
      const whole = writes.count === history.writes.count && reads.count === history.reads.count;
      if (gone.length === 0 && whole) return [];
      const first = history.observations[gone[0] ?? -1];
      const path = first?.kind ?? 'write';
      const before = `${gone.length} lines from t ${toMs} on`;
      const cut = (of: History | null): History | null => of && { ...of, writes, reads };
      const changes = new Map(gone.map((index) => [index, null]));
      const end = indexesOf(history, ({ kind }) => kind === 'end').map((index): [number, null] => [
        index,
        null,
      ]);
      const made = (operator: string, more: [number, null][]): Mutant => ({
        operator,
        path,
        before,
        after: 'cut off',
        make: () => cut(withObservations(history, new Map([...changes, ...more]))),
      });
      return [made('end cut off', end), made('end cut off, said to be whole', [])];
    });
}

function isDoneBy({ doneMs, sentMs, intendedMs }: History['writes'], index: number, toMs: number): boolean {
  return Math.max(doneMs[index] ?? 0, sentMs[index] ?? 0, intendedMs[index] ?? 0) <= toMs;
}

/** One unreadable line, for all mutants that damage one: a judge sees them alike. */
export function damaged({ trial: { history } }: Subject): Mutant[] {
  const [last] = history.observations.toReversed();
  if (last === undefined) return [];
  return [
    {
      operator: 'line damaged',
      path: '(damaged)',
      before: shown(last),
      after: 'damaged',
      make: () => ({ ...history, damaged: [...history.damaged, { file: 'check.ndjson', line: 2 }] }),
    },
  ];
}
