import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Observation } from '../../../reports/record/history/history.ts';
import { failoverRecordSchema } from '../../../reports/record/run-record.ts';
import { failoverRecord, judgeFailover } from './index.ts';
import { said, START, Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

function recordWith(outline: ConstructorParameters<typeof Synthetic>[0], ...more: Observation[]) {
  const trial = new Synthetic(outline).without(...more.map(({ kind }) => kind));
  trial.observations = [...trial.observations, ...more].sort((a, b) => a.t - b.t);
  return failoverRecord(trial.history());
}
const at = (ms: number, kind: string, fields: Record<string, unknown> = {}) =>
  ({ kind, t: START + ms, ...fields }) as Observation;

describe('what a trial cost', () => {
  it('should say where it spent its time, by stages that end where the next begins', () => {
    const record = recordWith(
      {},
      at(0, 'stage', { name: 'steady before' }),
      at(4_900, 'stage', { name: 'fault' }),
      at(5_100, 'stage', { name: 'recovery' }),
      at(16_000, 'stage', { name: 'read-back' }),
    );
    assert.deepEqual(record.spentMs, {
      'steady before': 4_900,
      fault: 200,
      recovery: 10_900,
      'read-back': 901,
    });
    assert.deepEqual(failoverRecordSchema.parse(record), record);
  });

  it('should keep the price in error budget, estimated and spent', () => {
    const estimate = { from: 'window', outageMs: 28_000, estimateMs: 14_000, share: 0.5 };
    const more = { derivation: 'ttl + loop_wait', enforced: true };
    const record = recordWith(
      {},
      at(4_900, 'budget-estimate', { ...estimate, ...more }),
      at(15_000, 'budget-spent', { spentMs: 1_000, longestOutageMs: 2_000 }),
    );
    assert.deepEqual(record.budget, {
      estimateMs: 14_000,
      share: 0.5,
      ...more,
      spentMs: 1_000,
      longestOutageMs: 2_000,
      restoredEarly: null,
    });
    assert.equal(record.verdict, 'pass');
  });

  it('should not pass a trial that was helped, and fail it where the goal was missed before that', () => {
    const estimate = at(4_900, 'budget-estimate', {
      estimateMs: 1_000,
      share: 1,
      derivation: 'd',
      enforced: true,
    });
    const early = at(6_100, 'restored-early', { reason: 'the outage of 1100 ms passed the estimate' });
    const helped = recordWith({}, estimate, early);
    assert.equal(helped.verdict, 'inconclusive');
    assert.match(said(helped), /undone early \(the outage of 1100 ms passed the estimate\)/);
    assert.equal(helped.budget?.restoredEarly, 'the outage of 1100 ms passed the estimate');
    const goals = { rtoSeconds: 1, lostWrites: 0 };
    assert.equal(recordWith({ goals }, estimate, early).verdict, 'fail');
  });
});

describe('a trial that was cut off', () => {
  it('should be listed and not counted', () => {
    const whole = new Synthetic();
    whole.observations = whole.observations.filter(({ kind }) => kind !== 'end');
    const record = failoverRecord(whole.history());
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /^cut off: the history has no end/);
  });

  it('should say why no fault was injected where that ended it', () => {
    const refused = new Synthetic();
    refused.observations = refused.observations.filter(({ kind }) => kind !== 'end');
    refused.observations.push(at(20_000, 'no-fault', { reason: 'not permitted: its permit ended' }));
    assert.match(failoverRecord(refused.history()).reason, /^cut off: not permitted: its permit ended/);
  });

  it('should hold back its series', () => {
    const open = new Synthetic();
    open.observations = open.observations.filter(({ kind }) => kind !== 'end');
    const { verdict, reason } = judgeFailover([new Synthetic().history(), open.history()]);
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /trial 1: cut off: the history has no end/);
  });

  it('should fail all the same for what was proved before', () => {
    const lost = new Synthetic().readBack({ lost: [500] });
    lost.observations = lost.observations.filter(({ kind }) => kind !== 'end');
    assert.equal(failoverRecord(lost.history()).verdict, 'fail');
  });
});
