import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockAhead } from '../safety/_testing/clock.ts';
import { Interrupt } from './interrupt.ts';

test('should go on restoring at a Ctrl-C that comes twice within milliseconds, and stop at one that comes later', (t) => {
  const exit = t.mock.method(process, 'exit', () => undefined as never);
  const said: string[] = [];
  const interrupt = new Interrupt((line) => said.push(line));
  // Only its own listener: others of this process, such as the test runner's, must not hear of it.
  const listener = process.listeners('SIGINT').at(-1);
  listener?.('SIGINT');
  listener?.('SIGINT');
  assert.deepEqual([interrupt.exitCode, exit.mock.callCount(), said.length], [130, 0, 1]);
  clockAhead(t, 2);
  listener?.('SIGINT');
  interrupt.close();
  assert.deepEqual(exit.mock.calls[0]?.arguments, [130]);
  assert.match(said[1] ?? '', /^Stopped at once\./);
});
