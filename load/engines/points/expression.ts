/** Judges metrics of a result by k6's threshold expressions, such as `p(95)<500`, `rate<0.01`, `count>=100`. */
import type { LoadMetric } from '../../../reports/record/details/load-result.ts';
import { quantileOf } from './histogram.ts';

export interface Expression {
  method: string;
  operator: '<' | '<=' | '>' | '>=' | '==' | '!=';
  value: number;
}

const FORM =
  /^\s*(?<method>avg|min|max|med|count|rate|value|p\(\s*\d+(?:\.\d+)?\s*\))\s*(?<operator><=|>=|===?|!=|<|>)\s*(?<value>-?\d+(?:\.\d+)?)\s*$/;

/** Parses an expression; null: it is not one of k6 2.x. */
export function expressionOf(text: string): Expression | null {
  const groups = FORM.exec(text)?.groups;
  if (groups === undefined) return null;
  const operator = groups.operator === '===' ? '==' : groups.operator;
  return {
    method: (groups.method ?? '').replaceAll(/\s/g, ''),
    operator: operator as Expression['operator'],
    value: Number(groups.value),
  };
}

function holds({ operator, value }: Expression, seen: number): boolean {
  switch (operator) {
    case '<':
      return seen < value;
    case '<=':
      return seen <= value;
    case '>':
      return seen > value;
    case '>=':
      return seen >= value;
    case '==':
      return seen === value;
    case '!=':
      return seen !== value;
  }
}

type Trend = Extract<LoadMetric, { type: 'trend' }>;

const NAMED: Readonly<Record<string, 'p90' | 'p95' | 'p99' | 'p999'>> = {
  'p(90)': 'p90',
  'p(95)': 'p95',
  'p(99)': 'p99',
  'p(99.9)': 'p999',
};

function percentile(metric: Trend, method: string): number | null {
  const named = NAMED[method];
  if (named !== undefined) return metric[named];
  if (metric.buckets === undefined || metric.min === null || metric.max === null) return null;
  const percent = Number(method.slice(2, -1));
  return quantileOf(metric.buckets, percent / 100, { min: metric.min, max: metric.max });
}

function ofTrend(metric: Trend, method: string): number | null {
  if (metric.count === 0) return null;
  switch (method) {
    case 'avg':
    case 'min':
    case 'max':
    case 'med':
      return metric[method];
    default:
      return method.startsWith('p(') ? percentile(metric, method) : null;
  }
}

/** The value of a method (`p(95)`, `rate` …) for a metric; null: no samples, or the metric's type has no such method. */
export function measure(metric: LoadMetric, method: string): number | null {
  switch (metric.type) {
    case 'trend':
      return ofTrend(metric, method);
    case 'counter':
      return method === 'count' ? metric.count : method === 'rate' ? metric.ratePerSecond : null;
    case 'rate':
      return method === 'rate' ? metric.ratio : null;
    case 'gauge':
      return method === 'value' ? metric.value : null;
  }
}

/** Whether a metric meets an expression; null: no sample, or an unknown expression. */
export function judge(metric: LoadMetric | undefined, text: string): boolean | null {
  const expression = expressionOf(text);
  if (metric === undefined || expression === null) return null;
  const seen = measure(metric, expression.method);
  return seen === null ? null : holds(expression, seen);
}
