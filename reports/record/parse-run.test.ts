import assert from 'node:assert/strict';
import { it } from 'node:test';
import { acceptedRun } from '../_testing/accepted.ts';
import { parseRun } from './parse-run.ts';
import { RUN_SCHEMA } from './run-record.ts';

/** What records have had since version 4, and no more. */
const FOURTH = {
  schema: 4,
  id: '20261101T013000Z-staging-0000',
  command: 'npx plumbline run --env staging',
  environment: {
    name: 'staging',
    kind: 'staging',
    size: null,
    clusterUid: null,
    clusterVersion: null,
    nodes: null,
    file: null,
  },
  harness: { version: '0.1.0', commit: null, node: 'v24.0.0' },
  profile: 'nightly',
  scope: 'profile',
  interrupted: null,
  exitCode: 0,
  startedAt: '2026-11-01T01:30:00.000Z',
  endedAt: '2026-11-01T02:30:00.000Z',
  verdict: 'pass',
  sentence: 'staging: MET, 1 of 1 checks',
  reasons: [],
  assumedGoals: 0,
  notes: [],
  checks: [
    {
      id: 'topology/nodes/pools',
      suite: 'topology',
      title: 'Node pools',
      section: '5.1',
      goal: 'as declared',
      goalSource: 'none',
      required: true,
      built: true,
      stubbed: [],
      verdict: 'pass',
      reason: 'as declared',
      expected: '',
      seen: '',
      figures: [],
      findings: [],
      findingsTotal: 0,
      evidence: [],
      trials: [],
      steps: [{ title: 'list', durationMs: 4 }],
      startedAt: null,
      durationMs: 4,
      apiCalls: 1,
      history: null,
      rerun: '',
    },
  ],
  digests: [],
  apiCalls: { total: 1, byKind: {} },
  restored: { actions: 0, failed: [], steadyAgain: null },
};

it('false verdict 15: a record that does not say whether it is a whole profile is of another version, and is not read', () => {
  assert.throws(
    () => parseRun('{"schema":1,"profile":"gate"}'),
    /^OtherVersionError: a run record of version 1, and this Plumbline reads version 4/,
  );
  assert.throws(() => parseRun('{"schema":4}'), { name: 'DamagedRecordError' });
});

it('should say in one line what of a record cannot be read, and how much else', () => {
  const wrong = JSON.stringify({ ...acceptedRun('met'), verdict: 'green', notes: null });
  assert.throws(() => parseRun(wrong), {
    message: /^the run record is damaged: verdict: Invalid option: expected one of [^\n]*; and 1 more$/,
  });
  assert.throws(() => parseRun('{"schema":4,\n'), {
    message: /^the run record is damaged: [^\n]*JSON[^\n]*$/,
  });
});

it('should take a new version for what is new in every record: those of this one are baselines of later nights', () => {
  assert.equal(RUN_SCHEMA, 4, 'put what records of the new version have at least in the place of FOURTH');
  assert.equal(parseRun(JSON.stringify(FOURTH)).id, FOURTH.id);
});
