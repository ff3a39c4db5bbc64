/** Reads one pod's log: the summary between the markers, errors and progress. */
import { z } from 'zod';
import type { LoadResult } from '../../../reports/record/details/load-result.ts';
import type { LoadListener } from '../engine.ts';
import { LogReader, ProgressReader } from '../k6/output.ts';
import { BEGIN, END, MARK } from './main-module.ts';

/** The used part of `handleSummary`'s data in k6 2.2 (`internal/js/summary.go`). */
const metricSchema = z.object({
  type: z.enum(['trend', 'counter', 'rate', 'gauge']),
  contains: z.string(),
  // Null: a statistic without samples.
  values: z.record(z.string(), z.number().nullable()),
  thresholds: z.record(z.string(), z.unknown()).optional(),
});
type Group = { name: string; path: string; checks?: Check[]; groups?: Group[] };
type Check = { name: string; passes: number; fails: number };
const checkSchema = z.object({ name: z.string(), passes: z.number(), fails: z.number() });
const groupSchema: z.ZodType<Group> = z.lazy(() =>
  z.object({
    name: z.string(),
    path: z.string(),
    checks: z.array(checkSchema).optional(),
    groups: z.array(groupSchema).optional(),
  }),
);
const summarySchema = z.object({
  metrics: z.record(z.string(), metricSchema),
  root_group: groupSchema,
  state: z.object({ testRunDurationMs: z.number() }),
  scenarios: z.record(z.string(), z.object({ executor: z.string() })),
  added: z.array(z.string()),
});

export type PodMetric = z.infer<typeof metricSchema>;

export interface PodSummary {
  metrics: Record<string, PodMetric>;
  checks: LoadResult['checks'];
  durationMs: number;
  scenarios: { name: string; executor: string }[];
  /** Metrics that exist only because of the thresholds added by the main module. */
  added: string[];
}

export interface PodLog {
  /** Null: no markers, or no valid summary between them. */
  summary: PodSummary | null;
  interrupted: number;
  lastError: string;
  thrown: { error: string; count: number }[];
}

function checksOf(group: Group): LoadResult['checks'] {
  const own = (group.checks ?? []).map(({ name, passes, fails }) => ({
    name,
    group: group.path,
    passes,
    fails,
  }));
  return [...own, ...(group.groups ?? []).flatMap(checksOf)];
}

function summaryOf(text: string): PodSummary | null {
  try {
    const parsed = summarySchema.parse(JSON.parse(text));
    return {
      metrics: parsed.metrics,
      checks: checksOf(parsed.root_group),
      durationMs: parsed.state.testRunDurationMs,
      scenarios: Object.entries(parsed.scenarios).map(([name, { executor }]) => ({ name, executor })),
      added: parsed.added,
    };
  } catch {
    return null;
  }
}

/** Reads the log of a pod. If it has several summaries, the last one counts. */
export function readPodLog(text: string, listener: LoadListener = {}): PodLog {
  const log = new LogReader(listener, (line) => line);
  const progress = new ProgressReader();
  let collected: string[] | null = null;
  let summary: PodSummary | null = null;
  for (const line of text.split('\n')) {
    if (line.trim() === BEGIN) collected = [];
    else if (line.trim() === END) {
      summary = summaryOf((collected ?? []).join(''));
      collected = null;
    } else if (line.startsWith(MARK)) collected?.push(line.slice(MARK.length));
    else if (line.startsWith('{')) log.lines.push(`${line}\n`);
    else progress.lines.push(`${line}\n`);
  }
  return {
    summary,
    interrupted: progress.interrupted,
    lastError: log.lastError,
    thrown: log.thrown.top(),
  };
}
