import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { composeRun, reasonLine, whyTitle } from './compose.ts';
import type { ComposeContext } from './compose.ts';
import type { CheckResult } from './run-record.ts';
import type { Verdict } from './verdict.ts';

let serial = 0;

function check(verdict: Verdict, over: Partial<CheckResult> = {}): CheckResult {
  return {
    id: `topology/subject/check-${++serial}`,
    suite: 'topology',
    title: 'a check',
    section: '5.1',
    goal: 'a goal',
    goalSource: 'assumed',
    required: false,
    built: true,
    stubbed: [],
    verdict,
    reason: verdict === 'not-run' ? 'not permitted' : 'because',
    expected: '',
    seen: '',
    figures: [],
    findings: [],
    findingsTotal: 0,
    evidence: [],
    trials: [],
    steps: [],
    startedAt: null,
    durationMs: 0,
    apiCalls: 0,
    history: null,
    rerun: '',
    ...over,
  };
}

const many = (count: number, verdict: Verdict, over: Partial<CheckResult> = {}): CheckResult[] =>
  Array.from({ length: count }, () => check(verdict, over));
const environment = 'local';
const scope = 'profile';

describe('composeRun', () => {
  it('should be met with fractions when everything that ran passed', () => {
    const checks = [
      ...many(15, 'pass'),
      ...many(57, 'not-run', { reason: 'not written yet', built: false }),
      ...many(4, 'not-run'),
    ];
    assert.deepEqual(composeRun(checks, { environment, scope }), {
      verdict: 'pass',
      reasons: [],
      sentence: 'local: MET, 15 of 15 checks, 61 not run (57 not written yet)',
      exitCode: 0,
    });
  });

  it('should be not met when one failed, whatever is inconclusive beside it', () => {
    const broken = check('fail', { id: 'topology/nodes/pools', reason: 'gpu pool: 0 of 1 Ready' });
    const got = composeRun([...many(41, 'pass'), check('inconclusive'), broken], {
      environment: 'staging',
      scope,
    });
    assert.equal(got.verdict, 'fail');
    assert.equal(got.exitCode, 1);
    assert.equal(got.sentence, 'staging: NOT MET, 41 of 43 checks, 1 failed, 1 inconclusive');
    assert.equal(reasonLine(got.reasons[0]!), 'topology/nodes/pools: gpu pool: 0 of 1 Ready');
  });

  it('should be inconclusive when the worst is inconclusive', () => {
    const got = composeRun([...many(3, 'pass'), check('inconclusive')], { environment, scope });
    assert.equal(got.verdict, 'inconclusive');
    assert.equal(got.exitCode, 2);
    assert.equal(got.sentence, 'local: INCONCLUSIVE, 3 of 4 checks, 1 inconclusive');
  });

  it('should be inconclusive when a required check was not run, naming it', () => {
    const missing = check('not-run', {
      id: 'failover/postgres/pod-crash',
      required: true,
      reason: 'not permitted',
    });
    const got = composeRun([...many(3, 'pass'), missing], { environment, scope });
    assert.equal(got.verdict, 'inconclusive');
    assert.equal(got.sentence, 'local: INCONCLUSIVE, 3 of 3 checks, 1 not run (1 required)');
    assert.deepEqual(got.reasons.map(reasonLine), [
      'failover/postgres/pod-crash: required, but not run (not permitted)',
    ]);
  });

  it('should have no reason beside those of its checks where all of them failed or are inconclusive', () => {
    for (const verdict of ['fail', 'inconclusive'] as const) {
      const got = composeRun([check(verdict, { id: 'a/b/c' })], { environment, scope });
      assert.equal(got.verdict, verdict);
      assert.deepEqual(got.reasons, [{ check: 'a/b/c', text: 'because' }]);
    }
  });

  it('should be inconclusive when nothing was run', () => {
    assert.deepEqual(composeRun([], { environment, scope }).reasons.map(reasonLine), ['no check was run']);
    assert.equal(composeRun([], { environment, scope }).exitCode, 2);
    const got = composeRun(many(2, 'not-run'), { environment, scope });
    assert.equal(got.verdict, 'inconclusive');
    assert.equal(got.sentence, 'local: INCONCLUSIVE, 0 of 0 checks, 2 not run');
  });

  it('should not let a missing required check soften a failure', () => {
    const got = composeRun([check('fail'), check('not-run', { required: true })], { environment, scope });
    assert.equal(got.verdict, 'fail');
    assert.equal(got.exitCode, 1);
  });

  it('should exit 129, 130 and 143 for an interrupted run, and never call it met', () => {
    for (const [interrupted, code] of [
      ['SIGHUP', 129],
      ['SIGINT', 130],
      ['SIGTERM', 143],
    ] as const) {
      const got = composeRun(many(2, 'pass'), { environment, scope, interrupted });
      assert.equal(got.exitCode, code);
      assert.equal(got.verdict, 'inconclusive');
      assert.match(got.sentence, new RegExp(`interrupted by ${interrupted}$`));
    }
  });

  it('should never call a run met in which the harness failed, interrupted or not', () => {
    for (const interrupted of [null, 'SIGINT']) {
      const harnessFailure = 'The harness failed: no space left';
      const got = composeRun(many(2, 'pass'), { environment, scope, interrupted, harnessFailure });
      assert.deepEqual([got.verdict, got.exitCode], ['inconclusive', 3]);
      assert.equal(got.reasons.map(reasonLine)[0], 'The harness failed: no space left');
      assert.match(got.sentence, /^local: INCONCLUSIVE, 2 of 2 checks, the harness failed/);
    }
  });

  it('false verdict 25: what could not be undone, or did not come back, fails the run and comes first', () => {
    const restored = { actions: 2, failed: ['uncordon local-worker-1'], steadyAgain: false };
    const odd = check('inconclusive', { id: 'topology/nodes/pools', reason: 'not seen' });
    const got = composeRun([...many(2, 'pass'), odd], { environment, scope, restored });
    assert.equal(got.verdict, 'fail');
    assert.equal(got.exitCode, 1);
    assert.deepEqual(got.reasons.map(reasonLine), [
      'not restored: uncordon local-worker-1',
      'the environment was not steady again after the run',
      'topology/nodes/pools: not seen',
    ]);
    assert.equal(
      got.sentence,
      'local: NOT MET, ENVIRONMENT LEFT BROKEN (not restored: uncordon local-worker-1; and 1 more), 2 of 3 checks, 1 inconclusive',
    );
    const unsteady = { actions: 2, failed: [], steadyAgain: false };
    assert.equal(composeRun(many(2, 'pass'), { environment, scope, restored: unsteady }).exitCode, 1);
  });

  it('false verdict 25: an interrupted run that left something broken is a fail, with the exit code of its signal', () => {
    const restored = { actions: 1, failed: ['the power of worker-1'], steadyAgain: null };
    const got = composeRun(many(2, 'pass'), { environment, scope, interrupted: 'SIGTERM', restored });
    assert.deepEqual([got.verdict, got.exitCode], ['fail', 143]);
    assert.match(
      got.sentence,
      /^local: NOT MET, ENVIRONMENT LEFT BROKEN \(not restored: the power of worker-1\)/,
    );
  });

  it('false verdict 25: what could not be looked at afterwards is inconclusive, and no fail', () => {
    const restored = {
      actions: 1,
      failed: [],
      steadyAgain: true,
      unseen: ['whether every node is back: no answer'],
    };
    const got = composeRun(many(2, 'pass'), { environment, scope, restored });
    assert.deepEqual([got.verdict, got.exitCode], ['inconclusive', 2]);
    assert.deepEqual(got.reasons.map(reasonLine), [
      'could not be observed after the run: whether every node is back: no answer',
    ]);
  });

  it('false verdict 15: a selection is never met: it passed, failed or is inconclusive, with the exit code of its worst', () => {
    const of = (checks: CheckResult[]): [string, number] => {
      const { sentence, exitCode } = composeRun(checks, { environment, scope: 'selection' });
      return [sentence, exitCode];
    };
    assert.deepEqual(of(many(1, 'pass')), ['local: selection of 1: passed, 1 of 1 checks', 0]);
    assert.deepEqual(of([...many(2, 'pass'), check('fail')]), [
      'local: selection of 3: failed, 2 of 3 checks, 1 failed',
      1,
    ]);
    assert.deepEqual(of([...many(1, 'pass'), check('inconclusive')]), [
      'local: selection of 2: inconclusive, 1 of 2 checks, 1 inconclusive',
      2,
    ]);
    assert.deepEqual(
      of([...many(1, 'pass'), ...many(1, 'not-run', { reason: 'not written yet', built: false })]),
      ['local: selection of 2: passed, 1 of 1 checks, 1 not run (1 not written yet)', 0],
    );
    assert.equal(of(many(2, 'not-run'))[1], 2);
  });

  it('should say of a run that only read how many looked and what became of them, of no selection', () => {
    const of = (checks: CheckResult[], more: Partial<ComposeContext> = {}): [string, number] => {
      const { sentence, exitCode } = composeRun(checks, {
        environment: 'staging',
        scope: 'selection',
        readOnly: true,
        ...more,
      });
      return [sentence, exitCode];
    };
    const left = many(104, 'not-run');
    assert.deepEqual(of([...many(4, 'pass'), check('fail'), check('inconclusive'), ...left]), [
      'staging, read only: failed; 6 of 110 checks looked: 4 passed, 1 failed, 1 inconclusive',
      1,
    ]);
    assert.deepEqual(of([...many(1, 'pass'), check('not-run', { required: true })]), [
      'staging, read only: inconclusive; 1 of 2 checks looked: 1 passed, 1 required and not run',
      2,
    ]);
    assert.deepEqual(of(many(1, 'pass'), { interrupted: 'SIGINT' }), [
      'staging, read only: inconclusive; 1 of 1 checks looked: 1 passed, interrupted by SIGINT',
      130,
    ]);
    assert.deepEqual(of(left, { blocked: 'no route' }), [
      'staging, read only: inconclusive, the environment cannot be asked (no route); 0 of 104 checks looked',
      2,
    ]);
  });

  it('should title the reasons by what they are for', () => {
    assert.equal(whyTitle({ verdict: 'inconclusive', scope: 'profile' }), 'Why not met');
    assert.equal(whyTitle({ verdict: 'fail', scope: 'selection' }), 'Why it failed');
    assert.equal(whyTitle({ verdict: 'inconclusive', scope: 'selection' }), 'Why it is inconclusive');
  });
});
