import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { aggregateTrials } from './trials.ts';

const GOALS = { rtoSeconds: 30, lostWrites: 0, minTrials: 1 };
const SUMS = {
  scheduled: 100,
  ok: 90,
  fail: 0,
  unknown: 10,
  unsent: 0,
  present: 90,
  lost: 0,
  recovered: 4,
  absent: 6,
  failAbsent: 0,
  unexpected: 0,
  duplicates: 0,
};

function trial(number: number, over: Partial<FailoverRecord> = {}): FailoverRecord {
  return {
    store: 'postgres',
    fault: 'pod-crash',
    trial: number,
    verdict: 'pass',
    reason: 'met its goals',
    startedAt: '2026-01-01T00:00:00.000Z',
    target: 'tender/postgres-0',
    landed: { proved: true, by: 'process gone', atMs: 0 },
    election: 'elsewhere',
    leaderBefore: 'postgres-0',
    leaderAfter: 'postgres-1',
    rto: { loMs: number * 1000 - 10, hiMs: number * 1000 },
    outages: [],
    outageTotalMs: 0,
    phases: [],
    writes: SUMS,
    lostNumbers: [],
    duplicateNumbers: [],
    lossWindowMs: null,
    generatorLagMs: { p50: 0, p99: 0, max: 0, atEdges: 0 },
    writesPerSecond: 200,
    strip: [],
    governing: [],
    expectedWindowMs: null,
    outsideExpected: 'unknown',
    ...over,
  };
}
const many = (count: number, over: Partial<FailoverRecord> = {}): FailoverRecord[] =>
  Array.from({ length: count }, (_, index) => trial(index + 1, over));
const figure = (judgement: ReturnType<typeof aggregateTrials>, name: string): unknown =>
  judgement.figures.find((one) => one.name === name)?.value;
const BOUND = 'share of trials that lose writes, upper 95 % bound';

