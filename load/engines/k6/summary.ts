/**
 * The end-of-test summary as `--summary-export` writes it (k6 2.2, `internal/js/summary-wrapper.js`): metrics by name with their values.
 * It is written whatever the script's handleSummary does.
 */
import { readFile } from 'node:fs/promises';

type Values = Record<string, unknown>;

export interface Summary {
  metrics: Record<string, Values>;
}

const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null;

/** Null: the file is missing or incomplete, since k6 was killed. */
export async function readSummary(file: string): Promise<Summary | null> {
  try {
    const parsed: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (!isObject(parsed) || !isObject(parsed.metrics)) return null;
    return { metrics: parsed.metrics as Record<string, Values> };
  } catch {
    return null;
  }
}

/** One value of a metric, such as `p(99)` of `http_req_duration`; null: there is none. */
export function numberOf(summary: Summary, metric: string, value: string): number | null {
  const found = summary.metrics[metric]?.[value];
  return typeof found === 'number' ? found : null;
}

/** Requests that k6 counted; null: it sent none. */
export function requestsOf(summary: Summary): number | null {
  return numberOf(summary, 'http_reqs', 'count');
}

/** Duration of the load by k6's clock, ms, derived from count and rate of a counter; null: there is no such counter. */
export function durationOf(summary: Summary): number | null {
  for (const metric of ['iterations', 'http_reqs', 'data_sent']) {
    const count = numberOf(summary, metric, 'count') ?? 0;
    const rate = numberOf(summary, metric, 'rate') ?? 0;
    if (count > 0 && rate > 0) return (count / rate) * 1000;
  }
  return null;
}
