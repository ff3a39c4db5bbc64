import type { Operations } from '../../record/history/history.ts';

/**
 * Computes once for each list of operations what follows from it alone: rules and figures ask for it several times, and mutation tests judge
 * one list thousands of times. Operations are never changed in place.
 */
export function once<T extends object>(
  compute: (operations: Operations) => T,
): (operations: Operations) => T {
  const known = new WeakMap<Operations, T>();
  return (operations) => {
    const found = known.get(operations) ?? compute(operations);
    known.set(operations, found);
    return found;
  };
}
