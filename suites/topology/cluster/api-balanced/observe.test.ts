import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CheckContext } from '../../../harness/context.ts';
import { recordLeaders } from '../../_cluster/leaders.ts';

/** A context whose n-th query of a store is answered by `describe(n)`. */
function contextOf(describe: (asked: number) => { leader: string | null; term?: string }, settleMs: number) {
  const seen: unknown[] = [];
  let asked = 0;
  const context = {
    settings: { stores: { postgres: {} } },
    signal: new AbortController().signal,
    timeoutMs: (name: string) => (name === 'settle' ? settleMs : assert.fail(name)),
    record: (kind: string, fields: Record<string, unknown>) => seen.push([kind, fields]),
    unavailable: (what: string, reason: string) => seen.push([what, reason]),
    runner: { call: () => new Promise((resolve) => resolve(describe(++asked))) },
  };
  return { ctx: context as unknown as CheckContext, seen };
}

test('should ask again who leads, until a store answers or the time to settle is over', async () => {
  const slow = contextOf((asked) => {
    if (asked < 3) throw new Error('no answer within 5 s');
    return { leader: 'postgres-1' };
  }, 10_000);
  await recordLeaders(slow.ctx, 'before');
  assert.deepEqual(slow.seen, [
    ['store-leader', { store: 'postgres', when: 'before', leader: 'postgres-1' }],
  ]);
  const silent = contextOf(() => {
    throw new Error('no answer within 5 s');
  }, 300);
  await recordLeaders(silent.ctx, 'before');
  assert.deepEqual(silent.seen, [['the leader of postgres', 'Error: no answer within 5 s']]);
});

test('should note the term of a leader, which changes when it steps down and comes back', async () => {
  const counting = contextOf(() => ({ leader: 'postgres-1', term: 'timeline 5' }), 10_000);
  await recordLeaders(counting.ctx, 'before');
  assert.deepEqual(counting.seen, [
    ['store-leader', { store: 'postgres', when: 'before', leader: 'postgres-1, timeline 5' }],
  ]);
});
