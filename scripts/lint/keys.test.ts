import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keysOf } from './keys.ts';

const TREE: Readonly<Record<string, string>> = {
  'a/names.ts': 'export interface Names {}',
  'a/uses.ts': "import type { Names } from './names.ts';\nexport type Name = keyof Names;",
  'b/adds.ts':
    "import type { Word } from './word.ts';\ndeclare module '../a/names.ts' { interface Names { x: Word } }",
  'b/word.ts': 'export type Word = string;',
  'c/far.ts': "export const late = async () => (await import('../a/uses.ts'));",
  'c/alone.ts': 'export const one = 1;',
};

/** Files whose key another content of these changes. */
function changedBy(changes: Readonly<Record<string, string>>, common = ['1']): string[] {
  const before = keysOf(new Map(Object.entries(TREE)), ['1']);
  const after = keysOf(new Map(Object.entries({ ...TREE, ...changes })), common);
  return [...before.keys()].filter((file) => before.get(file) !== after.get(file));
}

test('should look again at a file that changed, and at none beside it', () => {
  assert.deepEqual(changedBy({}), []);
  assert.deepEqual(changedBy({ 'c/alone.ts': 'export const one = 2;' }), ['c/alone.ts']);
});

test('should look again at all that imports what changed, at whatever distance', () => {
  assert.deepEqual(changedBy({ 'a/uses.ts': 'export type Name = string;' }), ['a/uses.ts', 'c/far.ts']);
});

test('should look again at all that imports a type to which a file adds that changed, or what that file imports', () => {
  const touched = ['a/names.ts', 'a/uses.ts', 'b/adds.ts', 'c/far.ts'];
  assert.deepEqual(changedBy({ 'b/adds.ts': `${TREE['b/adds.ts'] ?? ''}\n` }), touched);
  assert.deepEqual(
    changedBy({ 'b/word.ts': 'export type Word = number;' }),
    [...touched, 'b/word.ts'].sort(),
  );
});

test('should look again at a file whose import comes into being', () => {
  const tree = { ...TREE, 'c/waits.ts': "import { x } from './x.ts';" };
  const key = (files: Readonly<Record<string, string>>) =>
    keysOf(new Map(Object.entries(files)), []).get('c/waits.ts');
  assert.notEqual(key(tree), key({ ...tree, 'c/x.ts': 'export const x = 1;' }));
});

test('should look again at every file when rules, versions, or what holds everywhere change', () => {
  assert.equal(changedBy({}, ['2']).length, Object.keys(TREE).length);
  assert.equal(changedBy({ 'd/types.d.ts': 'type Here = 1;' }).length, Object.keys(TREE).length);
  assert.equal(
    changedBy({ 'c/alone.ts': 'declare global { var x: 1 }\nexport {};' }).length,
    Object.keys(TREE).length,
  );
});
