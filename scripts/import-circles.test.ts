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

/** The first circle of imports, as the files on it; empty when there is none. */
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

test('should find a circle, and none where two ways lead to one file', () => {
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

test('should have no circle of imports, types included, anywhere in the project', () => {
  const files = globSync(
    FOLDERS.map((folder) => `${folder}/**/*.ts`),
    { cwd: ROOT },
  );
  const graph = new Map(files.map((file) => [file, importsOf(file)]));
  assert.ok(
    (graph.get('runner/serve/check-runner.ts') ?? []).includes('runner/serve/methods/check.ts'),
    'imports are read',
  );
  assert.deepEqual(circleOf(graph), []);
});
