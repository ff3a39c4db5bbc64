import type { LoadMetric, LoadResult } from '../../../../reports/record/load-result.ts';
import type { MetricTotals } from '../metrics/totals.ts';
import type { LoadOptions } from '../options/scenario.ts';

/** The object that k6 gives to `handleSummary` (its documentation, "Custom summary"). */
export function summaryData(
  result: Pick<LoadResult, 'metrics' | 'checks' | 'thresholds' | 'durationMs'>,
  { options, totals, data }: { options: LoadOptions; totals: MetricTotals; data: string | null },
): object {
  const stats = options.shared.summaryTrendStats;
  const metrics = Object.entries(result.metrics).map(([name, metric]) => {
    const thresholds = result.thresholds.filter((one) => one.metric === name);
    const judged = Object.fromEntries(
      thresholds.map(({ expression, ok }) => [expression, { ok: ok ?? true }]),
    );
    return [
      name,
      {
        type: metric.type,
        contains: totals.specOf(name)?.contains ?? 'default',
        values: valuesOf(metric, stats, (share) => quantile(totals, name, share)),
        ...(thresholds.length > 0 && { thresholds: judged }),
      },
    ] as const;
  });
  return {
    metrics: Object.fromEntries(metrics),
    root_group: rootGroup(result.checks),
    options: { summaryTrendStats: stats, summaryTimeUnit: '', noColor: true },
    state: { isStdOutTTY: false, isStdErrTTY: false, testRunDurationMs: result.durationMs },
    setup_data: data === null ? undefined : (JSON.parse(data) as unknown),
  };
}

function quantile(totals: MetricTotals, name: string, share: number): number | null {
  const total = totals.get(name);
  return total?.type === 'trend' ? total.values.quantile(share) : null;
}

function valuesOf(
  metric: LoadMetric,
  stats: readonly string[],
  at: (share: number) => number | null,
): object {
  switch (metric.type) {
    case 'counter':
      return { count: metric.count, rate: metric.ratePerSecond };
    case 'rate':
      return { rate: metric.ratio, passes: metric.passes, fails: metric.fails };
    case 'gauge':
      return { value: metric.value, min: metric.min, max: metric.max };
    case 'trend':
      return Object.fromEntries(stats.map((name) => [name, statOf(metric, name, at)]));
  }
}

function statOf(
  metric: LoadMetric & { type: 'trend' },
  name: string,
  at: (share: number) => number | null,
): number | null {
  const percentile = /^p\(([\d.]+)\)$/.exec(name)?.[1];
  if (percentile !== undefined) return at(Number(percentile) / 100);
  const known: Readonly<Record<string, number | null>> = {
    ...{ avg: metric.avg, min: metric.min, med: metric.med, max: metric.max, count: metric.count },
  };
  return known[name] ?? null;
}

interface Group {
  name: string;
  path: string;
  id: string;
  groups: Group[];
  checks: { name: string; path: string; id: string; passes: number; fails: number }[];
}

function rootGroup(checks: LoadResult['checks']): Group {
  const groups = new Map<string, Group>();
  const find = (path: string): Group => {
    const known = groups.get(path);
    if (known !== undefined) return known;
    const at = path.lastIndexOf('::');
    const made: Group = { name: path.slice(at < 0 ? 0 : at + 2), path, id: path, groups: [], checks: [] };
    groups.set(path, made);
    if (at >= 0) find(path.slice(0, at)).groups.push(made);
    return made;
  };
  const root = find('');
  for (const { name, group, passes, fails } of checks) {
    const path = `${group}::${name}`;
    find(group).checks.push({ name, path, id: path, passes, fails });
  }
  return root;
}
