import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addFaultFacts } from '../../../reports/record/facts/fault-facts.ts';
import { failoverRecord, judgeFailover } from './index.ts';
import { armedFor, said, Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

const judge = (trial: Synthetic) => failoverRecord(trial.history());
const evict = (trial: Synthetic, ms: number, reason = 'EvictionByEvictionAPI', member = 'postgres-1') =>
  trial.see(ms, 'member-evicted', { member, uid: `uid-${member}`, reason, message: 'evicting' });

/** Ids of the rules that failed. */
const failed = (trial: Synthetic): string[] =>
  (judge(trial).rules ?? []).filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);

/** The leader crashes after 5 s, and 9 s after the start its successor is gone as well. */
const twice = (): Synthetic =>
  new Synthetic({
    lengthMs: 26_000,
    outages: [
      [5_000, 2_000],
      [9_000, 6_000],
    ],
    goals: { rtoSeconds: 8, lostWrites: 0, minTrials: 1, totalOutageSeconds: 5, outages: 1 },
  });

describe('a member that somebody else evicts in mid-trial', () => {
  it('should be no failure of the store, and be named with the reason', () => {
    assert.deepEqual(failed(twice()), ['rto', 'total-outage', 'outages']);
    const record = judge(evict(twice(), 8_000));
    assert.equal(record.verdict, 'inconclusive');
    assert.match(
      record.reason,
      /^somebody else evicted postgres-1 2\.998 s after the fault \(EvictionByEvictionAPI: evicting\)/,
    );
  });

  it('should open a trial that would have passed', () => {
    assert.equal(judge(new Synthetic()).verdict, 'pass');
    assert.equal(judge(evict(new Synthetic(), 8_000)).verdict, 'inconclusive');
  });

  it('should excuse no goal that had been missed before', () => {
    const goals = { rtoSeconds: 3, lostWrites: 0, minTrials: 1 };
    const slow = (): Synthetic => new Synthetic({ lengthMs: 26_000, outages: [[5_000, 8_000]], goals });
    assert.equal(judge(evict(slow(), 12_000)).verdict, 'fail');
    assert.equal(judge(evict(slow(), 6_000)).verdict, 'inconclusive');
  });

  it('should excuse a second outage after a failover within its goal', () => {
    const goals = { rtoSeconds: 3, lostWrites: 0, minTrials: 1, outages: 1 };
    const quick = (): Synthetic => {
      const outages: [number, number][] = [
        [5_000, 2_000],
        [14_000, 1_500],
      ];
      return new Synthetic({ lengthMs: 26_000, outages, goals });
    };
    assert.deepEqual(failed(quick()), ['total-outage', 'outages']);
    const record = judge(evict(quick(), 13_900));
    assert.equal(record.verdict, 'inconclusive');
    assert.match(
      said(record),
      /2 outages since the fault, goal 1; but somebody else evicted postgres-1 8\.898 s/,
    );
    assert.deepEqual(failed(evict(quick(), 14_100)), [], 'it is seen a little after it was ordered');
    assert.deepEqual(failed(evict(quick(), 15_000)), ['outages']);
  });

  it('should not excuse reads that never succeeded again', () => {
    const without = (): Synthetic => {
      const trial = new Synthetic();
      for (const read of trial.reads.filter(({ n }) => n > 100))
        Object.assign(read, { outcome: 'unknown', detail: 'not delivered' });
      return trial;
    };
    assert.deepEqual(failed(without()), ['reads']);
    assert.deepEqual(failed(evict(without(), 9_000)), ['reads']);
  });

  it('should not take an outage that it brought about for a part of the one before', () => {
    const goals = { rtoSeconds: 4, lostWrites: 0, minTrials: 1, totalOutageSeconds: 60 };
    const outages: [number, number][] = [
      [5_000, 2_000],
      [10_000, 3_000],
    ];
    const flapping = (): Synthetic => new Synthetic({ lengthMs: 26_000, outages, goals });
    assert.deepEqual(failed(flapping()), ['rto']);
    assert.deepEqual(failed(evict(flapping(), 9_900)), []);
  });

  it('should not excuse the RTO by a longer outage after the eviction, over or not', () => {
    const goals = { rtoSeconds: 3, lostWrites: 0, minTrials: 1 };
    const outages: [number, number][] = [
      [5_000, 8_000],
      [28_000, 10_000],
    ];
    for (const lengthMs of [50_000, 32_000]) {
      const slow = new Synthetic({ lengthMs, outages, goals });
      assert.deepEqual(failed(evict(slow, 27_500)), ['rto', 'total-outage']);
    }
  });

  it('should not excuse outages whose number and sum were too much before', () => {
    const goals = { rtoSeconds: 30, totalOutageSeconds: 2, outages: 1, lostWrites: 0, minTrials: 1 };
    const outages = [5_000, 7_000, 9_000, 11_000].map((from): [number, number] => [from, 1_000]);
    const many = (): Synthetic => new Synthetic({ lengthMs: 40_000, outages, goals });
    assert.deepEqual(failed(evict(many(), 25_000)), ['total-outage', 'outages']);
    assert.deepEqual(failed(evict(many(), 8_500)), ['outages'], 'two of them, of 2 s together');
    assert.deepEqual(failed(evict(many(), 6_500)), []);
  });

  it('should judge each path by its own outage', () => {
    const goals = { rtoSeconds: 3, lostWrites: 0, minTrials: 1 };
    const byProxy = (): Synthetic => {
      const trial = new Synthetic({ lengthMs: 40_000, outages: [[5_000, 1_000]], goals });
      trial.path('proxy', [[5_000, 9_000]]);
      return trial;
    };
    assert.deepEqual(failed(evict(byProxy(), 25_000)), ['path/proxy']);
    assert.deepEqual(failed(evict(byProxy(), 7_000)), []);
  });

  it('should excuse neither a lost write nor a doubled one', () => {
    for (const books of [{ lost: [3] }, { duplicates: [[3, 2]] as [number, number][] }])
      assert.equal(judge(evict(new Synthetic().readBack(books), 8_000)).verdict, 'fail');
  });

  it('should excuse roles and members that are not back, whenever it was and whatever came before', () => {
    const goals = { rtoSeconds: 3, lostWrites: 0, minTrials: 1 };
    const changed = [{ store: 'postgres', before: 'leader, 2 replicas', after: 'leader, 1 replica' }];
    const detail = 'postgres-2 is missing';
    const away = (): Synthetic => {
      const trial = new Synthetic({ goals }).without('steady-after', 'as-before');
      return trial
        .see(16_900, 'steady-after', { ok: false, leader: 'postgres-1', detail })
        .see(16_901, 'as-before', { roles: changed, objects: 41, differences: [] });
    };
    assert.deepEqual(failed(away()), ['afterwards/steady', 'afterwards/roles']);
    for (const ms of [7_500, 15_000, 16_850]) {
      const judgement = judgeFailover([evict(away(), ms, 'EvictionByEvictionAPI', 'postgres-2').history()]);
      assert.equal(judgement.verdict, 'inconclusive', `${ms}: ${judgement.reason}`);
      assert.match(judgement.reason, /somebody else evicted postgres-2/);
    }
  });

  it('should not open a trial whose writes had ended, nor excuse what they missed', () => {
    assert.equal(judge(evict(new Synthetic(), 16_850)).verdict, 'pass');
    assert.deepEqual(failed(evict(twice(), 26_850)), ['rto', 'total-outage', 'outages']);
    const neverBack = (): Synthetic =>
      new Synthetic({ outages: [[5_000, 20_000]] }).see(15_900, 'deadline', {
        rtoDeadlineMs: 9_000,
        detail: 'no write got through',
      });
    assert.deepEqual(failed(evict(neverBack(), 16_850)), ['recovered']);
    assert.deepEqual(failed(evict(neverBack(), 8_000)), []);
  });

  it('should know what a fault that evicts does itself', () => {
    addFaultFacts('evict', { heals: true, evicts: true });
    const by = (fault: string): Synthetic =>
      new Synthetic({ check: `failover/postgres/${fault}` })
        .without('fault-armed')
        .see(4_999, 'fault-armed', armedFor(fault, 'postgres-0'));
    const hit = (fault: string, member: string): string =>
      judge(evict(by(fault), 5_001, 'EvictionByEvictionAPI', member)).verdict;
    assert.equal(hit('evict', 'postgres-0'), 'pass');
    assert.equal(hit('evict', 'postgres-1'), 'inconclusive');
    assert.equal(hit('pod-crash', 'postgres-0'), 'inconclusive', 'a drain may take what a crash has hit');
  });

  it('should excuse members that are not back after the trial, whichever rule says so', () => {
    const away = (): Synthetic =>
      new Synthetic()
        .without('steady-after')
        .see(16_900, 'steady-after', { ok: false, leader: 'postgres-1', detail: 'postgres-1 is missing' });
    assert.equal(judgeFailover([away().history()]).verdict, 'fail');
    assert.equal(judgeFailover([evict(away(), 8_000).history()]).verdict, 'inconclusive');
  });

  it('should know what a lost node brings about itself', () => {
    addFaultFacts('node-loss', { heals: false, takesNode: true });
    const lost = (): Synthetic =>
      new Synthetic({ check: 'failover/postgres/node-loss' })
        .without('fault-armed')
        .see(4_999, 'fault-armed', armedFor('node-loss', 'postgres-0'));
    assert.equal(judge(lost()).verdict, 'pass');
    assert.equal(judge(evict(lost(), 8_000, 'DeletionByTaintManager')).verdict, 'pass');
    assert.equal(judge(evict(lost(), 8_000, 'EvictionByEvictionAPI', 'postgres-0')).verdict, 'pass');
    assert.equal(judge(evict(lost(), 8_000)).verdict, 'inconclusive');
  });
});
