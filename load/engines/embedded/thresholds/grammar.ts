import type { MetricType } from '../metrics/metric.ts';

/** The parts of an expression such as `p(95) < 300`. */
export interface Expression {
  text: string;
  aggregation: string;
  /** N of `p(N)`, 0 to 100. */
  percentile: number | null;
  operator: string;
  value: number;
}

const EXPRESSION =
  /^\s*(avg|min|max|med|count|rate|value|p\(\s*(\d+(?:\.\d+)?)\s*\))\s*(<=|>=|===|==|!=|<|>)\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*$/;

/** Aggregations that k6 has for each type of metric (its documentation, "Thresholds"). */
const AGGREGATIONS: Readonly<Record<MetricType, readonly string[]>> = {
  counter: ['count', 'rate'],
  gauge: ['value'],
  rate: ['rate'],
  trend: ['avg', 'min', 'max', 'med', 'p(N)'],
};

/** @throws Error for a malformed expression, with what was expected */
export function parseExpression(text: string): Expression {
  const match = EXPRESSION.exec(text);
  const [, method = '', percentile, operator = '', value = ''] = match ?? [];
  if (match === null || Number(percentile ?? 0) > 100)
    throw new Error(
      `threshold ${JSON.stringify(text)}: expected avg, min, max, med, p(0…100), count, rate or value, then an operator and a number, such as "p(95)<300"`,
    );
  return {
    text,
    aggregation: percentile === undefined ? method : 'p(N)',
    percentile: percentile === undefined ? null : Number(percentile),
    operator,
    value: Number(value),
  };
}

/** @throws Error when a metric of that type does not have the aggregation */
export function checkAggregation(metric: string, type: MetricType, { text, aggregation }: Expression): void {
  const allowed = AGGREGATIONS[type];
  if (!allowed.includes(aggregation))
    throw new Error(
      `threshold ${JSON.stringify(text)} on ${metric}: a ${type} has no ${aggregation}, only ${allowed.join(', ')}`,
    );
}

export function compare(seen: number, operator: string, wanted: number): boolean {
  switch (operator) {
    case '<':
      return seen < wanted;
    case '<=':
      return seen <= wanted;
    case '>':
      return seen > wanted;
    case '>=':
      return seen >= wanted;
    case '!=':
      return seen !== wanted;
    default:
      return seen === wanted;
  }
}
