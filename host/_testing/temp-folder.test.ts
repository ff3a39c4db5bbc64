import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from './temp-folder.ts';

test('should remove a folder with what it holds when its test ends, also one that is gone already', async (t) => {
  const made: string[] = [];
  await t.test('of a context', (inner) => {
    made.push(tempFolder(inner), tempFolder(inner));
    const [full = '', gone = ''] = made;
    assert.deepEqual(readdirSync(full), []);
    mkdirSync(join(full, 'deep/er'), { recursive: true });
    writeFileSync(join(full, 'deep/er/file'), '');
    rmSync(gone, { recursive: true });
  });
  await t.test('of the test that runs', () => {
    made.push(tempFolder());
    assert.ok(existsSync(made.at(-1) ?? ''));
  });
  assert.equal(new Set(made).size, 3);
  assert.deepEqual(made.filter(existsSync), []);
});
