import assert from 'node:assert/strict';
import { afterEach, suite, test } from 'node:test';
import { CommandError } from './errors.ts';
import { patient } from './patience.ts';
import { runAny, CommandError as FailedCommand } from './run.ts';
import { waitFor } from './wait.ts';

suite('patience', () => {
  const { PLUMBLINE_PATIENCE: before } = process.env;
  const say = (factor: string | undefined): void => {
    if (factor === undefined) delete process.env['PLUMBLINE_PATIENCE'];
    else process.env['PLUMBLINE_PATIENCE'] = factor;
  };
  afterEach(() => say(before));

  test('a slow machine is given a multiple of every deadline, an ordinary one the deadline itself', () => {
    say(undefined);
    assert.equal(patient(1000), 1000);
    say('2.5');
    assert.equal(patient(1000), 2500);
  });

  test('what is no factor is refused before anything is waited for', () => {
    for (const wrong of ['0', '-1', '51', 'much', 'NaN', 'Infinity']) {
      say(wrong);
      assert.throws(
        () => patient(1),
        (error) => error instanceof CommandError && error.exitCode === 64 && error.message.includes(wrong),
        wrong,
      );
    }
  });

  test('waits and commands end at the longer deadline, and say it', async () => {
    say('20');
    const wait = { what: 'nothing', deadlineMs: 5, intervalMs: 1 };
    await assert.rejects(
      waitFor(() => null, wait),
      /waited 0\.1 s for nothing/,
    );
    await assert.rejects(
      runAny(['sleep', '60'], { timeoutMs: 1 }),
      (error) => error instanceof FailedCommand && /did not end within 20 ms/.test(error.message),
    );
  });
});
