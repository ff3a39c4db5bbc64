import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failoverRecord } from '../index.ts';
import { Synthetic } from '../../../../reports/judge/failover/_testing/synthetic.ts';

const master = (t: number, leader: string) =>
  ({ kind: 'master', t, leader, pollMs: 50, source: 'test' }) as const;

test('should follow the role of master where the master was aimed at', () => {
  const trial = (target: string): Synthetic => {
    const made = new Synthetic({ settings: { members: 3, rtoDeadlineMs: 60_000, failover: { target } } });
    made.observations = [...made.observations, master(1_000_000, 'es-2'), master(1_006_000, 'es-1')];
    return made;
  };
  const { election, leaderBefore, leaderAfter } = failoverRecord(trial('master').history());
  assert.deepEqual([election, leaderBefore, leaderAfter], ['elsewhere', 'es-2', 'es-1']);
  assert.equal(failoverRecord(trial('leader').history()).leaderBefore, 'postgres-0');
});
