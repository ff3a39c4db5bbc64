import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { test } from 'node:test';

test('should end as the command ends when nobody reads its output any more', async () => {
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
