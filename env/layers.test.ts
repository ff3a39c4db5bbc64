import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { EnvironmentError, renderProblem } from './errors.ts';
import { readLayers } from './layers.ts';
import { loadEnvironment } from './loader.ts';

const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-layers-'));
after(() => rm(folder, { recursive: true }));

const fileOf = (name: string): string => path.join(folder, name);
const write = (name: string, text: string): Promise<void> => writeFile(fileOf(name), text);

/** The problems of a file of this text, without the folder. */
function problemsOf(text: string): string[] {
  try {
    readLayers(text, fileOf('own.yaml'));
  } catch (error) {
    assert.ok(error instanceof EnvironmentError);
    return error.problems.map((one) => renderProblem(one).replaceAll(`${folder}/`, ''));
  }
  return [];
}

test('should take maps key by key, replace everything else, and take away what is null', async () => {
  await write('base.yaml', 'a: { x: 1, y: [1, 2], z: { deep: 1 } }\nb: 1\nc: { d: 2 }\n');
  await write('middle.yaml', 'extends: base.yaml\na: { z: { more: 2 } }\nc: 5\n');
  const { source, extended } = readLayers(
    'extends: ./middle.yaml\na: { y: [3] }\nb: null\n',
    fileOf('own.yaml'),
  );
  assert.deepEqual(source.value, { a: { x: 1, y: [3], z: { deep: 1, more: 2 } }, c: 5 });
  assert.deepEqual(extended, [fileOf('middle.yaml'), fileOf('base.yaml')]);
});

test('should name the file that says what is wrong', async () => {
  await write('base.yaml', 'a:\n  x: 1\n  y: [1, 2]\n');
  const { source } = readLayers('extends: base.yaml\na:\n  z: 3\n', fileOf('own.yaml'));
  assert.deepEqual(source.locate(['a', 'z']), { file: fileOf('own.yaml'), line: 3, column: 6 });
  assert.deepEqual(source.locate(['a', 'y', 1]), { file: fileOf('base.yaml'), line: 3, column: 10 });
  // What neither has is missing where one would write it.
  assert.deepEqual(source.locate(['a', 'none']), { file: fileOf('own.yaml'), line: 3, column: 3 });
});

test('should fill in variables, the nearest value of each', async () => {
  await write(
    'base.yaml',
    "variables: { domain: a.example.com, port: '80' }\nurl: http://${domain}:${port}/\nlist: ['${domain}']\n",
  );
  const { source } = readLayers(
    'extends: base.yaml\nvariables: { domain: b.example.com }\n',
    fileOf('own.yaml'),
  );
  assert.deepEqual(source.value, { url: 'http://b.example.com:80/', list: ['b.example.com'] });
});

test('should refuse what cannot be put together, with its place', async () => {
  await write('base.yaml', 'extends: own.yaml\n');
  await write('own.yaml', 'extends: base.yaml\n');
  assert.deepEqual(problemsOf('extends: base.yaml\n'), [
    'base.yaml:1:10: extends: the file extends itself; found "own.yaml"; allowed: a file that does not lead back here',
  ]);
  assert.deepEqual(problemsOf('extends: none.yaml\n'), [
    'own.yaml:1:10: extends: none.yaml cannot be read (ENOENT); found "none.yaml"; allowed: the path of a file, relative to this one',
  ]);
  assert.deepEqual(problemsOf('extends: [base.yaml]\n'), [
    'own.yaml:1:10: extends: wrong type; found ["base.yaml"]; allowed: the path of a file, relative to this one',
  ]);
  assert.deepEqual(problemsOf("variables: { a: '1' }\nurl: http://${b}/\n"), [
    'own.yaml:2:6: url: a variable without a value; found ${b}; allowed: a',
  ]);
  assert.deepEqual(problemsOf('variables: { A-b: x, port: 80 }\n'), [
    'own.yaml:1:19: variables.A-b: wrong shape; found "x"; allowed: text for each name of letters and digits',
    'own.yaml:1:28: variables.port: wrong shape; found 80; allowed: text for each name of letters and digits',
  ]);
  await write('base.yaml', 'a: [\n');
  assert.match(problemsOf('extends: base.yaml\n')[0] ?? '', /^base\.yaml:\d+:\d+: not valid YAML/);
});

test('should know the files that an environment extends', async () => {
  const { extended } = await loadEnvironment('staging');
  assert.deepEqual(
    extended.map((one) => path.relative(import.meta.dirname, one)),
    ['base/tender-platform.yaml'],
  );
});

test('should take variables without any value for none', () => {
  assert.deepEqual(problemsOf('variables:\nurl: x\n'), []);
});
