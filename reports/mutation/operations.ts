/** Operators on the operations of a client load: gone, twice, another outcome, other times, another detail. */
import { OUTCOMES } from '../record/history/history.ts';
import type { History, Operations } from '../record/history/history.ts';
import { keepOperations, pick, withDetails, withNumbers, withOutcome } from './columns.ts';
import type { NumberColumn } from './columns.ts';
import type { Mutant, Subject } from './mutant.ts';
import { spread } from './random.ts';
import type { Random } from './random.ts';
import { HOUR_MS } from './times.ts';
import { FACTORS } from './values.ts';

const TIMES = ['intendedMs', 'sentMs', 'doneMs'] as const;
const SINGLE_ONES = 3;
const RANGE_SHARE = 0.1;
const OTHER_DETAIL = 'something else';

interface Side {
  history: History;
  key: 'writes' | 'reads';
  /** First part of the paths. */
  name: 'write' | 'read';
  operations: Operations;
  random: Random;
}

/** Operations that a mutant changes. */
interface Selection {
  indexes: readonly number[];
  text: string;
}

export function operationsBent({ trial: { history }, random }: Subject): Mutant[] {
  const sides: Side[] = [
    { history, key: 'writes', name: 'write', operations: history.writes, random },
    { history, key: 'reads', name: 'read', operations: history.reads, random },
  ];
  return sides
    .filter(({ operations }) => operations.count > 0)
    .flatMap((side) => [
      ...gone(side),
      ...twice(side),
      ...otherOutcomes(side),
      ...otherNumbers(side),
      ...movedTimes(side),
      ...otherDetails(side),
    ]);
}

function mutantOf(
  side: Side,
  of: Pick<Mutant, 'operator' | 'path' | 'before' | 'after'>,
  make: () => Operations,
): Mutant {
  return { ...of, make: () => ({ ...side.history, [side.key]: make() }) };
}

/** Single ones, the first, middle and last tenth, and all. */
function selections({ operations, random }: Side): Selection[] {
  const all = Array.from({ length: operations.count }, (_, index) => index);
  const one = (index: number): Selection => ({
    indexes: [index],
    text: `operation ${operations.n[index] ?? 0}`,
  });
  const length = Math.max(1, Math.floor(operations.count * RANGE_SHARE));
  const middle = Math.floor((operations.count - length) / 2);
  return [
    ...spread(all, SINGLE_ONES, random).map(one),
    ...(length > 1
      ? [
          { indexes: all.slice(0, length), text: 'the first tenth' },
          { indexes: all.slice(middle, middle + length), text: 'the middle tenth' },
          { indexes: all.slice(-length), text: 'the last tenth' },
        ]
      : []),
    { indexes: all, text: `all ${operations.count}` },
  ];
}

function gone(side: Side): Mutant[] {
  return selections(side).map(({ indexes, text }) =>
    mutantOf(
      side,
      { operator: 'operations dropped', path: side.name, before: text, after: 'left out' },
      () => {
        const out = new Set(indexes);
        return keepOperations(side.operations, (index) => !out.has(index));
      },
    ),
  );
}

function twice(side: Side): Mutant[] {
  return selections(side).map(({ indexes, text }) =>
    mutantOf(
      side,
      { operator: 'operations twice', path: `${side.name}.n`, before: text, after: 'there twice' },
      () => {
        const out = new Set(indexes);
        const kept: number[] = [];
        for (let index = 0; index < side.operations.count; index += 1)
          kept.push(...(out.has(index) ? [index, index] : [index]));
        return pick(side.operations, kept);
      },
    ),
  );
}

function otherOutcomes(side: Side): Mutant[] {
  const chosen = [...selections(side), ...unusual(side)];
  return Object.entries(OUTCOMES).flatMap(([name, code]) =>
    chosen.flatMap(({ indexes, text }) => {
      if (indexes.every((index) => side.operations.outcome[index] === code)) return [];
      const of = { operator: 'outcome changed', path: `${side.name}.outcome`, before: text, after: name };
      return [mutantOf(side, of, () => withOutcome(side.operations, indexes, code) ?? side.operations)];
    }),
  );
}

