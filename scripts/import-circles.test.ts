import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const ROOT = path.dirname(import.meta.dirname);
const FOLDERS = [
  'cli',
  'deploy',
  'env',
  'faults',
  'host',
  'load',
  'probes',
  'reports',
  'runner',
  'scripts',
  'suites',
  'tests',
];
/** `import`, `import type`, `export … from` and `import()` of a file of the project. */
const IMPORT = /(?:\bfrom|\bimport\()\s*'(?<file>\.{1,2}\/[^']+\.ts)'/g;

type Graph = ReadonlyMap<string, readonly string[]>;

/** The files on the first import cycle; empty if there is none. */
function circleOf(graph: Graph): string[] {
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]): string[] => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return [];
    for (const next of graph.get(file) ?? []) {
      const found = visit(next, [...way, file]);
      if (found.length > 0) return found;
    }
    done.add(file);
    return [];
  };
  return [...graph.keys()].map((file) => visit(file, [])).find((found) => found.length > 0) ?? [];
}

function importsOf(file: string): string[] {
  const found = readFileSync(path.join(ROOT, file), 'utf8').matchAll(IMPORT);
  return [...found].map((one) => path.join(path.dirname(file), one.groups?.['file'] ?? ''));
}

/** Files that are found by name: the listing file imports them dynamically, which no import statement shows. */
const LISTED: readonly (readonly [by: string, pattern: string])[] = [
  ['suites/catalogue/rows.ts', 'suites/*/**/{definition,planned,observations}.ts'],
  ['faults/index.ts', 'faults/!(index|*.test).ts'],
  ['probes/declared-stores.ts', 'probes/*/declaration.ts'],
  ['probes/stores.ts', 'probes/*/index.ts'],
  ['env/providers/declared.ts', 'env/providers/*/declaration.ts'],
  ['env/providers/index.ts', 'env/providers/*/index.ts'],
  ['suites/failover/store/controls/index.ts', 'suites/failover/store/controls/!(index|*.test).ts'],
];
/** Imports that are evaluated before the file itself: neither types nor dynamic imports. */
const FIRST = /^(?:import|export)(?! type\b)[^;]*?\sfrom '(?<file>\.{1,2}\/[^']+\.ts)'/gm;

function firstImportsOf(file: string): string[] {
  const found = readFileSync(path.join(ROOT, file), 'utf8').matchAll(FIRST);
  return [...found].map((one) => path.join(path.dirname(file), one.groups?.['file'] ?? ''));
}

function reaches(from: string, to: string, seen = new Set<string>()): boolean {
  if (from === to) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  return firstImportsOf(from).some((next) => reaches(next, to, seen));
}

for (const [by, pattern] of LISTED)
  test(`should have no cycle through ${by}: the files that it lists do not import it`, () => {
    const files = globSync(pattern, { cwd: ROOT });
    assert.ok(files.length > 2, `${files.length} files`);
    assert.deepEqual(
      files.filter((file) => reaches(file, by)),
      [],
    );
  });

test('should find a cycle, and none if two paths lead to one file', () => {
  assert.deepEqual(
    circleOf(
      new Map([
        ['a', ['b', 'c']],
        ['b', ['d']],
        ['c', ['d']],
        ['d', []],
      ]),
    ),
    [],
  );
  assert.deepEqual(
    circleOf(
      new Map([
        ['a', ['b']],
        ['b', ['c']],
        ['c', ['b']],
      ]),
    ),
    ['b', 'c', 'b'],
  );
});

test('should have no import cycle anywhere in the project, types included', () => {
  const files = globSync(
    FOLDERS.map((folder) => `${folder}/**/*.ts`),
    { cwd: ROOT },
  );
  const graph = new Map(files.map((file) => [file, importsOf(file)]));
  assert.ok(
    (graph.get('runner/serve/check-runner.ts') ?? []).includes('runner/serve/methods/ai.ts'),
    'imports are read',
  );
  assert.deepEqual(circleOf(graph), []);
});
