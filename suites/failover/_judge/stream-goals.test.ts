import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../../catalogue/index.ts';
import { streamGoalMs } from './stream-goals.ts';
import type { Stream } from './stream-goals.ts';

/** What each part of the suite follows; requests and jobs have a share and a window in place of an outage. */
const FOLLOWED: Readonly<Record<string, readonly Stream[]>> = {
  query: ['queries'],
  'control-plane': ['writes', 'leaders'],
  backend: [],
  ai: [],
};
const OF_STORES: readonly Stream[] = ['writes', 'paths', 'reads'];

test('should have a goal for each stream that a check follows', () => {
  const rows = catalogue().filter(({ id, built }) => built && id.startsWith('failover/'));
  assert.ok(rows.length > 30);
  for (const { id, goals } of rows)
    for (const stream of FOLLOWED[id.split('/')[1] ?? ''] ?? OF_STORES)
      assert.notEqual(streamGoalMs(stream, goals), null, `${id}: ${stream}`);
});

test('should take the goal of reads, and that of writes where none is stated', () => {
  assert.equal(streamGoalMs('reads', { rtoSeconds: 30, readsRtoSeconds: 45 }), 45_000);
  assert.equal(streamGoalMs('reads', { rtoSeconds: 30 }), 30_000);
  assert.equal(streamGoalMs('leaders', { rtoSeconds: 30 }), null);
});
