import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addFaultFacts } from '../../../reports/record/facts/fault-facts.ts';
import { failoverRecordSchema } from '../../../reports/record/run-record.ts';
import { failoverRecord } from './index.ts';
import { armedFor, said, START, Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

const judge = (trial: Synthetic) => failoverRecord(trial.history());
const roles = (after: string) => [{ store: 'postgres', before: 'leader, replica; steady', after }];

describe('the context of a record', () => {
  it('should say who asked, with which settings, and which errors are definite failures', () => {
    const record = judge(new Synthetic());
    assert.deepEqual(record.clientLoad, {
      client: 'test',
      ratePerSecond: 200,
      readRatePerSecond: 20,
      definiteFailures: ['25006: read-only'],
      settings: [
        { name: 'operationTimeoutMs', value: '1000' },
        { name: 'connectTimeoutMs', value: '100' },
        { name: 'waitTimeoutMs', value: '500' },
        { name: 'connections', value: '12' },
        { name: 'maxConnections', value: '16' },
        { name: 'host', value: '198.18.128.32' },
        { name: 'port', value: '5432' },
        { name: 'scheduling', value: 'niceness 0' },
      ],
    });
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    assert.equal(record.expectedFrom, 'ttl + loop_wait');
  });

  it('should place its zero on the wall clock', () => {
    // The fault landed 5,002 ms after the anchor.
    assert.equal(judge(new Synthetic()).zeroAt, '2026-01-01T00:00:05.002Z');
  });

  it('should remark a single member, and what the trial itself remarks, once each', () => {
    const trial = new Synthetic({ settings: { members: 1, rtoDeadlineMs: 60_000 } })
      .see(1, 'remark', { text: 'power loss is simulated' })
      .see(2, 'remark', { text: 'power loss is simulated' });
    const remarks = judge(trial).remarks ?? [];
    assert.equal(remarks.length, 2);
    assert.match(remarks[0] ?? '', /one member/);
  });
});

describe('several leaders during a trial', () => {
  const several = (wrote: string[], more: { uncounted?: string[]; byDesign?: string } = {}) =>
    judge(
      new Synthetic().see(9000, 'several-leaders', {
        leaders: ['postgres-0', 'postgres-1'],
        wrote,
        ...more,
        betweenMs: [START + 4000, START + 9000],
      }),
    );

  it('should fail where both completed writes, whatever was lost of them', () => {
    const { verdict, reason } = several(['postgres-0', 'postgres-1']);
    assert.equal(verdict, 'fail');
    assert.match(reason, /took writes at the same time: postgres-0 and postgres-1 within 5 s/);
  });

  it('should not say that none did where the writes of one could not be counted', () => {
    const { verdict, reason } = several(['postgres-1'], { uncounted: ['postgres-0'] });
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /whether postgres-0 took writes while another member led could not be seen/);
  });

  it('should only tell it, with the reason, where it is by design', () => {
    const both = ['postgres-0', 'postgres-1'];
    const byDesign = 'a master takes writes until it learns of another';
    for (const more of [{ byDesign }, { byDesign, uncounted: ['postgres-0'] }]) {
      const { verdict, reason, rules, remarks } = several(both, more);
      assert.equal(verdict, 'pass', reason);
      assert.equal(
        rules?.find(({ id }) => id === 'one-leader/meanwhile'),
        undefined,
      );
      assert.match(
        remarks?.join() ?? '',
        /for 5 s; writes .* on postgres-0, postgres-1: a master takes writes/,
      );
    }
    assert.doesNotMatch(several([], { byDesign }).remarks?.join() ?? '', /a master takes writes/);
  });

  it('should state the rule only where each member was asked whether it leads', () => {
    const stated = (trial: Synthetic) =>
      judge(trial).rules?.find(({ id }) => id === 'one-leader/meanwhile')?.verdict;
    assert.equal(stated(new Synthetic()), undefined, 'a manager was asked who leads');
    assert.equal(stated(new Synthetic().see(9000, 'leaders-asked', { looks: 80 })), 'pass');
  });

  it('should remark one that had not stepped down and took none', () => {
    const { verdict, remarks, reason } = several(['postgres-1']);
    assert.equal(verdict, 'pass', reason);
    assert.match(
      remarks?.join() ?? '',
      /postgres-0 and postgres-1 led at the same time for 5 s; writes of clients were seen on postgres-1/,
    );
  });
});

