import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { z } from 'zod';
import { declarationsBelow, loadDeclared, loadModule } from './load-module.ts';

const clock = path.join(import.meta.dirname, 'clock.ts');

test('should give what a module exports, and name the one that exports something else', async () => {
  const { monoMs } = await loadModule(clock, z.object({ monoMs: z.function() }), '`monoMs`');
  assert.equal(typeof monoMs, 'function');
  await assert.rejects(
    loadModule(clock, z.object({ checks: z.array(z.string()) }), 'list of `checks`'),
    /^Error: host\/clock\.ts exports no list of `checks`$/,
  );
});

test('should name a module that cannot be loaded', async () => {
  await assert.rejects(
    loadModule(path.join(import.meta.dirname, 'no-such.ts'), z.object({}), 'anything'),
    /^Error: host\/no-such\.ts cannot be loaded: Error.*Cannot find module/,
  );
});

test('should find what folders declare, in their order, and name one that is called otherwise', async (t) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-declared-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const declare = (name: string, text: string): void => {
    mkdirSync(path.join(folder, name));
    writeFileSync(path.join(folder, name, 'declaration.ts'), text);
  };
  const colour = { exported: 'colour', named: 'name', what: 'colour' };
  declare('red', `export const colour = { name: 'red', order: 2 };`);
  declare('blue', `export const colour = { name: 'blue', order: 1 };`);
  const both = await loadDeclared<{ name: string; order: number }>(declarationsBelow(folder), colour);
  assert.deepEqual(
    both.map(({ name }) => name),
    ['blue', 'red'],
  );
  declare('sound', `export const sound = { name: 'sound', order: 3 };`);
  const files = declarationsBelow(folder);
  assert.equal((await loadDeclared(files, { ...colour, optional: true })).length, 2);
  const forgotten = [...files, path.join(folder, 'empty', 'declaration.ts')];
  assert.equal((await loadDeclared(forgotten, { ...colour, optional: true })).length, 2);
  await assert.rejects(loadDeclared(forgotten.slice(-1), colour), /empty\/declaration\.ts cannot be loaded/);
  await assert.rejects(loadDeclared(files, colour), /sound\/declaration\.ts exports no colour called sound$/);
  declare('green', `export const colour = { name: 'grin', order: 3 };`);
  await assert.rejects(
    loadDeclared(declarationsBelow(folder), { ...colour, optional: true }),
    /green\/declaration\.ts exports no colour called green$/,
  );
});
