import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

test('should keep the exit code of the command when its output is closed', async () => {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'plumbline.mjs'), 'list'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.destroy();
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  assert.equal(errors, '');
  assert.equal(code, 0);
});

test('should restore and keep its exit code when its output takes nothing more', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [join(import.meta.dirname, 'plumbline.mjs'), 'list'], {
    stdio: ['ignore', full, full],
  });
  const [code] = (await once(child, 'close')) as [number | null];
  closeSync(full);
  assert.equal(code, 0);
});

test('should exit with the code for a harness error, not for a failed check, when an error is uncaught', async () => {
  const code = `
    const { main } = await import(${JSON.stringify(join(import.meta.dirname, 'main.ts'))});
    await main(['--version']);
    Promise.reject(new Error('nobody catches this'));`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [exitCode] = (await once(child, 'close')) as [number | null];
  assert.equal(exitCode, 3);
  assert.match(errors, /Error: nobody catches this/);
});
