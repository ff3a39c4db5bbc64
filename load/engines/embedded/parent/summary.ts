import type { LoadMetric, LoadResult } from '../../../../reports/record/details/load-result.ts';
import type { MetricType } from '../metrics/metric.ts';
import { parseMetricName } from '../metrics/name.ts';
import type { MetricTotals } from '../metrics/totals.ts';
import type { LoadOptions } from '../options/scenario.ts';

/**
 * The object that k6 gives to `handleSummary` (its documentation, "Custom summary").
 * @param testMs duration of the whole test, including setup and teardown
 */
export function summaryData(
  result: Pick<LoadResult, 'metrics' | 'checks' | 'thresholds'>,
  {
    options,
    totals,
    data,
    testMs,
  }: { options: LoadOptions; totals: MetricTotals; data: string | null; testMs: number },
): object {
  const stats = options.shared.summaryTrendStats;
  const metrics = Object.entries(withThoseOfThresholds(result, totals)).map(([name, metric]) => {
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
    state: { isStdOutTTY: false, isStdErrTTY: false, testRunDurationMs: testMs },
    setup_data: data === null ? undefined : (JSON.parse(data) as unknown),
  };
}

/** As in k6, adds the metrics that thresholds name, and their parents, even if they have no samples. */
function withThoseOfThresholds(
  { metrics, thresholds }: Pick<LoadResult, 'metrics' | 'thresholds'>,
  totals: MetricTotals,
): Record<string, LoadMetric> {
  const all = { ...metrics };
  for (const { metric } of thresholds)
    for (const name of [metric, parseMetricName(metric).name]) {
      const type = totals.specOf(name)?.type;
      if (type !== undefined) all[name] ??= NOTHING[type];
    }
  return all;
}

const NOTHING: Readonly<Record<MetricType, LoadMetric>> = {
  counter: { type: 'counter', count: 0, ratePerSecond: 0 },
  gauge: { type: 'gauge', value: 0, min: 0, max: 0 },
  rate: { type: 'rate', passes: 0, fails: 0, ratio: 0 },
  trend: {
    type: 'trend',
    time: true,
    count: 0,
    min: 0,
    avg: 0,
    med: 0,
    max: 0,
    p90: 0,
    p95: 0,
    p99: 0,
    p999: 0,
  },
};

function quantile(totals: MetricTotals, name: string, share: number): number | null {
  const total = totals.get(name);
  return total?.type === 'trend' ? total.values.quantile(share) : 0;
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
    avg: metric.avg,
    min: metric.min,
    med: metric.med,
    max: metric.max,
    count: metric.count,
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
