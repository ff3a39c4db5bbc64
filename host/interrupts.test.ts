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

test('should hear of a later signal, whichever it is', () => {
  const signals = [0, 8, 1_500].map((atMs) => ['SIGINT', atMs] as const);
  assert.deepEqual(heard(signals), ['first SIGINT', 'again SIGINT']);
  const others = [['SIGINT', 0] as const, ['SIGTERM', 1_500] as const];
  assert.deepEqual(heard(others), ['first SIGINT', 'again SIGTERM']);
});

test('should take different signals within a second for one, as those who end a session send them', () => {
  const logind = [['SIGTERM', 0] as const, ['SIGHUP', 1] as const];
  assert.deepEqual(heard(logind), ['first SIGTERM']);
  const escalation = [['SIGINT', 0] as const, ['SIGTERM', 10] as const];
  assert.deepEqual(heard(escalation), ['first SIGINT']);
});

test('should not stop at once because the terminal is gone', () => {
  const gone = [['SIGINT', 0] as const, ['SIGHUP', 5_000] as const, ['SIGTERM', 9_000] as const];
  assert.deepEqual(heard(gone), ['first SIGINT', 'again SIGTERM']);
});
