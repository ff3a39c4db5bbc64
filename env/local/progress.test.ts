import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import { Progress, STEPS, recordDurations, recordedDurations, remainingMs } from './progress.ts';
import type { Step, UpProgress } from './progress.ts';

const EACH_MS = 1000;
const even = Object.fromEntries(STEPS.map((step) => [step, EACH_MS])) as Record<Step, number>;

test('the remaining time is the rest of this step and every later one', () => {
  assert.equal(remainingMs('packages', 0, even), STEPS.length * EACH_MS);
  assert.equal(remainingMs('packages', 400, even), STEPS.length * EACH_MS - 400);
  assert.equal(remainingMs('platform-ready', 250, even), 750);
});

test('the remaining time is not negative when a step takes longer than the last time', () => {
  assert.equal(remainingMs('platform-ready', 5000, even), 0);
});

test('a known fraction of a step takes precedence over the duration of the last time', () => {
  assert.equal(remainingMs('platform-ready', 500, even, 0.25), 1500);
  assert.equal(remainingMs('platform-ready', 500, even, 0.01), 500, 'a fraction this early says nothing');
});

test('each change is reported with the index of its step', (context) => {
  const told: UpProgress[] = [];
  const progress = new Progress((one) => told.push(one), even);
  context.after(() => {
    progress.stop();
  });
  progress.begin('nodes', 'starting 4 nodes');
  progress.message('starting 4 nodes', 0.5);
  assert.deepEqual(
    told.map(({ step, index, of, message }) => ({ step, index, of, message })),
    Array.from({ length: 2 }, () => ({
      step: 'nodes',
      index: STEPS.indexOf('nodes') + 1,
      of: STEPS.length,
      message: 'starting 4 nodes',
    })),
  );
  assert.deepEqual(Object.keys(progress.finish()), ['nodes'], 'only what was begun has a duration');
});

test('a step that is begun again continues, and keeps all of its time', (context) => {
  let now = 0;
  context.mock.method(performance, 'now', () => now);
  const progress = new Progress(() => undefined, even);
  progress.begin('platform', 'making what it consists of');
  now = 5000;
  progress.begin('platform', 'applying it');
  now = 7000;
  progress.begin('platform-ready', 'waiting');
  now = 7500;
  assert.deepEqual(progress.finish(), { platform: 7000, 'platform-ready': 500 });
});

test('durations are recorded by key for the next time', (context) => {
  emptyFolderIn(context, 'PLUMBLINE_CACHE');
  assert.deepEqual(recordedDurations('small/built'), {});
  recordDurations('small/built', { nodes: 7 });
  recordDurations('full/built', { nodes: 9 });
  assert.deepEqual(recordedDurations('small/built'), { nodes: 7 });
});
