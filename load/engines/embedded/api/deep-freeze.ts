/** Freezes a value of JSON, and all that is in it. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null) return value;
  for (const one of Object.values(value)) deepFreeze(one as unknown);
  return Object.freeze(value);
}
