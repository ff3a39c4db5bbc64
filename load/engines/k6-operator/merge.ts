/** Merges the summaries of many pods into one load. */
import type { LoadMetric, LoadResult } from '../../../reports/record/details/load-result.ts';
import { isOpenModel } from '../points/collector.ts';
import { judge } from '../points/expression.ts';
import { perSecond } from '../points/sinks.ts';
import type { PodMetric, PodSummary } from './pod-summary.ts';

type Trend = Extract<LoadMetric, { type: 'trend' }>;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

function of(parts: readonly PodMetric[], value: string): number[] {
  return parts.map(({ values }) => values[value]).filter((each) => typeof each === 'number');
}

/** k6's name of each statistic of the result. */
const QUANTILES = { med: 'med', p90: 'p(90)', p95: 'p(95)', p99: 'p(99)', p999: 'p(99.9)' } as const;

/** Minimum and maximum over the parts of each quantile that all parts have. */
function boundsOf(parts: readonly PodMetric[]): Record<string, [number, number]> {
  const within: Record<string, [number, number]> = {};
  const named = Object.entries(QUANTILES) as [keyof typeof QUANTILES, string][];
  const others = Object.keys(parts[0]?.values ?? {}).filter(
    (key) => key.startsWith('p(') && !Object.values<string>(QUANTILES).includes(key),
  );
  for (const [key, name] of [...named, ...others.map((other) => [other, other] as const)]) {
    const values = of(parts, name);
    if (values.length > 0 && values.length === parts.length)
      within[key] = [Math.min(...values), Math.max(...values)];
  }
  return within;
}

/**
 * Summaries hold no distributions. Count, minimum, maximum and mean of the whole are exact; a quantile of the whole lies between the
 * smallest and the largest of its parts. Parts without samples are ignored.
 */
function trend(all: readonly PodMetric[]): Trend {
  const parts = all.filter(({ values }) => (values.count ?? 0) > 0);
  const count = sum(of(parts, 'count'));
  const within = boundsOf(parts);
  const upper = (key: keyof typeof QUANTILES): number | null => within[key]?.[1] ?? null;
  return {
    type: 'trend',
    time: all[0]?.contains === 'time',
    count,
    min: count === 0 ? null : Math.min(...of(parts, 'min')),
    avg: count === 0 ? null : sum(parts.map(({ values }) => (values.avg ?? 0) * (values.count ?? 0))) / count,
    max: count === 0 ? null : Math.max(...of(parts, 'max')),
    med: upper('med'),
    p90: upper('p90'),
    p95: upper('p95'),
    p99: upper('p99'),
    p999: upper('p999'),
    ...(count > 0 && { within }),
  };
}

/** VUs are summed. Another gauge has a value only if all pods have the same one. */
function gauge(parts: readonly PodMetric[], name: string): LoadMetric {
  const values = of(parts, 'value');
  if (name.startsWith('vus'))
    return { type: 'gauge', value: sum(values), min: sum(of(parts, 'min')), max: sum(of(parts, 'max')) };
  const agreed = values.every((value) => value === values[0]) ? (values[0] ?? null) : null;
  return {
    type: 'gauge',
    value: agreed,
    min: Math.min(...of(parts, 'min')),
    max: Math.max(...of(parts, 'max')),
  };
}

function merged(name: string, parts: readonly PodMetric[], durationMs: number): LoadMetric {
  switch (parts[0]?.type) {
    case 'counter': {
      const count = sum(of(parts, 'count'));
      return { type: 'counter', count, ratePerSecond: perSecond(count, durationMs) };
    }
    case 'rate': {
      const [passes, fails] = [sum(of(parts, 'passes')), sum(of(parts, 'fails'))];
      return { type: 'rate', passes, fails, ratio: passes + fails === 0 ? null : passes / (passes + fails) };
    }
    case 'gauge':
      return gauge(parts, name);
    default:
      return trend(parts);
  }
}

function mergeChecks(pods: readonly PodSummary[]): LoadResult['checks'] {
  const checks = new Map<string, LoadResult['checks'][number]>();
  for (const { name, group, passes, fails } of pods.flatMap((pod) => pod.checks)) {
    const key = `${group}\n${name}`;
    const known = checks.get(key) ?? { name, group, passes: 0, fails: 0 };
    checks.set(key, { name, group, passes: known.passes + passes, fails: known.fails + fails });
  }
  return [...checks.values()];
}

const countOf = (metric: LoadMetric | undefined): number => (metric?.type === 'counter' ? metric.count : 0);

function scenariosOf(
  pods: readonly PodSummary[],
  metrics: Record<string, LoadMetric>,
  interrupted: number,
): LoadResult['scenarios'] {
  const scenarios = pods[0]?.scenarios ?? [];
  return scenarios.map(({ name, executor }) => {
    const iterations = countOf(metrics[`iterations{scenario:${name}}`]);
    const dropped = countOf(metrics[`dropped_iterations{scenario:${name}}`]);
    // The progress line has only the sum over scenarios, so it can be assigned only if there is one scenario.
    const cut = scenarios.length === 1 ? interrupted : 0;
    const offered = isOpenModel(executor) ? iterations + dropped + cut : null;
    return { name, executor, offered, iterations, interrupted: cut, dropped };
  });
}

/** Whether nothing was sampled: k6 lists a metric that a threshold names even then, with zeros. */
const isEmpty = (metric: LoadMetric | undefined): boolean => metric?.type === 'counter' && metric.count === 0;

function thresholdsOf(
  pods: readonly PodSummary[],
  metrics: Record<string, LoadMetric>,
): LoadResult['thresholds'] {
  const added = new Set(pods.flatMap((pod) => pod.added));
  const expressions = new Map<string, { metric: string; expression: string }>();
  for (const pod of pods)
    for (const [metric, { thresholds = {} }] of Object.entries(pod.metrics))
      for (const expression of Object.keys(thresholds))
        if (!(added.has(metric) && expression === 'count>=0'))
          expressions.set(`${metric}\n${expression}`, { metric, expression });
  return [...expressions.values()].map(({ metric, expression }) => ({
    metric,
    expression,
    // Judged on the whole load, since each pod judged only its own part.
    ok: isEmpty(metrics[metric]) ? null : judge(metrics[metric], expression),
  }));
}

export type Merged = Pick<
  LoadResult,
  'durationMs' | 'scenarios' | 'requests' | 'metrics' | 'checks' | 'thresholds'
>;

/** @param interrupted iterations of all pods */
export function mergePods(pods: readonly PodSummary[], interrupted: number): Merged {
  const durationMs = Math.max(0, ...pods.map((pod) => pod.durationMs));
  const names = [...new Set(pods.flatMap((pod) => Object.keys(pod.metrics)))].sort();
  const all = Object.fromEntries(
    names.map((name) => {
      const parts = pods.flatMap((pod) => pod.metrics[name] ?? []);
      return [name, merged(name, parts, durationMs)];
    }),
  );
  const added = new Set(pods.flatMap((pod) => pod.added));
  const failed = all.http_req_failed;
  return {
    durationMs,
    scenarios: scenariosOf(pods, all, interrupted),
    requests: { count: countOf(all.http_reqs), failed: failed?.type === 'rate' ? failed.passes : 0 },
    metrics: Object.fromEntries(Object.entries(all).filter(([name]) => !added.has(name))),
    checks: mergeChecks(pods),
    thresholds: thresholdsOf(pods, all),
  };
}
