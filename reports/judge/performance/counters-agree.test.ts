import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Series } from '../../record/objective.ts';
import { counterGap, pairGap } from './counters-agree.ts';

/** Samples of a counter by the minute; null: it was not there. */
const counter = (route: string, values: readonly (number | null)[]): Series => ({
  labels: { job: 'api', instance: 'a', route },
  points: values.flatMap((value, index): Series['points'] => (value === null ? [] : [[index, value]])),
});
const keyOf = (labels: Series['labels']): string => labels['instance'] ?? '';
const gapOf = (...counters: Series[]): string | null => counterGap(counters, keyOf);

describe('a counter that falls', () => {
  /** It is OOM-killed after the third minute, and has passed its earlier count after the seventh. */
  const orders = counter('/orders', [800, 900, 1000, 0, 400, 800, 1200, 1600]);

  it('should be explained by a restart that others show while it was not there', () => {
    assert.equal(gapOf(orders, counter('/reports', [3, 3, 3, null, null, null, null, 1])), null);
    // It may have been asked often since: then the sample after the gap looks like one that is out of line.
    assert.equal(gapOf(orders, counter('/reports', [3, 3, 3, null, null, null, 1, 5])), null);
  });

  it('should not be explained without a restart within that time', () => {
    const steady = counter('/orders', [800, 900, 1000, 1100, 1200, 1300, 1400, 1500]);
    const fell = /^at 7 a counter fell although its process had not restarted$/;
    assert.match(gapOf(steady, counter('/reports', [3, 3, 3, null, null, null, null, 1])) ?? '', fell);
    // That restart was before, and it has counted since.
    assert.match(gapOf(orders, counter('/reports', [3, 3, 3, 0, 10, 20, 30, 1])) ?? '', fell);
    const other = { ...orders, labels: { ...orders.labels, instance: 'b' } };
    assert.match(gapOf(steady, other, counter('/reports', [3, 3, 3, null, null, null, null, 1])) ?? '', fell);
  });

  it('should be found soon among tens of thousands of falls', () => {
    const restarts = Array.from({ length: 1000 }, () => [1, 11, 21, 31, 41, 51]).flat();
    const many = Array.from({ length: 40 }, (_, n) => counter(`/r${n}`, restarts));
    const begun = performance.now();
    assert.equal(gapOf(...many), null);
    assert.ok(performance.now() - begun < 5_000, '39,960 falls');
  });
});

describe('a part of what is counted', () => {
  const total = (values: readonly (number | null)[]): Series => counter('/reports', values);
  const bucket = (values: readonly (number | null)[]): Series => {
    const { labels, points } = counter('/reports', values);
    return { labels: { ...labels, le: '1' }, points };
  };
  const orders = counter('/orders', [800, 900, 1000, 0, 400, 800]);
  const pairOf = (all: Series[], part: Series[], isEmpty = false): string | null =>
    pairGap(
      { query: 'd_count{job="api"}', series: all },
      { query: 'd_bucket{job="api",le="1"}', series: part },
      { keyOf, sureMs: 5, isEmpty: () => isEmpty },
    );

  it('should begin again with a restart that others show while it was not there', () => {
    const all = [total([300, 300, 300, null, null, 400]), orders];
    const part = [bucket([100, 100, 100, null, null, 400])];
    assert.equal(pairOf(all, [...part, { ...orders, labels: { ...orders.labels, le: '1' } }]), null);
    assert.match(
      pairOf(all.slice(0, 1), part) ?? '',
      /the total minus the part falls from 200 to 0 at 5 without a restart/,
    );
  });

  it('should have a bucket for each count, save an empty one', () => {
    const slow = [total([1, 2, 3, 4, 5, 6])];
    assert.match(
      pairOf(slow, []) ?? '',
      /the total has a series .*, but the query for a part of it has none/,
    );
    assert.equal(pairOf(slow, [], true), null);
  });
});
