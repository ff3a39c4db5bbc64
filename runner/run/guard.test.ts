import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockedError } from '../../env/providers/provider.ts';
import { guarded, interruptible } from './guard.ts';
import { Interrupt } from './interrupt.ts';

test('should end with 2 and one sentence where the environment cannot be asked', async (t) => {
  const said: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => said.push(text));
  const { exitCode } = await guarded(() => Promise.reject(new BlockedError('no answer within 10 s')));
  t.mock.restoreAll();
  assert.deepEqual([exitCode, said], [2, ['no answer within 10 s\n']]);
});

test('should print no command to a terminal or to a CI server that an answer has in it', async (t) => {
  const said: string[] = [];
  t.mock.method(process.stderr, 'write', (text: string) => said.push(text));
  const answer = 'held by \u001b[2K##vso[task.complete result=Succeeded]';
  await guarded(() => Promise.reject(new BlockedError(answer)));
  await guarded(() => Promise.reject(new Error(answer)));
  t.mock.restoreAll();
  assert.equal(said[0], 'held by \ufffd[2K# #vso[task.complete result=Succeeded]\n');
  assert.match(said[1] ?? '', /^The harness failed: /);
  for (const command of ['\u001b', '##vso']) assert.ok(said[1]?.includes(command) === false);
});

test('should end with the code of the signal, whatever the work makes of it', async (t) => {
  t.mock.method(process.stderr, 'write', () => true);
  for (const [name, code] of [
    ['SIGHUP', 129],
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const) {
    const interrupt = new Interrupt(() => undefined);
    // Only its own listener: others of this process, such as the test runner's, must not hear of it.
    process.listeners(name).at(-1)?.(name);
    const fails = (): Promise<never> => Promise.reject(new Error(`interrupted by ${name}`));
    assert.deepEqual(await guarded(() => interruptible(interrupt, fails)), { exitCode: code });
    const ends = (): Promise<{ exitCode: number }> => Promise.resolve({ exitCode: 0 });
    assert.deepEqual(await guarded(() => interruptible(interrupt, ends)), { exitCode: code });
    interrupt.close();
  }
});
