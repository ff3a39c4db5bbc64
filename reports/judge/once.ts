/**
 * Computes once for each object what follows from it alone: rules and figures ask for it several times, and mutation tests judge the same
 * operations and observations thousands of times. What a history holds is never changed in place.
 */
export function once<Of extends object, T extends object>(compute: (of: Of) => T): (of: Of) => T {
  const known = new WeakMap<Of, T>();
  return (of) => {
    const found = known.get(of) ?? compute(of);
    known.set(of, found);
    return found;
  };
}
