/** Operators that take something away: kinds, lines, files, subjects, the end. */
import type { History, Observation } from '../record/history/history.ts';
import { keepOperations } from './columns.ts';
import { byKind, dropping, withObservations } from './mutant.ts';
import type { Mutant, Trial } from './mutant.ts';
import type { Names } from './names.ts';
import { without } from './places.ts';
import type { Line } from './places.ts';
import { spread } from './spread.ts';

/** Most lines of a kind to drop one by one. */
const LINES_OF_A_KIND = 40;

export function kindsDropped({ history }: Trial): Mutant[] {
  return [...byKind(history.observations)].flatMap(([kind, indexes]) => [
    dropping(history, indexes, { operator: 'kind dropped', path: kind, strict: true }),
    // A judge need not miss one of many: what it says of each is kept.
    ...(indexes.length < 2 ? [] : spread(indexes, LINES_OF_A_KIND)).map((index) =>
      dropping(history, [index], { operator: 'line dropped', path: kind, strict: false }),
    ),
  ]);
}

/** All lines of one file, except the end: its absence alone would fail the judge. */
export function filesDropped({ history, files }: Trial): Mutant[] {
  return [...new Set(files.values())].flatMap((name) => {
    const gone = indexesOf(history, (seen) => files.get(seen) === name && seen.kind !== 'end');
    return gone.length === 0
      ? []
      : [dropping(history, gone, { operator: 'file dropped', path: name, strict: true })];
  });
}

function indexesOf(history: History, wanted: (seen: Observation) => boolean): number[] {
  return history.observations.flatMap((seen, index) => (wanted(seen) ? [index] : []));
}

/** Everything that names one subject: lines, and elements of lists. */
export function subjectsDropped({ history }: Trial, names: Names): Mutant[] {
  return names.subjects.map(({ name, names: isNamed }) => ({
    operator: 'subject dropped',
    path: '(subjects)',
    named: `subject ${name}`,
    strict: true,
    make: () => {
      const changes = new Map<number, Line | null>();
      for (const [index, seen] of history.observations.entries()) {
        if (seen.kind === 'end') continue;
        const left = without(seen, isNamed);
        if (left !== seen) changes.set(index, left);
      }
      return withObservations(history, changes);
    },
  }));
}

/** Cut off after the last line of each kind and after each stage line, both with and without the `end` line. */
export function endsCut({ history }: Trial): Mutant[] {
  const at = new Set<number>();
  for (const { kind, t } of history.observations) if (kind === 'stage') at.add(t);
  for (const indexes of byKind(history.observations).values())
    at.add(history.observations[indexes.at(-1) ?? 0]?.t ?? 0);
  return [...at].flatMap((toMs) => {
    const gone = indexesOf(history, (seen) => seen.t > toMs && seen.kind !== 'end');
    const writes = keepOperations(history.writes, (index) => isDoneBy(history.writes, index, toMs));
    const reads = keepOperations(history.reads, (index) => isDoneBy(history.reads, index, toMs));
    const whole = writes.count === history.writes.count && reads.count === history.reads.count;
    if (gone.length === 0 && whole) return [];
    const end = indexesOf(history, ({ kind }) => kind === 'end');
    const made = (operator: string, all: readonly number[]): Mutant => ({
      operator,
      path: '(end)',
      named: `end before ${history.observations[gone[0] ?? -1]?.kind ?? 'the last operation'}`,
      strict: true,
      make: () => {
        const cut = withObservations(history, new Map(all.map((index) => [index, null])));
        return cut && { ...cut, writes, reads };
      },
    });
    return [made('end cut off', [...gone, ...end]), made('end cut off, said to be whole', gone)];
  });
}

function isDoneBy({ doneMs, sentMs, intendedMs }: History['writes'], index: number, toMs: number): boolean {
  return Math.max(doneMs[index] ?? 0, sentMs[index] ?? 0, intendedMs[index] ?? 0) <= toMs;
}

/** One unreadable line, for all mutants that damage one: a judge sees them alike. */
export function damaged({ history }: Trial): Mutant[] {
  const make = (): History => ({
    ...history,
    damaged: [...history.damaged, { file: 'check.ndjson', line: 2 }],
  });
  return [{ operator: 'line damaged', path: '(any line)', strict: true, make }];
}
