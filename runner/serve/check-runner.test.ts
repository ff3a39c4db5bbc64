import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import { emptyFolderIn } from '../../host/_testing/variable.ts';
import { Progress } from '../run/progress.ts';
import { RunState } from '../state/run-state.ts';
import { CheckRunner } from './check-runner.ts';
import type { RunnerParts } from './runner-parts.ts';

const environment = await loadEnvironment('local-small');

test('should undo what a check did though nothing that it started can be stopped, and say why afterwards', async (context) => {
  emptyFolderIn(context, 'PLUMBLINE_STATE');
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-abandon-'));
  context.after(() => rmSync(folder, { recursive: true }));
  const restored: unknown[] = [];
  const ended: string[] = [];
  const report = { actions: 1, undone: [], failed: ['the node stays off'], conflicts: [] };
  const progress = new Progress({ write: () => undefined });
  const parts = {
    runState: new RunState({ environment, run: 'r', histories: folder, progress }),
    folder: { id: 'r', path: folder },
    cluster: { onCall: () => () => undefined },
    safety: {
      endCheck: (check: string) => ended.push(check),
      restore: (of: unknown) => (restored.push(of), Promise.resolve(report)),
    },
    signal: new AbortController().signal,
  };
  const runner = new CheckRunner(parts as unknown as RunnerParts);
  const stopped: string[] = [];
  const full = (what: string) => () => {
    assert.deepEqual(ended, ['c'], 'nothing begins for it any more');
    stopped.push(what);
    return Promise.reject(new Error(`${what}: ENOSPC: no space left on device`));
  };
  context.mock.method(runner.telemetry, 'stop', full('telemetry'));
  context.mock.method(runner.loads, 'stop', full('load'));
  context.mock.method(runner.clientLoads, 'stopAll', full('client load'));
  await runner.lock.acquire('c', 'exclusive', parts.signal);
  await assert.rejects(runner.abandon('c'), /^Error: telemetry: ENOSPC/);
  assert.deepEqual(stopped, ['telemetry', 'load', 'client load']);
  assert.deepEqual(restored, [{ check: 'c' }]);
  assert.deepEqual(runner.complaints, ['c: the node stays off']);
  // The next check gets its turn.
  await runner.lock.acquire('d', 'exclusive', AbortSignal.timeout(1_000));
  runner.application.close();
  progress.close();
});

test('should tell the check that judges restarts, and no other, why drills elsewhere are not known', async (context) => {
  emptyFolderIn(context, 'PLUMBLINE_STATE');
  const staging = await loadEnvironment('staging');
  const progress = new Progress({ write: () => undefined });
  const runState = new RunState({ environment: staging, run: 'r', histories: '', progress });
  const parts = { runState, cluster: { onCall: () => () => undefined } };
  const runner = new CheckRunner(parts as unknown as RunnerParts);
  const told = { drilled: [], drillsUnknown: 'it cannot be read (403)' };
  context.mock.method(runner.drills, 'told', () => told);
  const judging = 'topology/workloads/declared';
  runState.plan(planChecks(staging, { checks: [judging, 'topology/workloads/probes'] }));
  const { drilled, drillsUnknown } = runState.headerSource(judging).settings;
  assert.deepEqual({ drilled, drillsUnknown }, told);
  const other = runState.headerSource('topology/workloads/probes').settings;
  assert.deepEqual([other.drilled, other.drillsUnknown], [undefined, undefined]);
  runner.application.close();
  progress.close();
});