addFaultFacts('node-loss', { heals: false, takesNode: true });

describe('the steady state afterwards', () => {
  it('should pass when leaders changed but roles are the same multiset', () => {
    const trial = new Synthetic().see(17_000, 'as-before', {
      roles: roles('leader, replica; steady'),
      objects: 41,
      differences: [],
    });
    const record = judge(trial);
    assert.equal(record.verdict, 'pass', record.reason);
    assert.deepEqual(record.afterwards, {
      steady: true,
      detail: 'all there',
      roles: roles('leader, replica; steady'),
      objects: 41,
      differences: [],
    });
  });

  it('should fail when a role is missing', () => {
    const trial = new Synthetic().see(17_000, 'as-before', {
      roles: roles('leader; steady'),
      objects: 41,
      differences: [],
    });
    const record = judge(trial);
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /postgres was leader, replica; steady, is leader; steady/);
  });

  it('should be inconclusive when only another store has changed, unless the fault took a node', () => {
    const redis = { store: 'redis', before: 'master, slave; steady', after: 'master; 0 of 1 follow' };
    const other = { roles: [...roles('leader, replica; steady'), redis], objects: 41, differences: [] };
    const judged = (trial: Synthetic) => judge(trial.see(17_000, 'as-before', other));
    const beside = judged(new Synthetic());
    assert.equal(beside.verdict, 'inconclusive');
    assert.match(
      said(beside),
      /of stores that the fault did not hit are not as before: redis was master, slave/,
    );
    const taken = new Synthetic({ check: 'failover/postgres/node-loss' })
      .without('fault-armed')
      .see(4_999, 'fault-armed', armedFor('node-loss', 'postgres-0'));
    const { rules = [] } = judged(taken);
    assert.equal(rules.find(({ id }) => id === 'afterwards/roles')?.verdict, 'fail');
  });

  it('should be inconclusive when an object differs, naming it', () => {
    const trial = new Synthetic().see(17_000, 'as-before', {
      roles: roles('leader, replica; steady'),
      objects: 41,
      differences: [
        {
          kind: 'Service',
          namespace: 'tender',
          name: 'postgres-primary',
          became: 'gone',
          text: 'Service tender/postgres-primary is gone',
        },
      ],
    });
    const record = judge(trial);
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /Service tender\/postgres-primary is gone/);
  });
});

describe('lag outside of outages', () => {
  it('should be inconclusive when the load was not delivered as stated, and not when only an outage delayed it', () => {
    const late = new Synthetic();
    for (const op of late.writes) if (op.n % 40 === 0) op.sent += 8;
    for (const op of late.writes) op.done = Math.max(op.done, op.sent + 0.1);
    const record = judge(late);
    assert.equal(record.verdict, 'inconclusive');
    assert.match(said(record), /8\.1 ms late \(p99\) outside of outages/);
    const inOutage = new Synthetic();
    for (const op of inOutage.writes) {
      const at = op.intended - START;
      if (at > 5_500 && at < 6_500) {
        op.sent += 8;
        op.done += 8;
      }
    }
    assert.equal(judge(inOutage).verdict, 'pass', judge(inOutage).reason);
  });
});

describe('a loss window as the goal', () => {
  const goals = { rtoSeconds: 30, lossWindowSeconds: 1 };
  it('should allow losses within it and say so', () => {
    const record = judge(new Synthetic({ goals }).readBack({ lost: [900, 950] }));
    assert.equal(record.verdict, 'pass', record.reason);
    assert.match(record.reason, /2 of 2800 acknowledged writes lost within 250 ms/);
  });
  it('should fail for losses over a longer time', () => {
    const record = judge(new Synthetic({ goals }).readBack({ lost: [150, 990] }));
    assert.equal(record.verdict, 'fail');
    assert.match(said(record), /over 4200 ms, the allowed loss window is 1000 ms: number 150, 990/);
  });
});
