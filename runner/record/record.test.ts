import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planChecks } from '../../suites/catalogue/index.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tempFolder } from '../../host/_testing/temp-folder.ts';
import { redactor } from '../../probes/redact.ts';
import { fixtureCheck, fixtureRecord } from '../../reports/render/_testing/fixture.ts';
import { assembleRecord, resultOf, writeRecord } from './record.ts';

test('should name the environment of a check as it must be typed, and keep the command of a drill', async () => {
  const [planned] = planChecks(await openEnvironment('local'), { checks: ['topology/nodes/pools'] });
  assert.ok(planned);
  const envOption = 'ops/staging.yaml';
  assert.equal(
    resultOf(planned, undefined, { envOption }).rerun,
    'npx plumbline run --env ops/staging.yaml --check topology/nodes/pools',
  );
  assert.equal(
    resultOf(planned, undefined, { envOption, readOnly: true }).rerun,
    'npx plumbline run --env ops/staging.yaml --check topology/nodes/pools --read-only',
  );
  assert.equal(
    resultOf(planned, undefined, { envOption }, 'npx plumbline drill x').rerun,
    'npx plumbline drill x',
  );
});

test('should say which checks a profile lets be not run, and why, where they could have run', async () => {
  const environment = await openEnvironment('local');
  const nightly = { checks: ['**'], required: [], minTrials: 1, optional: [] };
  const reason = 'the owners permit it now and then';
  const optional = [{ checks: ['topology/nodes/*', 'security/**'], reason }];
  const planned = planChecks(environment, { checks: ['topology/*/p*', 'security/**'] }).map((one) => ({
    ...one,
    required: one.row.id !== 'topology/nodes/pools',
    notRun: one.notRun ?? { by: 'not-permitted' as const, text: 'not permitted now' },
  }));
  const notes = (profile: string | null, scope: 'profile' | 'selection' = 'profile') =>
    assembleRecord({
      folder: { id: 'r', path: '', parent: '', histories: '' },
      command: '',
      profile,
      scope,
      planned,
      environment: {
        ...environment,
        profiles: { nightly: { ...nightly, optional }, gate: nightly },
      },
      startedAt: new Date(),
      interrupted: null,
      blocked: null,
      outcomes: new Map(),
      notes: [],
      cluster: null,
      apiCalls: { total: 0, byKind: {} },
      harnessFailure: null,
      restored: { actions: 0, failed: [], steadyAgain: null },
    }).notes;
  assert.deepEqual(notes('nightly'), [
    `Profile nightly lets 1 of its checks be not run, and they were not: topology/nodes/pools (${reason}).`,
  ]);
  assert.deepEqual([notes('gate'), notes(null), notes('nightly', 'selection')], [[], [], []]);
});

test('should quote in no report what looks like a token, or a part of a known secret', async (context) => {
  const path = tempFolder(context);
  const known = 'tulip?x7k2p:6f9cq8sdkfjh2';
  const text = `Bearer ${known} at /v3\nBearer opaque-4711\n`;
  const check = fixtureCheck('topology/nodes/pools', {
    verdict: 'fail',
    evidence: [{ source: 'logs tender/api', text }],
  });
  const folder = { id: 'r', path, parent: path, histories: path };
  const written = await writeRecord(fixtureRecord([check]), folder, redactor([known]));
  assert.equal(written.checks[0]?.evidence[0]?.text, 'Bearer *** at /v3\nBearer ***\n');
  for (const name of ['run.json', 'report.html', 'junit.xml']) {
    const report = readFileSync(join(path, name), 'utf8');
    assert.match(report, /Bearer \*\*\* at/, name);
    assert.doesNotMatch(report, /x7k2p|6f9cq8|4711/, name);
  }
});
