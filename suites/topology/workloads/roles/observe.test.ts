import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunnerError } from '../../../harness/client.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { recordReadService, recordUnseen } from './observe.ts';

test('false verdict 17: only a server that is known to run and refuses, or is silent, is down', () => {
  const seenOf = (error: unknown): unknown[] => {
    const seen: unknown[] = [];
    const context = {
      signal: new AbortController().signal,
      record: (kind: string, fields: { cause: string }) => seen.push(kind, fields.cause),
    };
    recordUnseen(context as unknown as CheckContext, 'postgres', error);
    return seen;
  };
  assert.deepEqual(seenOf(new RunnerError('ECONNREFUSED', 'down/refuses')), ['store-down', 'refuses']);
  assert.deepEqual(seenOf(new RunnerError('no answer', 'down/silent')), ['store-down', 'silent']);
  for (const cause of ['route', 'tls', 'credentials', 'protocol', 'manager', 'members'])
    assert.deepEqual(seenOf(new RunnerError('no', `cannot-ask/${cause}`)), ['store-unasked', cause]);
  assert.deepEqual(seenOf(new RunnerError('unknown', 'crash')), ['store-unasked', 'protocol']);
});

test('should not try to write in a read-only run, and say so', async () => {
  const seen: unknown[] = [];
  const context = {
    settings: { readOnly: true },
    record: (...said: unknown[]) => seen.push(said),
    runner: { call: (method: string) => assert.fail(`${method} was called`) },
  };
  const at = { host: 'reads.data', port: 5432 };
  await recordReadService(context as unknown as CheckContext, 'postgres', at);
  const detail = 'read only: whether it refuses a write was not tried';
  assert.deepEqual(seen, [
    ['read-service', { store: 'postgres', address: 'reads.data:5432', refused: null, detail }],
  ]);
});
