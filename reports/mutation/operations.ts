/** Operators on the operations of a client load: gone, ended otherwise, and acknowledged writes that are not there afterwards. */
import { OUTCOMES } from '../record/history/history.ts';
import type { History, Operations } from '../record/history/history.ts';
import type { Seen } from '../record/observations/index.ts';
import { keepOperations, withOutcome } from './columns.ts';
import { withObservations } from './mutant.ts';
import type { Mutant, Trial } from './mutant.ts';

const SIDES = [
  ['writes', 'write'],
  ['reads', 'read'],
] as const;
/** Share of the operations in a range. */
const RANGE = 0.1;

export function operationsBent({ history }: Trial): Mutant[] {
  return SIDES.flatMap(([key, path]) => {
    const operations = history[key];
    if (operations.count === 0) return [];
    const made = (operator: string, strict: boolean, changed: () => Operations | null): Mutant => ({
      operator,
      path,
      strict,
      make: () => ({ ...history, [key]: changed() ?? operations }),
    });
    return selections(operations).flatMap(({ indexes, text }) => {
      const out = new Set(indexes);
      const dropped = (): Operations => keepOperations(operations, (index) => !out.has(index));
      return [
        made(`${text} dropped`, text === 'all', dropped),
        ...Object.entries(OUTCOMES)
          .filter(([, code]) => indexes.some((index) => operations.outcome[index] !== code))
          .map(([name, code]) =>
            made(`${text} to ${name}`, false, () => withOutcome(operations, indexes, code)),
          ),
      ];
    });
  });
}

/** A single one, one of each outcome that is not ok, the first, middle and last tenth, and all. */
function selections({ count, outcome }: Operations): { indexes: readonly number[]; text: string }[] {
  const all = Array.from({ length: count }, (_, index) => index);
  const length = Math.max(1, Math.floor(count * RANGE));
  const middle = Math.floor((count - length) / 2);
  const unusual = Object.entries(OUTCOMES).flatMap(([name, code]) => {
    const index = outcome.indexOf(code);
    return name === 'ok' || index < 0 ? [] : [{ indexes: [index], text: `one ${name}` }];
  });
  return [
    { indexes: [Math.floor(count / 2)], text: 'one' },
    ...unusual,
    { indexes: all.slice(0, length), text: 'first tenth' },
    { indexes: all.slice(middle, middle + length), text: 'middle tenth' },
    { indexes: all.slice(-length), text: 'last tenth' },
    { indexes: all, text: 'all' },
  ];
}

/** The operator whose mutants must fail: no other verdict is right where an acknowledged write is gone. */
export const LOST = 'acknowledged writes lost';

/** The first and the last acknowledged write are in no source that was read back. */
export function writesLost({ history }: Trial): Mutant[] {
  const { writes, observations } = history;
  const ok = [...writes.outcome.keys()].filter((index) => writes.outcome[index] === OUTCOMES.ok);
  const lost = [ok[0], ok.at(-1)].map((index) => writes.n[index ?? -1] ?? 0);
  if (ok.length < 2 || !observations.some(({ kind }) => kind === 'readback')) return [];
  const make = (): History | null =>
    withObservations(
      history,
      new Map(
        observations.flatMap((seen, index) =>
          seen.kind === 'readback' ? [[index, { ...seen, present: presentWithout(seen, lost) }]] : [],
        ),
      ),
    );
  return [{ operator: LOST, path: 'write', strict: true, make }];
}

function presentWithout({ present }: Seen<'readback'>, lost: readonly number[]): [number, number][] {
  return lost.reduce<[number, number][]>(
    (ranges, n) =>
      ranges.flatMap(([from, to]): [number, number][] =>
        n < from || n > to
          ? [[from, to]]
          : [[from, n - 1] as const, [n + 1, to] as const].flatMap(([a, b]): [number, number][] =>
              a <= b ? [[a, b]] : [],
            ),
      ),
    present.map(([from, to]) => [from, to]),
  );
}
