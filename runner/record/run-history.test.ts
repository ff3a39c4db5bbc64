import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { rowOf, type PlannedCheck } from '../../suites/catalogue/index.ts';
import { judgeRun } from '../run/judge-run.ts';
import type { NotRun } from '../../reports/record/not-run-by.ts';
import { readRun, writeEnd, writePlan } from './run-history.ts';
import { appendToTrial, openTrial } from '../state/trials.ts';

const run = mkdtempSync(join(tmpdir(), 'plumbline-run-'));
const histories = join(run, 'histories');
mkdirSync(histories);
process.on('exit', () => rmSync(run, { recursive: true, force: true }));

function planned(id: string, notRun: NotRun | null): PlannedCheck {
  const row = rowOf(id);
  assert.ok(row);
  return { row, goals: {}, goalSource: 'none', goalText: '', required: true, trials: 1, notRun };
}

test('should keep the plan, so that the verdict of a run follows from its histories alone', async () => {
  const checks = [
    planned('topology/nodes/pools', null),
    planned('topology/edge/gateway', { by: 'not-built', text: 'not written yet' }),
  ];
  await writePlan(histories, { id: 'r1', environment: 'local', scope: 'selection', planned: checks });
  assert.equal(readRun(histories).end, null);
  assert.deepEqual(
    readRun(histories).plan.checks.map(({ notRun, notRunBy }) => [notRun, notRunBy]),
    [
      [null, undefined],
      ['not written yet', 'not-built'],
    ],
  );
  const folder = await openTrial(histories, 1, {
    check: 'topology/nodes/pools',
    environment: 'local',
    goals: {},
    settings: {},
  });
  await appendToTrial(folder, [{ kind: 'runner-verdict', verdict: 'fail', message: 'made to fail' }]);

  // Killed before its end: interrupted, whatever the checks say.
  assert.equal((await judgeRun({ run })).exitCode, 1);
  await writeEnd(histories, {
    interrupted: 'SIGTERM',
    restored: { actions: 1, failed: [], steadyAgain: true },
  });
  assert.equal(readRun(histories).end?.restored.actions, 1);
  assert.equal((await judgeRun({ run })).exitCode, 143);
});

test('should refuse a folder that is no run', async () => {
  assert.throws(() => readRun(run), /is missing: this is not the folder of a run/);
  assert.equal((await judgeRun({ run: join(run, 'nowhere') })).exitCode, 64);
});

test('false verdict 15: judge says of a selection what its run said, and does not guess of a plan that does not say', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-run-'));
  const own = join(folder, 'histories');
  mkdirSync(own);
  const plan = { id: 'r2', environment: 'staging', scope: 'selection', planned: [] } as const;
  await writePlan(own, plan);
  await writeEnd(own, { interrupted: null, restored: { actions: 0, failed: [], steadyAgain: null } });
  const said = t.mock.method(process.stdout, 'write', () => true);
  await judgeRun({ run: folder });
  said.mock.restore();
  assert.match(String(said.mock.calls[0]?.arguments[0]), /^staging: selection of 0: inconclusive/);
  const older = JSON.stringify({ kind: 'plan', schema: 1, id: 'r1', environment: 'staging', checks: [] });
  writeFileSync(join(own, 'run.ndjson'), `${older}\n`);
  assert.equal((await judgeRun({ run: folder })).exitCode, 2);
  rmSync(folder, { recursive: true });
});
