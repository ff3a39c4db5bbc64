/** Operations in columns, changed: a copy of what changes, everything else shared. */
import type { Details, Operations } from '../record/history/history.ts';

type NumberColumn = 'n' | 'intendedMs' | 'sentMs' | 'doneMs';

/** Only those that `wanted` is true of. */
export function keepOperations(operations: Operations, wanted: (index: number) => boolean): Operations {
  const kept: number[] = [];
  for (let index = 0; index < operations.count; index += 1) if (wanted(index)) kept.push(index);
  return kept.length === operations.count ? operations : pick(operations, kept);
}

/** Operations by their index, in this order; one may be there twice. */
function pick(operations: Operations, kept: readonly number[]): Operations {
  const column = (name: NumberColumn): Float64Array =>
    Float64Array.from(kept, (index) => operations[name][index] ?? 0);
  return {
    count: kept.length,
    n: column('n'),
    intendedMs: column('intendedMs'),
    sentMs: column('sentMs'),
    doneMs: column('doneMs'),
    outcome: Uint8Array.from(kept, (index) => operations.outcome[index] ?? 0),
    detail: new Picked(operations.detail, kept),
  };
}

class Picked implements Details {
  readonly size: number;
  readonly #from: Details;
  readonly #kept: readonly number[];

  constructor(from: Details, kept: readonly number[]) {
    this.#from = from;
    this.#kept = kept;
    this.size = from.size === 0 ? 0 : kept.filter((index) => from.get(index) !== undefined).length;
  }

  get(index: number): string | undefined {
    const at = this.#kept[index];
    return at === undefined ? undefined : this.#from.get(at);
  }
}

/** The outcome of some operations set; null where it was that already. */
export function withOutcome(
  operations: Operations,
  indexes: Iterable<number>,
  code: number,
): Operations | null {
  const outcome = operations.outcome.slice();
  let changed = false;
  for (const index of indexes) {
    if (outcome[index] === code) continue;
    outcome[index] = code;
    changed = true;
  }
  return changed ? { ...operations, outcome } : null;
}
