import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { takeLock } from '../../host/lock.ts';
import { alone } from './alone.ts';
import { runStep } from './steps.ts';

const MODULE = resolve(import.meta.dirname, 'alone.ts');

function scratch(context: { after: (work: () => void) => void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-alone-'));
  context.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'test.lock');
}

/** Tries to do a test run in a process of its own. */
const second = (lock: string) =>
  runStep([
    process.execPath,
    '--input-type=module',
    '--eval',
    `const { alone } = await import(${JSON.stringify(MODULE)});
     process.exitCode = await alone(${JSON.stringify(lock)}, async () => { console.log('tested'); return 0; });`,
  ]);

test('should do no second test run beside a first: exit 75, its holder, and a sum', async (context) => {
  const lock = scratch(context);
  const ended = await alone(lock, async () => {
    const { exitCode, output } = await second(lock);
    assert.equal(exitCode, 75, output);
    assert.match(output, new RegExp(`^another process holds ${lock}: pid ${process.pid}, since `));
    assert.match(output, /\n0 passed, 1 failed, 0 skipped\n$/);
    return 3;
  });
  assert.equal(ended, 3);
});

test('should do the next test run when the one before has ended, or has thrown, or was killed', async (context) => {
  const lock = scratch(context);
  await assert.rejects(alone(lock, () => Promise.reject(new Error('broken'))));
  assert.equal(existsSync(lock), false);
  writeFileSync(lock, JSON.stringify({ pid: process.pid, startTime: '1', since: 'x', checkout: '/gone' }));
  const { exitCode, output } = await second(lock);
  assert.equal(exitCode, 0, output);
  assert.equal(output, 'tested\n');
  takeLock(lock)();
});

test('should warn, and do the test run, where no lock can be taken', async (context) => {
  const file = scratch(context);
  writeFileSync(file, '');
  const { exitCode, output } = await second(join(file, 'test.lock'));
  assert.equal(exitCode, 0, output);
  assert.match(
    output,
    /^without a lock, so start no second test run beside this one: E[A-Z]+: [^\n]*\ntested\n$/,
  );
});
