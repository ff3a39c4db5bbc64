import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { alone } from './alone.ts';
import { runStep } from './steps.ts';

const MODULE = resolve(import.meta.dirname, 'alone.ts');

/** Tries to do a test run in a process of its own. */
const second = (lock: string) =>
  runStep([
    process.execPath,
    '--input-type=module',
    '--eval',
    `const { alone } = await import(${JSON.stringify(MODULE)});
     process.exitCode = await alone(${JSON.stringify(lock)}, async () => { console.log('tested'); return 0; });`,
  ]);

test('should do one test run at a time: exit 75, its holder and a sum, until it has ended or thrown', async (context) => {
  const lock = join(tempFolder(context), 'test.lock');
  const first = alone(lock, async () => {
    const { exitCode, output } = await second(lock);
    assert.equal(exitCode, 75, output);
    assert.match(output, new RegExp(`^another process holds ${lock}: pid ${process.pid}, since `));
    assert.match(output, /\n0 passed, 1 failed, 0 skipped\n$/);
    throw new Error('broken');
  });
  await assert.rejects(first, /broken/);
  assert.equal(existsSync(lock), false);
});

test('should warn, and do the test run, where no lock can be taken', async (context) => {
  const file = join(tempFolder(context), 'file');
  writeFileSync(file, '');
  const { exitCode, output } = await second(join(file, 'test.lock'));
  assert.equal(exitCode, 0, output);
  assert.match(
    output,
    /^without a lock, so start no second test run beside this one: E[A-Z]+: [^\n]*\ntested\n$/,
  );
});
