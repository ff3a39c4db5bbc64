import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { onInterrupts } from './interrupts.ts';

/** Which signals were heard, and how, of those that come at these times (ms). */
function heard(signals: readonly (readonly [name: string, atMs: number])[]): string[] {
  const source = new EventEmitter();
  let nowMs = 0;
  const said: string[] = [];
  const stop = onInterrupts(
    { first: (name) => said.push(`first ${name}`), again: (name) => said.push(`again ${name}`) },
    { source, nowMs: () => nowMs },
  );
  for (const [name, atMs] of signals) {
    nowMs = atMs;
    source.emit(name);
  }
  stop();
  source.emit('SIGINT');
  return said;
}

test('should take the same signal within a second for one, as npm sends a Ctrl-C twice', () => {
  const signals = [5_000, 5_010, 5_900].map((atMs) => ['SIGINT', atMs] as const);
  assert.deepEqual(heard(signals), ['first SIGINT']);
});

test('should hear of a later signal, and of another one at once', () => {
  const signals = [0, 8, 1_500].map((atMs) => ['SIGINT', atMs] as const);
  assert.deepEqual(heard(signals), ['first SIGINT', 'again SIGINT']);
  const others = [['SIGINT', 0] as const, ['SIGTERM', 10] as const];
  assert.deepEqual(heard(others), ['first SIGINT', 'again SIGTERM']);
});
