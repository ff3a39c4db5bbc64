import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inventedLoad } from '../../../reports/judge/slo/_testing/histories.ts';
import { latencySeen } from './blocks.ts';

test('should count a failed request that was slow once at best, and twice at worst', () => {
  // In every block of 5 s 250 requests, of which those that take longer than 500 ms are 10, and 10 fail.
  const latency: [number, number][] = [
    [40_000, 48],
    [900_000, 2],
  ];
  const { seconds } = inventedLoad({ seconds: 20, failedAt: () => 2, change: () => ({ latency }) });
  const timed = seconds.map((second) => ({ atMs: second.atMs, second }));
  const seen = (at: 'best' | 'worst'): string =>
    latencySeen(timed, { startMs: 0, p95Ms: 500, at, refusedAreGood: 0 }).last;
  assert.deepEqual([seen('best'), seen('worst')], ['met', 'missed']);
});
