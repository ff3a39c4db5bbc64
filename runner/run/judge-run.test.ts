import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgeRun } from './judge-run.ts';
import { writeEnd, writePlan } from '../record/run-history.ts';

test('false verdict 25: judge fails a run that left its environment broken, from the histories alone', async (t) => {
  const run = mkdtempSync(join(tmpdir(), 'judge-run-'));
  const histories = join(run, 'histories');
  mkdirSync(histories);
  await writePlan(histories, { id: 'run-1', environment: 'local', scope: 'profile', planned: [] });
  const restored = { actions: 1, failed: ['the power of worker-1 (c): no answer'], steadyAgain: null };
  await writeEnd(histories, { interrupted: null, restored });
  const said: string[] = [];
  t.mock.method(process.stdout, 'write', (text: string) => said.push(text));
  const { exitCode } = await judgeRun({ run });
  t.mock.restoreAll();
  assert.equal(exitCode, 1);
  assert.match(
    said.join(''),
    /^local: NOT MET, ENVIRONMENT LEFT BROKEN \(not restored: the power of worker-1/m,
  );
});

test('judge knows from the histories alone that the harness failed', async (t) => {
  const run = mkdtempSync(join(tmpdir(), 'judge-run-'));
  const histories = join(run, 'histories');
  mkdirSync(histories);
  await writePlan(histories, { id: 'run-1', environment: 'local', scope: 'profile', planned: [] });
  const restored = { actions: 0, failed: [], steadyAgain: null };
  await writeEnd(histories, { interrupted: null, harnessFailure: 'no space left', restored });
  t.mock.method(process.stdout, 'write', () => true);
  const { exitCode } = await judgeRun({ run });
  t.mock.restoreAll();
  assert.equal(exitCode, 3);
});
