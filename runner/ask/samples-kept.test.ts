import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Series } from '../../reports/record/objective.ts';
import type { MetricQuestion } from './metric-questions.ts';
import { MOST_SAMPLES, mostSamples, SamplesKept } from './samples-kept.ts';

const DAY_MS = 86_400_000;
const question = (objective: string, days: number): MetricQuestion => ({
  objectives: [objective],
  query: objective,
  stepMs: 60_000,
  kind: 'counter',
  fromMs: 0,
  toMs: days * DAY_MS,
  endMs: days * DAY_MS,
});
const series = (pod: number, points: number): Series => ({
  labels: { pod: String(pod) },
  points: Array.from({ length: points }, (_, index) => [index, 1]),
});

test('should count the samples of all objectives together, and name the one that has most of them', () => {
  const kept = new SamplesKept(100);
  const [small, large] = [question('api-errors', 1), question('api-latency', 28)];
  kept.add(small, [series(1, 10)]);
  kept.add(large, [series(1, 40), series(2, 30)]);
  kept.add(large, [series(2, 10)]);
  kept.add(small, [series(1, 10)]);
  assert.throws(
    () => kept.add(small, [series(1, 1)]),
    /^Error: objective api-latency: 2 series over 28 d have 80 samples or more, and no more than 100 of all objectives together can be judged here: .*recording rule.*shorter window, or give the runner more memory/,
  );
});

test('should advise more memory only where it would help', () => {
  const full = new SamplesKept(MOST_SAMPLES);
  const one = question('api', 28);
  const many = { labels: {}, points: { length: MOST_SAMPLES + 1 } } as unknown as Series;
  assert.throws(() => full.add(one, [many]), /recording rule.*, or declare a shorter window$/);
});

test('should leave the rest of the runner its memory, and a disk its room', () => {
  assert.equal(mostSamples(1_080_000_000), 6_000_000);
  assert.equal(mostSamples(200_000_000), 500_000);
  assert.equal(mostSamples(64_000_000_000), 8_000_000);
});