/** Some operations that are not ok: a plain sample would miss them, as they are few. */
function unusual({ operations, random }: Side): Selection[] {
  return [OUTCOMES.fail, OUTCOMES.unknown, OUTCOMES.unsent].flatMap((code) => {
    const those: number[] = [];
    for (let index = 0; index < operations.count; index += 1)
      if (operations.outcome[index] === code) those.push(index);
    if (those.length === 0) return [];
    return spread(those, 0, random).map((index) => ({
      indexes: [index],
      text: `operation ${operations.n[index] ?? 0} (outcome ${code})`,
    }));
  });
}

function otherNumbers(side: Side): Mutant[] {
  const columns: NumberColumn[] = ['n', ...TIMES];
  const chosen = selections(side);
  return columns.flatMap((column) =>
    FACTORS.flatMap((factor) =>
      chosen.flatMap(({ indexes, text }) =>
        changed(side, {
          column,
          indexes,
          operator: `number × ${factor}`,
          text,
          change: (value) => value * factor,
        }),
      ),
    ),
  );
}

interface Change {
  column: NumberColumn;
  indexes: readonly number[];
  operator: string;
  text: string;
  change: (value: number) => number;
}

/** No mutant if the change leaves every value as it is. */
function changed(side: Side, { column, indexes, operator, text, change }: Change): Mutant[] {
  const values = side.operations[column];
  const at = indexes.find((index) => change(values[index] ?? 0) !== values[index]);
  if (at === undefined) return [];
  const before = values[at] ?? 0;
  const of = {
    operator,
    path: `${side.name}.${column}`,
    before: `${text}: ${before}`,
    after: String(change(before)),
  };
  // An operation with a negative number is a damaged line.
  if (column === 'n' && change(before) < 0) return [{ ...of, make: () => null }];
  return [mutantOf(side, of, () => withNumbers(side.operations, column, indexes, change) ?? side.operations)];
}

function movedTimes(side: Side): Mutant[] {
  const chosen = selections(side);
  return [HOUR_MS, -HOUR_MS].flatMap((byMs) =>
    chosen.flatMap(({ indexes, text }) => {
      const [at] = indexes;
      if (at === undefined) return [];
      const moved = (): Operations =>
        TIMES.reduce(
          (operations, column) =>
            // 0 means never sent or never answered: there is no time to move.
            withNumbers(operations, column, indexes, (value) => (value > 0 ? value + byMs : value)) ??
            operations,
          side.operations,
        );
      const of = {
        operator: 'times moved',
        path: side.name,
        before: text,
        after: `by ${byMs > 0 ? '+' : '-'}1 h`,
      };
      return [mutantOf(side, of, moved)];
    }),
  );
}

/** Details by the outcome of their operation, which decides their meaning: an answer, an error, or why the outcome is unknown. */
export function detailsByOutcome(operations: Operations): Map<string, number[]> {
  const found = new Map<string, number[]>();
  if (operations.detail.size === 0) return found;
  const names = Object.entries(OUTCOMES);
  for (let index = 0; index < operations.count; index += 1) {
    if (operations.detail.get(index) === undefined) continue;
    const name = names.find(([, code]) => code === operations.outcome[index])?.[0] ?? 'none';
    const those = found.get(name);
    if (those === undefined) found.set(name, [index]);
    else those.push(index);
  }
  return found;
}

function otherDetails(side: Side): Mutant[] {
  return [...detailsByOutcome(side.operations)].flatMap(([outcome, those]) =>
    otherDetailsOf(side, outcome, those),
  );
}

function otherDetailsOf(side: Side, outcome: string, those: readonly number[]): Mutant[] {
  const { operations } = side;
  const chosen: Selection[] = [
    ...spread(those, SINGLE_ONES, side.random).map((index) => ({
      indexes: [index],
      text: `operation ${operations.n[index] ?? 0}: ${operations.detail.get(index) ?? ''}`,
    })),
    { indexes: those, text: `all ${those.length}` },
  ];
  return chosen.flatMap(({ indexes, text }) =>
    [null, OTHER_DETAIL].map((detail) =>
      mutantOf(
        side,
        {
          operator: detail === null ? 'detail dropped' : 'detail changed',
          path: `${side.name}.detail.${outcome}`,
          before: text,
          after: detail ?? 'none',
        },
        () => withDetails(operations, new Map(indexes.map((index) => [index, detail]))),
      ),
    ),
  );
}
