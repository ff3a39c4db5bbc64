import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Series } from '../../../reports/record/objective.ts';
import { echoOf, known, lastOf } from './ask.ts';

const window = { fromMs: 880_000, toMs: 1_000_000 };
const series = (pod: string, ...atMs: number[]): Series => ({
  labels: { __name__: 'up', pod },
  points: atMs.map((at) => [at, 1]),
});

test('should take the last scrape of each series that is there, or of those that were lately', () => {
  const samples = [series('a', 990_000, 995_000), series('b', 960_000), series('gone', 900_000)];
  const there = lastOf({ now: [series('a', 0), series('b', 0)], samples, window });
  assert.deepEqual(there, { lastMs: [995_000, 960_000], everyMs: [0, 0], goneMs: null });
  const gone = { lastMs: [], everyMs: [] };
  assert.deepEqual(lastOf({ now: [], samples, window }), { ...gone, goneMs: 995_000 });
  assert.deepEqual(lastOf({ now: [], samples: [], window }), { ...gone, goneMs: null });
});

test('should tell how often a series is scraped by its closest samples, so that a missing one makes no longer interval', () => {
  const slow = series('slow', 700_000, 760_000, 820_000, 940_000);
  const { everyMs } = lastOf({ now: [slow, series('few', 0)], samples: [slow, series('few', 1, 2)], window });
  assert.deepEqual(everyMs, [60_000, 0]);
});

test('should not leave out a series that is there, and so old that the window has no sample of it', () => {
  const samples = [series('a', 995_000)];
  const now = [series('a', 0), series('old', 0)];
  assert.deepEqual(lastOf({ now, samples, window }).lastMs, [995_000, 880_000]);
});

test('should echo a selector with what a series has', () => {
  const labels = { __name__: 'up', job: 'a', pod: 'p' };
  for (const same of ['up', 'up{job="a"}', 'up{job="a",pod=~"p.*"}'])
    assert.equal(echoOf(same, labels), same);
  assert.equal(echoOf('up{job="b"}', labels), 'up{job="a"}');
  assert.equal(echoOf('down', labels), 'up');
});

const fresh = (health: string): boolean => health === 'unknown';

test('should wait for the first look of Prometheus at what was loaded just now', async () => {
  const answers = [
    ['unknown', 'unknown'],
    ['ok', 'unknown'],
    ['ok', 'err'],
  ];
  const look = (): Promise<string[]> => Promise.resolve(answers.shift() ?? []);
  const signal = AbortSignal.timeout(30_000);
  assert.deepEqual(await known(look, { fresh, timeoutMs: 30_000, signal }), ['ok', 'err']);
});

test('should tell what Prometheus never looks at as it is', async () => {
  const look = (): Promise<string[]> => Promise.resolve(['unknown']);
  const signal = AbortSignal.timeout(30_000);
  assert.deepEqual(await known(look, { fresh, timeoutMs: 0, signal }), ['unknown']);
});
