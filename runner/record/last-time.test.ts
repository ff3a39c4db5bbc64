import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import { fixtureCheck, fixtureRecord } from '../../reports/render/_testing/fixture.ts';
import type { CheckResult } from '../../reports/record/run-record.ts';
import { lastTimes } from './last-time.ts';

const CHECK = 'topology/nodes/pools';
const OWN = '20261127T120000Z-local-small-0000';

test('how long a check took comes from the newest record of the environment that holds it', async (context) => {
  const parent = mkdtempSync(join(tmpdir(), 'plumbline-last-'));
  context.after(() => {
    rmSync(parent, { recursive: true });
  });
  const environment = await loadEnvironment('local-small');
  const planned = planChecks(environment, { checks: [CHECK] });
  const told = () => lastTimes({ parent, id: OWN }, environment, planned).get(CHECK);
  const put = (name: string, over: Partial<CheckResult>, size = 'small'): void => {
    const record = fixtureRecord([fixtureCheck(CHECK, { startedAt: '2026-11-27T12:00:00.000Z', ...over })]);
    mkdirSync(join(parent, name));
    writeFileSync(
      join(parent, name, 'run.json'),
      JSON.stringify({ ...record, environment: { ...record.environment, name: 'local-small', size } }),
    );
  };
  assert.equal(told(), undefined);
  put('20261127T100000Z-local-small-aaaa', {
    durationMs: 24,
    steps: [{ title: 'list the nodes', durationMs: 4 }],
  });
  assert.equal(told()?.checkMs, 24);
  assert.deepEqual([...(told()?.stepsMs ?? [])], [['list the nodes', 4]]);
  // Not run there, another size, another environment, no record, this very run: none of them counts.
  put('20261127T110000Z-local-small-bbbb', { durationMs: 99, verdict: 'inconclusive' });
  put('20261127T110100Z-local-small-cccc', { durationMs: 99 }, 'full');
  put('20261127T110200Z-local-dddd', { durationMs: 99 });
  put('20261127T110300Z-local-small-controls-eeee', { durationMs: 99 });
  mkdirSync(join(parent, '20261127T110400Z-local-small-ffff'));
  put(OWN, { durationMs: 99 });
  assert.equal(told()?.checkMs, 24);
  put('20261127T110500Z-local-small-9999', { durationMs: 30 });
  assert.equal(told()?.checkMs, 30);
});
