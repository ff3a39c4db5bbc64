import assert from 'node:assert/strict';
import { test } from 'node:test';
import { requestsByTrace, traceIdOf, tracePrefixOf } from './trace-ids.ts';

test('should give every request of a run an id of its own, and all of them the same beginning', () => {
  const ids = [...requestsByTrace('run', 2_000).keys()];
  assert.equal(ids.length, 2_000);
  assert.ok(ids.every((id) => /^[0-9a-f]{32}$/.test(id) && id.startsWith(tracePrefixOf('run'))));
  assert.equal(requestsByTrace('run', 3).get(traceIdOf('run', 3)), 3);
});

test('should share nothing between runs, and leave the last bytes to chance, by which samplers decide', () => {
  assert.notEqual(tracePrefixOf('run'), tracePrefixOf('other'));
  assert.notEqual(traceIdOf('run', 1).slice(16), traceIdOf('other', 1).slice(16));
  // A sampler that keeps a half keeps about a half: 2,000 draws lie within 4 standard deviations (22 each) of it.
  const kept = [...requestsByTrace('run', 2_000).keys()].filter(
    (id) => BigInt(`0x${id.slice(18)}`) < 1n << 55n,
  );
  assert.ok(Math.abs(kept.length - 1_000) < 90, String(kept.length));
});
