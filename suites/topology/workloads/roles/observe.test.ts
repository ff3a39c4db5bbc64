import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RunnerError } from '../../../harness/client.ts';
import type { CheckContext } from '../../../harness/context.ts';
import { recordUnseen } from './observe.ts';

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
