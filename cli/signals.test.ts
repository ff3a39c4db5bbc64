import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cancellable } from './signals.ts';

test('should end in good order at a Ctrl-C that comes twice within milliseconds', async (t) => {
  const exit = t.mock.method(process, 'exit', () => undefined as never);
  const code = await cancellable((signal) => {
    // Only its own listener: others of this process, such as the test runner's, must not hear of it.
    const listener = process.listeners('SIGINT').at(-1);
    listener?.('SIGINT');
    listener?.('SIGINT');
    return Promise.resolve(signal.aborted ? 0 : 1);
  });
  assert.deepEqual([code, exit.mock.callCount()], [130, 0]);
});
