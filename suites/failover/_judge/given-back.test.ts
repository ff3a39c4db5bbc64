import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failoverRecordSchema } from '../../../reports/record/run-record.ts';
import { failoverRecord, judgeFailover } from './index.ts';
import { armedFor, said, Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

/** Landed at 5,002 ms; a majority that is frozen is given back 30 s later. */
const RETURNED_MS = 35_002;

function frozen(outages: [number, number][], lengthMs = 70_000): Synthetic {
  return new Synthetic({
    check: 'failover/postgres/hang',
    lengthMs,
    outages,
    goals: { rtoSeconds: 15, lostWrites: 0, totalOutageSeconds: 60 },
    settings: { members: 3, rtoDeadlineMs: 60_000, failover: { target: 'majority' } },
  })
    .without('fault-armed')
    .see(4_999, 'fault-armed', armedFor('hang', 'postgres-0, postgres-1'))
    .see(5_001, 'fault-acted', { member: 'postgres-1', did: 'frozen' });
}
const returned = (trial: Synthetic): Synthetic => trial.see(RETURNED_MS, 'given-back');
const judge = (trial: Synthetic) => failoverRecord(trial.history());

describe('a majority that was given back', () => {
  it('should have the goal from then on, and say so', () => {
    const record = judge(returned(frozen([[5_000, 40_000]])));
    assert.equal(record.verdict, 'pass', record.reason);
    assert.match(record.remarks?.join() ?? '', /returned 30 s after the fault hit it.*count from its return/);
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    const late = judge(returned(frozen([[5_000, 47_000]])));
    assert.equal(late.verdict, 'fail');
    assert.match(said(late), /, goal 45 s \(30 s of it until the majority was returned\)/);
    assert.match(
      said(judge(frozen([[5_000, 40_000]]))),
      /, goal 15 s$/,
      'a history that does not tell of it',
    );
  });

  it('should fail for a second outage that is too long by itself, however long the first was allowed to be', () => {
    const twice = (forMs: number) =>
      judge(
        returned(
          frozen(
            [
              [5_000, 40_000],
              [52_000, forMs],
            ],
            90_000,
          ),
        ),
      );
    assert.equal(twice(14_000).verdict, 'pass', twice(14_000).reason);
    assert.equal(twice(20_000).verdict, 'fail');
    assert.match(said(twice(20_000)), /RTO (?:19\.9|20)\d* to 20\S* s, goal 15 s/);
  });

  it('should have the deadline from then on', () => {
    const gone = (lengthMs: number) => judge(returned(frozen([[5_000, 300_000]], lengthMs)));
    assert.match(said(gone(100_000)), /RTO > 90 s: writes did not succeed/);
    assert.doesNotMatch(said(gone(90_000)), /writes did not succeed/);
  });

  it('should not count what passed before the outage began', () => {
    const since = (lengthMs: number) => judge(returned(frozen([[15_000, lengthMs]])));
    assert.equal(since(34_000).verdict, 'pass');
    assert.match(said(since(36_000)), /goal 35\.0\d* s \(20\.0\d* s of it/);
  });

  it('should count from an early end where the fault cost more than was estimated', () => {
    const early = returned(frozen([[5_000, 32_000]])).see(20_002, 'restored-early', { reason: 'too dear' });
    assert.match(said(judge(early)), /goal 30 s \(15 s of it/);
  });

  it('should prove nothing when the recording ended before', () => {
    const record = judge(frozen([[5_000, 40_000]]).cutAt(30_000));
    assert.equal(record.verdict, 'inconclusive');
    assert.equal(judge(frozen([[5_000, 100_000]]).cutAt(69_000)).verdict, 'inconclusive');
    assert.deepEqual(failoverRecordSchema.parse(record), record);
  });

  it('should be told of in the figures of a series', () => {
    const one = () => returned(frozen([[5_000, 40_000]])).history();
    const { verdict, expected, figures } = judgeFailover([one(), one()]);
    assert.equal(verdict, 'pass');
    assert.match(expected, /RTO ≤ 15 s from the return of the majority/);
    assert.equal(figures.find(({ name }) => name === 'worst RTO')?.goal, 45);
    // Each trial has its own goal, so no share of misses is reported.
    assert.equal(
      figures.some(({ name }) => name.includes('slower than the RTO goal')),
      false,
    );
  });
});
