import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { causeOf, measuredIn } from './metrics.ts';

type By = 'Utilization' | 'AverageValue' | 'Value';

const ACTIVE = { type: 'ScalingActive', status: 'True', reason: 'ValidMetricFound', message: '' } as const;

/** A status of an autoscaler with these metrics: name, way, value, target. */
function told(
  current: number,
  metrics: [string, By, number | null, number | null][],
  more: { toleranceUp?: number; conditions?: Seen<'hpa'>['conditions'] } = {},
): ReturnType<typeof measuredIn> {
  const { toleranceUp, conditions = [ACTIVE] } = more;
  const status: Seen<'hpa'> = {
    kind: 'hpa',
    t: 0,
    desired: current,
    current,
    conditions,
    metrics: metrics.map(([name, , value, target]) => ({ name, value, target })),
  };
  const measures = metrics.map(([, by]) => ({ type: 'Pods', by }));
  return measuredIn(status, { measures, ...(toleranceUp !== undefined && { toleranceUp }) });
}

const wants = (...of: Parameters<typeof told>): (number | undefined)[] =>
  told(...of).map((one) => one.wants?.least);

describe('the pods that a metric asks for', () => {
  it('should be those of the documented algorithm, whatever the metric is held by', () => {
    // Kubernetes' own examples: twice the target doubles, half of it halves.
    assert.deepEqual(wants(2, [['cpu', 'AverageValue', 0.2, 0.1]]), [4]);
    assert.deepEqual(wants(2, [['cpu', 'AverageValue', 0.05, 0.1]]), [1]);
    assert.deepEqual(wants(3, [['cpu', 'Utilization', 100, 70]]), [5]);
    assert.deepEqual(wants(3, [['queue', 'Value', 31, 10]]), [10]);
  });

  it('should not change within the tolerance, which the autoscaler may set itself', () => {
    assert.deepEqual(wants(10, [['cpu', 'Value', 109, 100]]), [10]);
    assert.deepEqual(wants(10, [['cpu', 'Value', 111, 100]]), [12]);
    assert.deepEqual(wants(10, [['cpu', 'Value', 91, 100]]), [10]);
    assert.deepEqual(wants(10, [['cpu', 'Value', 106, 100]], { toleranceUp: 0.05 }), [11]);
  });

  it('should be at least and at most what a value may have been before it was rounded', () => {
    const [cpu] = told(10, [['cpu', 'Utilization', 77, 70]]);
    assert.deepEqual(cpu?.wants, { least: 11, most: 12 });
    const [rate] = told(10, [['rate', 'AverageValue', 12, 10]]);
    assert.deepEqual(rate?.wants, { least: 12, most: 13 });
  });

  it('should be unknown without a value, a target, or any pod of which a mean could be', () => {
    assert.deepEqual(
      wants(2, [
        ['a', 'Value', null, 10],
        ['b', 'Value', 5, null],
        ['c', 'Value', 5, 0],
      ]),
      [undefined, undefined, undefined],
    );
    assert.deepEqual(
      wants(0, [
        ['mean', 'AverageValue', 5, 1],
        ['total', 'Value', 5, 2],
      ]),
      [undefined, 3],
    );
    const stale = [{ ...ACTIVE, status: 'False', reason: 'FailedGetPodsMetric' }];
    assert.deepEqual(wants(2, [['a', 'Value', 50, 10]], { conditions: stale }), [undefined]);
  });
});

describe('the cause of a decision', () => {
  const metrics = told(2, [
    ['cpu', 'Utilization', 20, 70],
    ['rate', 'AverageValue', 19, 10],
    ['queue', 'Value', null, 10],
  ]);

  it('should be no metric that asks for fewer', () => {
    assert.deepEqual(causeOf(metrics, 5), { metrics: [], unknown: ['queue'] });
    assert.deepEqual(causeOf(metrics.slice(0, 2), 5), { metrics: [], unknown: [] });
  });
});
