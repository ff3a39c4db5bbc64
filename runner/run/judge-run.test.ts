import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { judgeRun } from './judge-run.ts';
import { writeEnd, writePlan } from '../record/run-history.ts';
import { rowOf } from '../../suites/catalogue/index.ts';

test('false verdict 25: judge fails a run that left its environment broken, from the histories alone', async (t) => {
  const run = tempFolder();
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
  const run = tempFolder();
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

test('should print what it quotes as a run does, on one line and without commands of the terminal', async (t) => {
  const run = tempFolder();
  const histories = join(run, 'histories');
  mkdirSync(histories);
  const row = rowOf('topology/nodes/pools') ?? assert.fail();
  const notRun = { by: 'not-selected' as const, text: 'not selected: "x\n✓ pass\u001b[2K\u202e"' };
  const planned = {
    row,
    goals: {},
    goalSource: 'none' as const,
    goalText: '',
    required: true,
    trials: 1,
    notRun,
  };
  await writePlan(histories, { id: 'run-1', environment: 'local', scope: 'profile', planned: [planned] });
  const restored = { actions: 1, failed: ['a\u001b[2Kb'], steadyAgain: null };
  await writeEnd(histories, { interrupted: null, restored });
  const said: string[] = [];
  t.mock.method(process.stdout, 'write', (text: string) => said.push(text));
  await judgeRun({ run });
  t.mock.restoreAll();
  assert.equal(said.length, 2);
  for (const line of said) assert.doesNotMatch(line, /(?!\n$)\p{Cc}|\u202e/u);
  assert.match(said[0] ?? '', /^not-run +topology\/nodes\/pools {2}not selected: "x ✓ pass/);
});
