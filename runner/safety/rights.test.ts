import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { kindOf } from '../../probes/kubernetes/kinds.ts';
import { METHODS } from '../../suites/harness/methods.ts';
import { DRILLS, EVERY_COMMAND, OPERATED, RESTORES, RUNS } from './rights.ts';

const ROOT = path.join(import.meta.dirname, '../..');
const KIND = /'(?<kind>(?:[a-z0-9.]+\/)?v\d\w*\/[A-Z]\w+)'/g;

/** Resources that the runner and its probes name as kinds. */
function resourcesInCode(): Set<string> {
  const files = globSync('{runner,probes}/**/*.ts', { cwd: ROOT }).filter(
    (file) => !/\.test\.ts$|_testing|rights\.ts$|\/objects\.ts$/.test(file),
  );
  const kinds = files.flatMap((file) =>
    [...readFileSync(path.join(ROOT, file), 'utf8').matchAll(KIND)].map((one) => one.groups?.['kind'] ?? ''),
  );
  return new Set(kinds.map((kind) => kindOf(kind).plural));
}

test('should say of every kind that the runner reads what for', () => {
  const said = [
    ...Object.values(METHODS).flatMap(({ rights = [] }) => rights),
    ...[EVERY_COMMAND, RUNS, RESTORES, DRILLS, OPERATED].flat().flatMap(({ rights }) => rights),
  ];
  const reads = new Set(said.map(({ resource }) => resource));
  const found = resourcesInCode();
  assert.ok(found.size > 8, [...found].join());
  assert.deepEqual(
    [...found].filter((one) => !reads.has(one)),
    [],
  );
});

test('should let the runner list nothing that it does not name', () => {
  const found = resourcesInCode();
  const listed = new Set(
    Object.values(METHODS)
      .flatMap(({ rights = [] }) => rights)
      .filter(({ verbs }) => verbs.includes('list'))
      .map(({ resource }) => resource),
  );
  assert.deepEqual(
    [...listed].filter((one) => !found.has(one)),
    [],
  );
});
