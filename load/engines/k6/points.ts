/** Lines of k6's JSON output (`--out json`), as its 2.2 documentation and source give them: a `Point` line for every sample. */

interface MetricLine {
  type: 'Metric';
}

export interface PointLine {
  type: 'Point';
  metric: string;
  /** Wall clock, ms since 1970. */
  timeMs: number;
  value: number;
  tags: Readonly<Record<string, string>>;
}

const NO_TAGS: Readonly<Record<string, string>> = {};

type Parsed = { type?: unknown; metric?: unknown; data?: Record<string, unknown> | null } | null;

function pointLine(metric: string, data: Record<string, unknown>): PointLine | null {
  const timeMs = typeof data.time === 'string' ? Date.parse(data.time) : Number.NaN;
  if (Number.isNaN(timeMs) || typeof data.value !== 'number') return null;
  return {
    type: 'Point',
    metric,
    timeMs,
    value: data.value,
    tags: (data.tags as Record<string, string> | null | undefined) ?? NO_TAGS,
  };
}

/** Parses a line; null: it is not such a line (truncated, or from another program). */
export function pointOf(line: string): MetricLine | PointLine | null {
  let parsed: Parsed;
  try {
    parsed = JSON.parse(line) as Parsed;
  } catch {
    return null;
  }
  const { type, metric, data } = parsed ?? {};
  if (typeof metric !== 'string' || typeof data !== 'object' || data === null) return null;
  // Precedes the first sample of a metric.
  if (type === 'Metric') return { type };
  return type === 'Point' ? pointLine(metric, data) : null;
}
