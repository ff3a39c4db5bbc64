import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { runStep } from './steps.ts';
import type { StepResult } from './steps.ts';

const MODULE = resolve(import.meta.dirname, 'test-run.ts');

/** Does a test run in a process of its own. @param body of the function with its steps */
async function testRun(context: TestContext, body: string): Promise<StepResult & { progress: unknown }> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-test-run-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'test-results', 'progress.json');
  const code = `const { TestRun } = await import(${JSON.stringify(MODULE)});
    process.exitCode = await new TestRun(${JSON.stringify(file)}).summed(async (run) => { ${body} });`;
  const ended = await runStep([process.execPath, '--input-type=module', '--eval', code]);
  return { ...ended, progress: JSON.parse(readFileSync(file, 'utf8')) as unknown };
}

const ONE_PASSED = "run.begin('check'); run.single('check', { exitCode: 0, output: '', durationMs: 1 });";

test('should end with the sum of its steps', async (context) => {
  const { exitCode, output, progress } = await testRun(context, `${ONE_PASSED} run.begin('mutation');`);
  assert.equal(exitCode, 0, output);
  assert.match(output, /\nminutes: check \d+\.\d, mutation \d+\.\d\n\n1 passed, 0 failed, 0 skipped\n$/);
  const { step, passed } = progress as { step: string; passed: number };
  assert.deepEqual([step, passed], ['mutation', 1]);
});

test('should end with the sum so far and one failure after an unexpected error', async (context) => {
  const { exitCode, output } = await testRun(
    context,
    `${ONE_PASSED} run.begin('mutation'); throw new Error('the disk is full');`,
  );
  assert.equal(exitCode, 1, output);
  assert.match(output, /failed:\n {2}mutation: the disk is full\n1 passed, 1 failed, 0 skipped\n$/);
});
