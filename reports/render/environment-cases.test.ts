import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunRecord } from '../record/run-record.ts';
import { acceptedRun } from '../_testing/accepted.ts';
import { fixtureCheck, fixtureRecord } from './_testing/fixture.ts';
import { environmentCases } from './environment-cases.ts';
import { renderJunit } from './junit.ts';

const names = (record: RunRecord): string[] => environmentCases(record).map(({ name }) => name);

test('should be red for a run that is inconclusive for a reason of no check', () => {
  const passed = [fixtureCheck('topology/nodes/pools')];
  const record = fixtureRecord(passed, { interrupted: 'SIGINT' });
  assert.equal(record.verdict, 'inconclusive');
  const junit = renderJunit(record);
  assert.match(junit, /^<\?xml[^>]*>\n<testsuites name="plumbline local" tests="2" failures="0" errors="1"/);
  assert.match(
    junit,
    /<testsuite name="environment" tests="1" failures="0" errors="1"[^>]*>\s*<testcase classname="environment" name="the run itself" time="0.000"><error type="inconclusive" message="interrupted by SIGINT/,
  );
});

test('should be red for a required check that was not run', () => {
  const record = acceptedRun('inconclusive');
  assert.match(
    renderJunit(record),
    /name="the run itself"[^>]*><error type="inconclusive" message="topology\/cluster\/control-plane: required, but not run \(size small\)"/,
  );
});

test('should say nothing twice, and nothing of a run that met everything', () => {
  assert.deepEqual(names(acceptedRun('met')), []);
  assert.doesNotMatch(renderJunit(acceptedRun('met')), /<testsuite name="environment"/);
  assert.deepEqual(
    names(acceptedRun('not-met')),
    ['as it was before'],
    'the reasons of checks are in their own cases',
  );
  const failed = fixtureRecord([fixtureCheck('a/b/c', { verdict: 'fail', reason: 'gone' })]);
  assert.deepEqual([failed.verdict, names(failed)], ['fail', []], 'a plain failing check');
  const restored = { actions: 1, failed: ['x'], steadyAgain: true, unseen: ['the edge: no answer'] };
  const [broken, ofRun] = environmentCases(fixtureRecord([fixtureCheck('a/b/c')], { restored }));
  assert.deepEqual(broken?.texts, ['not restored: x']);
  assert.deepEqual(ofRun?.texts, ['could not be observed after the run: the edge: no answer']);
});
