import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CommandError, EXIT } from '../host/errors.ts';
import { NotReadyError } from '../env/local/platform/ready.ts';
import { DeadlineError } from '../host/wait.ts';
import { exitCodeOf, linesOf } from './ending.ts';

test('should name what is not ready in an environment that is half up, without a stack', () => {
  const late = new DeadlineError({ what: 'the edge to answer', deadlineMs: 1000 }, 1000, 'status 503');
  for (const error of [new NotReadyError('tender/deployment/api is not ready', {}), late]) {
    assert.equal(exitCodeOf(error), EXIT.inconclusive);
    assert.deepEqual(linesOf(error), [error.message]);
  }
});

test('should show the stack of an unexpected error', () => {
  const error = new TypeError('x is not a function');
  assert.equal(exitCodeOf(error), EXIT.harness);
  const [message, stack] = linesOf(error);
  assert.equal(message, 'x is not a function');
  assert.match(stack ?? '', /^TypeError: x is not a function\n\s+at /);
});

test('should end with the code that an error carries', () => {
  const error = new CommandError('refused for now', EXIT.refused);
  assert.equal(exitCodeOf(error), EXIT.refused);
  assert.deepEqual(linesOf(error), ['refused for now']);
});
