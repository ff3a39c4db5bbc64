import type { LoadResult } from '../../../../reports/record/details/load-result.ts';
import type { MetricTotals, Total } from '../metrics/totals.ts';
import { checkAggregation, compare, parseExpression } from './grammar.ts';
import type { Expression } from './grammar.ts';

/** One threshold from the options. */
export interface ThresholdSpec {
  metric: string;
  expression: string;
  abortOnFail: boolean;
  /** The threshold does not abort the test before this much of it has passed, ms. */
  delayAbortMs: number;
}

type Verdict = LoadResult['thresholds'][number];

/** The thresholds of a load. They can be judged at any time from the metrics so far. */
export class Thresholds {
  readonly #totals: MetricTotals;
  readonly #all: { spec: ThresholdSpec; expression: Expression }[];

  /** @throws Error naming the threshold when it is malformed or its metric does not exist */
  constructor(specs: readonly ThresholdSpec[], totals: MetricTotals) {
    this.#totals = totals;
    this.#all = specs.map((spec) => {
      const expression = parseExpression(spec.expression);
      const metric = totals.specOf(spec.metric);
      if (metric === undefined)
        throw new Error(`threshold "${spec.expression}": no metric name "${spec.metric}" found`);
      checkAggregation(spec.metric, metric.type, expression);
      return { spec, expression };
    });
  }

  /**
   * Judges at the end of the load. As in k6, a metric without samples counts as 0; but a rate without samples gives `ok: null`.
   * @param seconds duration of the whole test, with setup and teardown, for the rate of a counter
   */
  judge(seconds: number): Verdict[] {
    return this.#all.map(({ spec: { metric, expression: text }, expression }) => {
      const type = this.#totals.specOf(metric)?.type;
      const seen = valueOf(this.#totals.get(metric), expression, seconds) ?? (type === 'rate' ? null : 0);
      const ok = seen === null ? null : compare(seen, expression.operator, expression.value);
      return { metric, expression: text, ok };
    });
  }

  /** Why the load must end now; null: it may continue. A metric without samples is not judged yet. */
  abort(elapsedMs: number): string | null {
    const failed = this.#all.find(
      ({ spec, expression }) =>
        spec.abortOnFail &&
        (spec.delayAbortMs === 0 || elapsedMs > spec.delayAbortMs) &&
        this.#fails(spec.metric, expression, elapsedMs / 1000),
    );
    return failed === undefined
      ? null
      : `the threshold "${failed.spec.expression}" on ${failed.spec.metric} with abortOnFail has failed`;
  }

  #fails(metric: string, expression: Expression, seconds: number): boolean {
    const seen = valueOf(this.#totals.get(metric), expression, seconds);
    return seen !== null && !compare(seen, expression.operator, expression.value);
  }
}

/** The aggregated value; null: there are no samples. */
function valueOf(total: Total | undefined, expression: Expression, seconds: number): number | null {
  switch (total?.type) {
    case undefined:
      return null;
    case 'counter':
      if (expression.aggregation === 'count') return total.count;
      return seconds > 0 ? total.count / seconds : 0;
    case 'rate':
      return total.passes / (total.passes + total.fails);
    case 'gauge':
      return total.last.value;
    case 'trend':
      return trendValue(total, expression);
  }
}

function trendValue(
  { values }: Total & { type: 'trend' },
  { aggregation, percentile }: Expression,
): number | null {
  if (values.count === 0) return null;
  switch (aggregation) {
    case 'avg':
      return values.sum / values.count;
    case 'min':
      return values.min;
    case 'max':
      return values.max;
    case 'med':
      return values.quantile(0.5);
    default:
      return values.quantile((percentile ?? 0) / 100);
  }
}
