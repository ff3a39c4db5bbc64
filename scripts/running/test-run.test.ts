import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { runStep } from './steps.ts';

const MODULE = resolve(import.meta.dirname, 'test-run.ts');
const MINUTES = String.raw`minutes: check \d+\.\d, mutation \d+\.\d\n\n`;
const ENDS: readonly [title: string, body: string, exitCode: number, output: string, sum: string][] = [
  ['with its sum', '', 0, '', '1 passed, 0 failed, 0 skipped'],
  [
    'with one failure more after an unexpected error',
    "throw new Error('the disk is full');",
    1,
    'failed:\n  mutation: the disk is full\n',
    '1 passed, 1 failed, 0 skipped',
  ],
  [
    'with the step in which it was ended',
    "process.kill(process.pid, 'SIGTERM'); while (!run.stopped()) await new Promise((done) => setTimeout(done, 5));",
    143,
    'failed:\n  mutation: ended by SIGTERM\n',
    '1 passed, 1 failed, 0 skipped',
  ],
];

for (const [title, body, code, output, sum] of ENDS)
  test(`should end ${title}`, async (context) => {
    const file = join(tempFolder(context), 'test-results', 'sum');
    const ended = await runStep([
      process.execPath,
      '--input-type=module',
      '--eval',
      `const { TestRun } = await import(${JSON.stringify(MODULE)});
    process.exitCode = await new TestRun(${JSON.stringify(file)}).summed(async (run) => {
      run.begin('check'); run.single('check', { exitCode: 0, output: '', durationMs: 1 });
      run.begin('mutation'); ${body}
    });`,
    ]);
    assert.equal(ended.exitCode, code, ended.output);
    assert.match(ended.output, new RegExp(`${MINUTES}${output}${sum}\n$`));
    assert.equal(readFileSync(file, 'utf8'), sum);
  });
