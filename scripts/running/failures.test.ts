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

const FOUND: readonly [title: string, exitCode: number, output: string, failures: string[]][] = [
  [
    'the tests that had failed when the runner was killed',
    137,
    '✔ should pass (1ms)\n▶ suite\n  ✖ should hold (12.5ms)\n',
    ['should hold'],
  ],
  [
    'each negative control that was not caught',
    1,
    `✗ a/b/one (must be fail: breaks it)  [3.1 s]
    the check says pass: all well
2 negative controls were not caught:
  a/b/one: must be fail; the check says pass: all well
  c/d/two: must be fail; the environment was not at rest before the control: pod x
5 passed, 2 failed, 0 skipped`,
    [
      'a/b/one: must be fail; the check says pass: all well',
      'c/d/two: must be fail; the environment was not at rest before the control: pod x',
    ],
  ],
  [
    'each check of a run that did not pass',
    1,
    `✓ pass         topology/nodes/pools  2 nodes  [1 of 3, 4 s elapsed]
✗ fail         telemetry/dashboards  dashboard Requests: not there  [2 of 3, 9 s elapsed, about 3 s left]
? inconclusive telemetry/logs/canary  no line  [3 of 3, 12 s elapsed]
local-small: NOT MET`,
    [
      'telemetry/dashboards: fail: dashboard Requests: not there',
      'telemetry/logs/canary: inconclusive: no line',
    ],
  ],
  [
    'an error of a compiler',
    2,
    "Checking\nsuites/a.ts(3,4): error TS2322: Type 'x'\nFound 1\n",
    ["ended with 2: suites/a.ts(3,4): error TS2322: Type 'x'"],
  ],
  [
    'a coloured line with a cross',
    1,
    'seed 1\n\u001b[31m✗ 3 mutants still pass\u001b[0m\n',
    ['ended with 1: ✗ 3 mutants still pass'],
  ],
  ['the last line of all others', 137, 'begun\nKilled\n\n', ['ended with 137: Killed']],
  ['what printed nothing', 1, '', ['ended with 1: it printed nothing']],
];

for (const [title, exitCode, output, failures] of FOUND)
  test(`should name ${title}`, () => assert.deepEqual(failuresIn({ exitCode, output }), failures));

test('should print nothing if nothing failed', () => {
  assert.equal(failuresText([]), '');
  assert.equal(failuresText(['lint: x', 'types: y']), 'failed:\n  lint: x\n  types: y\n');
});
