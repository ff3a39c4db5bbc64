/** Records for tests that change one thing in them, made of those in `accepted/`. */
import { composeRun } from '../../record/compose.ts';
import type { CheckResult, FailoverRecord, RunRecord } from '../../record/run-record.ts';
import { acceptedRun } from '../../_testing/accepted.ts';
import { fixtureTrial, noise } from './fixture-trial.ts';

const MET = acceptedRun('met');

function acceptedCheck(id: string): CheckResult {
  const found = acceptedRun('not-met').checks.find((check) => check.id === id);
  if (found === undefined) throw new Error(`no accepted run has ${id}`);
  return found;
}

/** A check that passed, of a topology suite unless `over` says otherwise. */
export function fixtureCheck(id: string, over: Partial<CheckResult> = {}): CheckResult {
  const suite = id.split('/')[0] ?? id;
  return {
    ...acceptedCheck('topology/edge/path'),
    id,
    suite,
    title: id,
    required: suite === 'topology',
    stubbed: [],
    history: `histories/${id.replaceAll('/', '.')}`,
    rerun: `npx plumbline run --env local --check ${id}`,
    ...over,
  };
}

/** A check of PostgreSQL under a fault. */
export function fixtureFailover(fault: string, trials: FailoverRecord[]): CheckResult {
  const base = acceptedCheck('failover/postgres/pod-crash');
  const bad = trials.find((trial) => trial.verdict === 'fail');
  const verdict = bad === undefined ? 'pass' : 'fail';
  return { ...base, id: `failover/postgres/${fault}`, verdict, reason: bad?.reason ?? '', trials };
}

/** Everything else of a record, judged from its checks. */
export function fixtureRecord(checks: CheckResult[], over: Partial<RunRecord> = {}): RunRecord {
  const restored = over.restored ?? { actions: 4, failed: [], steadyAgain: true };
  const composed = composeRun(checks, {
    environment: 'local',
    scope: over.scope ?? 'profile',
    readOnly: over.readOnly,
    interrupted: over.interrupted ?? null,
    restored,
  });
  const assumedGoals = checks.filter((check) => check.goalSource === 'assumed').length;
  return { ...MET, ...composed, checks, assumedGoals, notes: [], restored, ...over };
}

/** A drill of many trials, some recovered in place, outages from 2 to 9 s. */
export function drillRecord(trials = 100): RunRecord {
  const records = Array.from({ length: trials }, (_, index) =>
    fixtureTrial({
      trial: index + 1,
      rtoMs: Math.round(2000 + 7000 * noise(index + 1) ** 2),
      election: noise(index + 500) < 0.18 ? 'in place' : 'elsewhere',
    }),
  );
  return fixtureRecord([fixtureFailover('pod-crash', records)], { profile: null });
}
