import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { failuresIn, failuresText } from './failures.ts';
import { runStep } from './steps.ts';

const TESTS = `
import { describe, test } from 'node:test';
test('should pass', () => {});
test('should add up', () => { throw new Error('it does not'); });
describe('of a suite', () => {
  test('should hold', () => { throw new Error('it broke'); });
});
test('should come one day', { todo: true }, () => { throw new Error('not yet'); });
`;

test("should name each test that failed, with its place and why, from node's own runner", async () => {
  const folder = tempFolder();
  const file = join(folder, 'some.test.mjs');
  writeFileSync(file, TESTS);
  // With this variable of the outer test runner, the inner one would take itself for one of its files.
  const env = { NODE_TEST_CONTEXT: undefined };
  const ended = await runStep([process.execPath, '--test', '--test-reporter=spec', file], { env });
  assert.equal(ended.exitCode, 1);
  const found = failuresIn(ended);
  assert.equal(found.length, 2, found.join('\n'));
  assert.match(found[0] ?? '', /^should add up \(.*some\.test\.mjs:4\): Error: it does not$/);
  assert.match(found[1] ?? '', /^should hold \(.*some\.test\.mjs:6\): Error: it broke$/);
});

test('should name the tests that had failed when the runner was killed', () => {
  const output = '✔ should pass (1ms)\n▶ suite\n  ✖ should hold (12.5ms)\n';
  assert.deepEqual(failuresIn({ exitCode: 137, output }), ['should hold']);
});

test('should name each negative control that was not caught', () => {
  const output = [
    '✗ a/b/one (must be fail: breaks it)  [3.1 s]',
    '    the check says pass: all well',
    '2 negative controls were not caught:',
    '  a/b/one: must be fail; the check says pass: all well',
    '  c/d/two: must be fail; the environment was not at rest before the control: pod x',
    '5 passed, 2 failed, 0 skipped',
  ].join('\n');
  assert.deepEqual(failuresIn({ exitCode: 1, output }), [
    'a/b/one: must be fail; the check says pass: all well',
    'c/d/two: must be fail; the environment was not at rest before the control: pod x',
  ]);
});

test('should name each check of a run that did not pass', () => {
  const output = [
    '✓ pass         topology/nodes/pools  2 nodes  [1 of 3, 4 s elapsed]',
    '✗ fail         telemetry/dashboards  dashboard Requests: not there  [2 of 3, 9 s elapsed, about 3 s left]',
    '? inconclusive telemetry/logs/canary  no line  [3 of 3, 12 s elapsed]',
    'local-small: NOT MET',
  ].join('\n');
  assert.deepEqual(failuresIn({ exitCode: 1, output }), [
    'telemetry/dashboards: fail: dashboard Requests: not there',
    'telemetry/logs/canary: inconclusive: no line',
  ]);
});

test('should use a line of the output, without colours, if a runner names no failure', () => {
  const types = "Checking\nsuites/a.ts(3,4): error TS2322: Type 'x'\nFound 1\n";
  assert.deepEqual(failuresIn({ exitCode: 2, output: types }), [
    "ended with 2: suites/a.ts(3,4): error TS2322: Type 'x'",
  ]);
  const mutation = 'seed 1\n\u001b[31m✗ 3 mutants still pass\u001b[0m\n';
  assert.deepEqual(failuresIn({ exitCode: 1, output: mutation }), ['ended with 1: ✗ 3 mutants still pass']);
  assert.deepEqual(failuresIn({ exitCode: 137, output: 'begun\nKilled\n\n' }), ['ended with 137: Killed']);
  assert.deepEqual(failuresIn({ exitCode: 1, output: '' }), ['ended with 1: it printed nothing']);
});

test('should print nothing if nothing failed', () => {
  assert.equal(failuresText([]), '');
  assert.equal(failuresText(['lint: x', 'types: y']), 'failed:\n  lint: x\n  types: y\n');
});
