import assert from 'node:assert/strict';
import { it } from 'node:test';
import { lossBoundFigure } from './figures.ts';

it('should round the bound of what may be lost up, to two significant digits', () => {
  const bound = (samples: number): unknown => lossBoundFigure('lines', samples, 0)[0]?.value;
  // 63.16, 25.887, 2.9513, 0.29912 and 0.0029957 %.
  assert.deepEqual([3, 10, 100, 1000, 100_000].map(bound), [64, 26, 3, 0.3, 0.003]);
  assert.deepEqual([2, 5000].map(bound), [78, 0.06]);
  assert.deepEqual(lossBoundFigure('lines', 10, 1), []);
});
