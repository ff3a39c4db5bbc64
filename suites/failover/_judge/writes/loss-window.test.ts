import { describe, it } from 'node:test';
import assert from 'node:assert/strict';
import { failoverRecord, judgeFailover } from '../index.ts';
import { isPresent } from './loss-window.ts';
import { said, START, Synthetic } from '../../../../reports/judge/failover/_testing/synthetic.ts';

const judge = (trial: Synthetic) => failoverRecord(trial.history());
const goals = { rtoSeconds: 30, lossWindowBeyondFailover: 'min-replicas-max-lag', minTrials: 1 };
/** The outage lasts 2 s, so that a leader that was cut off may acknowledge for 4 s. */
const cutOff = () =>
  new Synthetic({ goals }).see(-100, 'governing', {
    name: 'min-replicas-max-lag',
    value: '2',
    source: 'CONFIG GET',
  });

describe('a loss window that follows from the failover and a setting', () => {
  it('should allow what a leader that was cut off can have acknowledged', () => {
    const record = judge(cutOff().readBack({ lost: [650, 990] }));
    assert.equal(record.lossWindowMs, 1700);
    assert.equal(record.verdict, 'pass', record.reason);
  });

  it('should fail for a single write that was acknowledged long before the fault', () => {
    const record = judge(cutOff().readBack({ lost: [300] }));
    assert.equal(record.verdict, 'fail');
    assert.match(
      said(record),
      /acknowledged 3\.5\d* s before the fault, which explains losses of at most 2 s/,
    );
  });

  it('should fail for writes that the new leader had acknowledged after the failover', () => {
    const record = judge(cutOff().readBack({ lost: [2600, 2700] }));
    assert.equal(record.verdict, 'fail');
    assert.match(
      said(record),
      /acknowledged 8\.4\d* s after the fault, which explains losses of at most 4\.\d+ s/,
    );
  });

  it('should fail for more', () => {
    const record = judge(cutOff().readBack({ lost: [150, 990] }));
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /over 4200 ms, the allowed loss window is 40\d\d ms: number 150, 990/);
  });

  it('should grow with no outage beyond its goal', () => {
    const outages: [number, number][] = [
      [5_000, 2_000],
      [8_000, 20_000],
    ];
    const slow = new Synthetic({ goals: { ...goals, rtoSeconds: 10 }, lengthMs: 40_000, outages })
      .see(-100, 'governing', { name: 'min-replicas-max-lag', value: '2', source: 'CONFIG GET' })
      .readBack({ lost: [5700] });
    const rule = judge(slow).rules?.find(({ id }) => id === 'loss-around-fault');
    assert.equal(rule?.verdict, 'fail', rule?.text);
    assert.match(rule.text, /acknowledged 23\.\d+ s after the fault, which explains losses of at most 12 s/);
  });

  it('should give way to a number that the environment states', () => {
    const strict = new Synthetic({ goals: { ...goals, lossWindowSeconds: 1 } })
      .see(-100, 'governing', { name: 'min-replicas-max-lag', value: '2', source: 'CONFIG GET' })
      .readBack({ lost: [300, 990] });
    const record = judge(strict);
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /over 3450 ms, the allowed loss window is 1000 ms/);
  });

  it('should claim nothing where the setting is not known', () => {
    const record = judge(new Synthetic({ goals }).readBack({ lost: [300, 990] }));
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /no goals for RTO and lost writes/);
  });

  it('should be told with the goal and the figures', () => {
    const judgement = judgeFailover([cutOff().history()]);
    assert.match(judgement.expected, /within the time of failover \+ min-replicas-max-lag/);
    const figure = judgement.figures.find(({ name }) => name === 'longest loss window');
    assert.equal(figure?.goal, '≤ failover + min-replicas-max-lag');
  });

  it('should not count what was lost again as a stale read, but what is there', () => {
    const read = (detail: string) => {
      const sent = START + 6_990;
      return { n: 1, intended: sent, sent, done: sent + 1, outcome: 'ok' as const, detail };
    };
    const lost = [999, 1000];
    const unaware = cutOff().readBack({ lost });
    unaware.reads.push(read('998'));
    assert.equal(judge(unaware).verdict, 'pass', judge(unaware).reason);
    const stale = cutOff().readBack({ lost });
    stale.reads.push(read('997'));
    assert.match(said(judge(stale)), /1 read on the primary missed an acknowledged write/);
  });
});

it('should find a number among ranges', () => {
  const contents = {
    present: [
      [1, 3],
      [7, 7],
      [9, 12],
    ] as [number, number][],
  };
  const found = Array.from({ length: 14 }, (_, n) => n).filter((n) =>
    isPresent(contents as Parameters<typeof isPresent>[0], n),
  );
  assert.deepEqual(found, [1, 2, 3, 7, 9, 10, 11, 12]);
});
