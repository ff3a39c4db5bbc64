import assert from 'node:assert/strict';
import fs, { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { warningAbout } from '../_testing/machine.ts';
import { readRecord, writeRecord } from './record.ts';

function scratch(context: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-record-'));
  context.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

test('a record is on the disk before it gets its name, and is read as it was written', (context) => {
  const folder = scratch(context);
  const path = join(folder, 'state', 'one.json');
  assert.equal(readRecord(path, ''), null);
  const done: string[] = [];
  for (const name of ['fsyncSync', 'renameSync'] as const) {
    const real = fs[name] as (...words: unknown[]) => void;
    context.mock.method(fs, name, (...words: unknown[]) => {
      done.push(name);
      real(...words);
    });
  }
  syncBuiltinESMExports();
  context.after(() => {
    context.mock.restoreAll();
    syncBuiltinESMExports();
  });
  writeRecord(path, { a: ['b'] });
  assert.deepEqual(done, ['fsyncSync', 'renameSync', 'fsyncSync'], 'the file, its name, the folder');
  assert.deepEqual(readRecord(path, ''), { a: ['b'] });
  assert.deepEqual(readdirSync(join(folder, 'state')), ['one.json']);
});

test('a record that a power loss has emptied counts as none, with a warning that says what is lost', async (context) => {
  const path = join(scratch(context), 'one.json');
  writeFileSync(path, '');
  const warning = warningAbout(path);
  assert.equal(readRecord(path, 'the modules stay'), null);
  assert.match(
    await warning,
    /one\.json cannot be read \(SyntaxError.*\), as after a power loss: the modules stay$/,
  );
});