describe('aggregateTrials', () => {
  it('should pass one trial that elected another leader, and claim no bound', () => {
    const got = aggregateTrials([trial(1)], GOALS);
    assert.equal(got.verdict, 'pass');
    assert.match(got.reason, /takes more trials to say/);
    assert.match(String(figure(got, BOUND)), /not claimed/);
    assert.equal(
      got.expected,
      'RTO ≤ 30 s; lost acknowledged writes ≤ 0; another leader elected in at least one trial; at least 1 trial',
    );
    assert.equal(got.seen, 'RTO 1 s, 0 acknowledged writes lost, another leader in 1 of 1 trials');
  });

  it('should give limits as limits, and not sell a wide range as a confirmation', () => {
    const since = { outages: 1, totalMs: { loMs: 900, hiMs: 1000 } };
    const got = aggregateTrials([trial(1, { sinceFault: since, outsideExpected: 'no' })], GOALS);
    const of = (name: string) => got.figures.find((one) => one.name === name);
    assert.equal(of('longest total of all outages in one trial')?.goal, '≤ 30');
    assert.equal(of('lost acknowledged writes')?.goal, '≤ 0');
    assert.equal(of('most outages seen in one trial')?.goal, undefined);
    assert.match(
      String(figure(got, 'RTO against the wide range that the settings allow')),
      /^inside in 1 of 1 trials: no contradiction, and little confirmation$/,
    );
  });

  it('should be inconclusive when every trial recovered in place', () => {
    const got = aggregateTrials([trial(1, { election: 'in place' })], GOALS);
    assert.equal(got.verdict, 'inconclusive');
    assert.match(got.reason, /^no trial elected another leader \(1 of 1 recovered in place\)/);
  });

  it('should count a recovery in place when another trial elected a leader', () => {
    const got = aggregateTrials([trial(1, { election: 'in place' }), trial(2)], GOALS);
    assert.equal(got.verdict, 'pass');
    assert.equal(figure(got, 'trials that recovered in place'), 1);
    assert.equal(figure(got, 'trials that elected another leader'), 1);
  });

  it('should ask for no election of a store with one member', () => {
    const one = [trial(1, { election: 'not applicable' })];
    assert.equal(aggregateTrials(one, { ...GOALS, electionRequired: false }).verdict, 'pass');
    assert.equal(aggregateTrials(one, GOALS).verdict, 'inconclusive');
  });

  it('should let the worst trial win and name it', () => {
    const bad = trial(7, {
      verdict: 'fail',
      reason: '3 acknowledged writes lost',
      writes: { ...SUMS, lost: 3 },
    });
    const open = trial(8, { verdict: 'inconclusive', reason: 'the fault did not land' });
    const got = aggregateTrials([...many(5), open, bad], GOALS);
    assert.equal(got.verdict, 'fail');
    assert.equal(got.reason, '1 of 7 trials failed: trial 7: 3 acknowledged writes lost');
    assert.equal(figure(got, 'lost acknowledged writes'), 3);
    assert.deepEqual(
      got.findings.map((finding) => finding.subject),
      ['trial 8', 'trial 7'],
    );
    assert.equal(got.findings[0]?.seen, 'not counted: the fault did not land');
    // 1 of 6 known trials lost something: Clopper–Pearson's upper bound is 58.2 %.
    assert.equal(figure(got, BOUND), 58.2);
  });

  it('should be inconclusive when one trial decided nothing, even beside passes', () => {
    const got = aggregateTrials(
      [...many(3), trial(4, { verdict: 'inconclusive', reason: 'read-back failed' })],
      GOALS,
    );
    assert.equal(got.verdict, 'inconclusive');
    assert.equal(got.reason, '1 of 4 trials were inconclusive: trial 4: read-back failed');
    assert.match(got.seen, /1 trials not counted$/);
  });

  it('should say of all trials what was lost, and of those that count how long it took and who led', () => {
    const lossy = trial(9, { verdict: 'inconclusive', reason: 'cut off', writes: { ...SUMS, lost: 2 } });
    const got = aggregateTrials([...many(5), { ...lossy, lossWindowMs: 340 }], {
      rtoSeconds: 30,
      lossWindowSeconds: 1,
    });
    assert.equal(
      got.seen,
      'worst RTO 5 s, 2 acknowledged writes lost, another leader in 5 of 5 trials, 1 trials not counted',
    );
    assert.equal(figure(got, 'lost acknowledged writes'), 2);
    assert.equal(figure(got, 'longest loss window'), 0.34);
    assert.equal(figure(got, BOUND), 58.2);
    // Losing none in a trial that does not count proves nothing.
    const lossless = trial(9, { verdict: 'inconclusive', reason: 'cut off' });
    assert.equal(figure(aggregateTrials([...many(5), lossless], GOALS), BOUND), 45.1);
    const alone = aggregateTrials([lossy], GOALS);
    assert.equal(alone.seen, '0 of 1 trials count, 2 acknowledged writes lost');
    assert.equal(figure(alone, 'lost acknowledged writes'), 2);
  });

  it('should take the RTO of a further path from the trials that hit somebody', () => {
    const paths = [{ name: 'direct', rto: { loMs: 1490, hiMs: 1500 }, outages: 1 }];
    const missed = trial(2, {
      verdict: 'fail',
      rto: null,
      reason: 'the role of a member changed',
      landed: { proved: false, by: 'the leader had moved', atMs: null, injected: false },
      paths: [{ name: 'direct', rto: null, rtoNote: 'no fault', outages: null }],
    });
    const got = aggregateTrials([trial(1, { paths }), missed], GOALS);
    assert.match(got.seen, /^worst RTO 1 s, by path direct 1\.5 s,/);
    assert.equal(figure(got, 'worst RTO by path direct'), 1.5);
  });

  it('should be inconclusive with fewer counted trials than the goal asks for', () => {
    const stopped = trial(3, { verdict: 'not-run', reason: 'the kill switch was set' });
    const got = aggregateTrials([...many(2), stopped], { ...GOALS, minTrials: 3 });
    assert.equal(got.verdict, 'inconclusive');
    assert.equal(got.reason, '2 of 3 trials count, the goal asks for 3');
    assert.equal(aggregateTrials([], GOALS).verdict, 'inconclusive');
  });

  it('should give median, worst and the bound of many trials', () => {
    const got = aggregateTrials(many(100), { ...GOALS, rtoSeconds: 120, minTrials: 100 });
    assert.equal(got.verdict, 'pass');
    assert.equal(figure(got, 'median RTO'), 50.5);
    assert.equal(figure(got, 'worst RTO'), 100);
    // 1 − 0.05^(1/100) = 2.95 %, rounded up: a bound is never rounded in its own favour.
    assert.equal(figure(got, BOUND), 3);
  });

  it('should not let a store that never came back look fast', () => {
    const gone = trial(2, { verdict: 'fail', reason: 'RTO > deadline', rto: null, writes: null });
    const got = aggregateTrials([trial(1), gone], GOALS);
    assert.equal(figure(got, 'worst RTO'), 'never steady again');
    assert.match(got.seen, /^RTO > deadline, 0 acknowledged writes lost \(1 of 2 trials not read back\)/);
    const alone = aggregateTrials([gone], GOALS);
    assert.equal(figure(alone, 'lost acknowledged writes'), null);
    assert.match(alone.seen, /writes not read back/);
    assert.equal(figure(got, BOUND), 'not claimed: that takes at least two trials');
  });

  it('should say of a trial that hit nobody that no fault was injected, not that it never came back', () => {
    const landed = { proved: false, by: 'it was not injected', atMs: null, injected: false };
    const none = trial(1, { verdict: 'fail', reason: 'roles are not as before', rto: null, landed });
    const got = aggregateTrials([none], GOALS);
    assert.equal(figure(got, 'worst RTO'), 'no fault was injected');
    assert.match(got.seen, /^no fault was injected, /);
  });

  it('should keep 50 findings and count all', () => {
    const got = aggregateTrials(many(80, { verdict: 'fail', reason: 'slow' }), GOALS);
    assert.deepEqual([got.findings.length, got.findingsTotal, got.trials?.length], [50, 80, 80]);
  });
});
