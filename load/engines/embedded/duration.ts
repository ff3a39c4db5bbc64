const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h|d)/y;

/**
 * A duration as k6 writes it: `1h30m`, `500ms`, or a number of milliseconds.
 * @returns ms; null for anything else, and for negative durations
 */
export function parseDuration(value: string | number): number | null {
  if (typeof value === 'number') return Number.isFinite(value) && value >= 0 ? value : null;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
  let total = 0;
  let at = 0;
  while (at < value.length) {
    PART.lastIndex = at;
    const match = PART.exec(value);
    if (match === null) return null;
    total += Number(match[1]) * (UNITS[match[2] ?? ''] ?? 0);
    at = PART.lastIndex;
  }
  return at === 0 ? null : total;
}
