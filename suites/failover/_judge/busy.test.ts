import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Pressure } from '../../../reports/record/pressure.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { judgeFailover } from './index.ts';
import { Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';
import { MOST_OTHERS } from '../../../reports/record/pressure.ts';
import { busyText, excused } from '../../../reports/judge/busy.ts';

const shares = (mean: number) => ({ mean, most: mean });
const pressure = (others: number | null): Pressure => ({
  cpu: shares(0.9),
  memory: shares(0),
  io: shares(0),
  spanMs: 60_000,
  others: others === null ? null : shares(others),
});
const late: Rule = { id: 'rto', verdict: 'fail', text: 'RTO 52 s, goal 15 s', ofTime: true };
const lost: Rule = { id: 'lost-writes', verdict: 'fail', text: 'lost 3 acknowledged writes' };
const met: Rule = { id: 'rto', verdict: 'pass', text: 'the RTO is within its goal' };

describe('a machine that is too busy', () => {
  it('should leave a missed goal of time undecided, and say why', () => {
    const [rule] = excused([late], { pressure: pressure(MOST_OTHERS + 0.1) });
    assert.equal(rule?.verdict, 'inconclusive');
    assert.match(rule.text, /^RTO 52 s, goal 15 s; the machine was too busy to judge a goal of time/);
  });

  it('should say of the nodes of a cluster that it was they', () => {
    const text = busyText({ ...pressure(0.5), nodes: 3 });
    assert.equal(
      text,
      'the nodes were too busy to judge a goal of time: other processes took 50 % of the cores (limit 25 %)',
    );
  });

  it('should excuse nothing else, and take nothing that was met away', () => {
    const rules = [lost, met];
    assert.deepEqual(excused(rules, { pressure: pressure(1) }), rules);
  });

  it('should excuse nothing on a machine that was free enough, or of which nobody knows', () => {
    for (const measured of [pressure(MOST_OTHERS), pressure(null), null, undefined])
      assert.deepEqual(excused([late], { pressure: measured ?? null }), [late]);
    assert.equal(busyText(undefined), null);
  });
});

describe('verdicts on a machine that is too busy', () => {
  const slow = () => new Synthetic({ goals: { rtoSeconds: 1, lostWrites: 0 } }).readBack();
  const rto = (trial: Synthetic, busy: number) =>
    judgeFailover([{ ...trial.history(), pressure: pressure(busy) }]).trials?.[0]?.rules?.find(
      ({ id }) => id === 'rto',
    );

  it('should not fail a failover for an RTO', () => {
    assert.equal(rto(slow(), 0)?.verdict, 'fail');
    assert.equal(rto(slow(), 1)?.verdict, 'inconclusive');
    assert.match(rto(slow(), 1)?.text ?? '', /RTO .* goal 1 s; the machine was too busy/);
  });

  it('should fail a failover that loses writes all the same', () => {
    const history = slow()
      .readBack({ lost: [300] })
      .history();
    const judgement = judgeFailover([{ ...history, pressure: pressure(1) }]);
    assert.equal(judgement.verdict, 'fail', judgement.reason);
  });
});
