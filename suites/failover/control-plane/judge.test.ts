import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failoverRecordSchema } from '../../../reports/record/run-record.ts';
import { judgeOf } from '../../_testing/judges.ts';
import { requestsOnly } from '../../../reports/judge/failover/_testing/requests-only.ts';
import { said } from '../../../reports/judge/failover/_testing/synthetic.ts';
import type { Synthetic } from '../../../reports/judge/failover/_testing/synthetic.ts';

const CHECK = 'failover/control-plane/leader-crash';
type Row = [string, string, number, string, boolean];
const PODS: Row[] = [
  ['tender/postgres-0', 'u1', 0, 'worker-1', false],
  ['tender/tender-api-w', 'u5', 0, 'worker-1', false],
  ['tender/tender-api-x', 'u2', 1, 'worker-2', false],
  ['kube-system/kube-apiserver-control-1', 'u3', 0, 'control-1', true],
  ['kube-system/kube-apiserver-control-2', 'u4', 0, 'control-2', true],
];

const seenPods = (rows: readonly Row[]) =>
  rows.map(([pod, uid, restarts, node, own]) => ({ pod, uid, restarts, node, static: own }));

const ROLES = [{ store: 'postgres', before: 'leader', after: 'leader' }];
const KILLED = ['kube-apiserver', 'kube-controller-manager', 'kube-scheduler'].map(
  (name) => `${name}-control-1`,
);
const LANDED = {
  by: 'processes gone',
  proof: KILLED.map((name) => `all processes of ${name} on control-1 are gone: 11@1`).join('; '),
  betweenMs: [1_005_001, 1_005_002],
};
const armed = (names = KILLED, node = 'control-1') => ({
  fault: 'leader-crash',
  target: 'control-1',
  members: names.map((name) => ({ name, uid: `hash of ${name}`, node, found: 'processes 11@1' })),
});

/** 25 writes a second, an outage of 2 s, everything else undisturbed; `after` changes what is seen afterwards. */
function trial(after: Row[] = PODS, outages: [number, number][] = [[5_000, 2_000]]): Synthetic {
  const made = requestsOnly('control-plane', {
    check: CHECK,
    spacingMs: 40,
    lengthMs: 30_000,
    outages,
    goals: { rtoSeconds: 15, leaderSeconds: 30 },
    settings: {
      rtoDeadlineMs: 60_000,
      apiAddress: '198.18.128.32:5432',
      stores: { postgres: { members: 3, statefulSet: { namespace: 'tender', name: 'postgres' } } },
    },
  }).without(
    'budget-estimate',
    'budget-spent',
    'fault-armed',
    'fault-acted',
    'fault-landed',
    'steady',
    'steady-after',
    'as-before',
  );
  for (const member of KILLED) made.see(5_000, 'fault-acted', { member, did: '2 processes signalled' });
  return made
    .see(-50, 'store-leader', { store: 'postgres', leader: 'postgres-0' })
    .see(-49, 'platform-pods', { pods: seenPods(PODS), scaled: [] })
    .see(-48, 'steady', { ok: true, leader: 'control-1', detail: 'leads: control-1' })
    .see(-5, 'leader', { leader: 'control-1', pollMs: 500 })
    .see(4_999, 'fault-armed', armed())
    .see(5_002, 'fault-landed', LANDED)
    .see(9_000, 'leader', { leader: 'control-2', pollMs: 510 })
    .see(30_950, 'leader', { leader: 'control-2', pollMs: 500, final: true })
    .see(30_940, 'steady-after', { ok: true, detail: '3 of 3 run again' })
    .see(31_000, 'store-leader', { store: 'postgres', leader: 'postgres-0' })
    .see(31_001, 'platform-pods', { pods: seenPods(after), scaled: [] })
    .see(31_002, 'register', { n: 750 })
    .see(31_003, 'as-before', { roles: ROLES, objects: 3, differences: [] });
}

/** Texts of the rules that did not pass. */
const gaps = (one: Synthetic) => said({ rules: judge(one).rules ?? [] });
const judge = (one: Synthetic) => (judgeOf(CHECK) ?? assert.fail('no judge'))([one.history()]);

describe('a crash of the control plane', () => {
  it('should pass when the API is writable in time and nothing else noticed, the killed node apart', () => {
    const after = PODS.map((row): Row => (row[3] === 'control-1' ? [row[0], 'new', 0, row[3], row[4]] : row));
    const judgement = judge(trial(after));
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judgement.reason, /^RTO 1\.\d+ to 2\.\d+ s, 4 leaders and workloads undisturbed$/);
    const record = judgement.trials?.[0];
    assert.deepEqual(failoverRecordSchema.parse(record), record);
    assert.equal(record?.writes, null);
    assert.ok((record.rto?.hiMs ?? 0) - (record.rto?.loMs ?? 0) < 90);
  });

  it('should fail when it takes too long, or never comes back', () => {
    assert.match(judge(trial(PODS, [[5_000, 17_000]])).reason, /goal 15 s/);
    assert.equal(judge(trial(PODS, [[5_000, 17_000]])).verdict, 'fail');
    const never = trial(PODS, [[5_000, 60_000]]).see(30_000, 'deadline', { rtoDeadlineMs: 25_000 });
    assert.match(judge(never).reason, /RTO > 25 s/);
  });

  it('should fail when a pod restarted, was replaced or is gone, naming it', () => {
    const restarted = PODS.map((row): Row =>
      row[0].endsWith('api-x') ? [row[0], row[1], 2, row[3], row[4]] : row,
    );
    assert.match(judge(trial(restarted)).reason, /pods of tender: tender\/tender-api-x restarted \(1 → 2\)/);
    assert.match(judge(trial(PODS.slice(1))).reason, /tender\/postgres-0 is gone/);
    const other = PODS.map((row): Row =>
      row[0].endsWith('control-2') ? [row[0], 'new', 0, row[3], row[4]] : row,
    );
    const judgement = judge(trial(other));
    assert.equal(judgement.verdict, 'fail');
    assert.match(judgement.reason, /kube-apiserver-control-2 was replaced/);
  });

  it('should not mind a pod that its autoscaler took away, but one that restarted or made room for another', () => {
    const scaled = [{ pod: 'tender/tender-api-x', workload: 'Deployment tender/tender-api' }];
    const looks = (after: Row[], scaledAfter: object[]) =>
      trial(after)
        .without('platform-pods')
        .see(-49, 'platform-pods', { pods: seenPods(PODS), scaled })
        .see(31_001, 'platform-pods', { pods: seenPods(after), scaled: scaledAfter });
    const gone = PODS.filter(([name]) => !name.endsWith('api-x'));
    const judgement = judge(looks(gone, []));
    assert.equal(judgement.verdict, 'pass', judgement.reason);
    assert.match(judge(trial(gone)).reason, /tender-api-x is gone/, 'one that no autoscaler resizes');
    const restarted = PODS.map((row): Row =>
      row[0].endsWith('api-x') ? [row[0], row[1], 2, row[3], row[4]] : row,
    );
    assert.match(judge(looks(restarted, scaled)).reason, /tender-api-x restarted/);
    const other: Row[] = [...gone, ['tender/tender-api-y', 'u9', 0, 'worker-1', false]];
    const replaced = judge(
      looks(other, [{ pod: 'tender/tender-api-y', workload: 'Deployment tender/tender-api' }]),
    );
    assert.match(replaced.reason, /tender-api-x is gone/);
    assert.match(judge(looks(PODS.slice(1), scaled)).reason, /postgres-0 is gone/);
  });

  it('should fail when a store changed its leader', () => {
    const moved = trial().see(31_003, 'store-leader', { store: 'postgres', leader: 'postgres-2' });
    assert.match(judge(moved).reason, /leader of postgres: postgres-0 → postgres-0 → postgres-2/);
  });

  it('should fail when the object holds an older write than one that was acknowledged', () => {
    const lost = trial().see(31_003, 'register', { n: 700 });
    assert.equal(judge(lost).verdict, 'fail');
    assert.match(judge(lost).reason, /write 700, but write 750 was acknowledged after it/);
  });

  it('should be inconclusive when nobody looked', () => {
    for (const kind of ['platform-pods', 'register', 'store-leader', 'as-before', 'fault-landed'])
      assert.equal(judge(trial().without(kind)).verdict, 'inconclusive', kind);
    const nothing = trial().without('platform-pods');
    nothing.see(-49, 'platform-pods', { pods: [], scaled: [] });
    nothing.see(31_001, 'platform-pods', { pods: seenPods(PODS), scaled: [] });
    assert.match(judge(nothing).reason, /no static pod of node control-1 was seen before/);
    assert.match(
      judge(trial().without('platform-pods')).reason,
      /the pods were not listed both before and after/,
    );
  });

  it('should hold the fault against the static pods that it is about, on the node that leads', () => {
    const withMembers = (of: Record<string, unknown>) =>
      gaps(trial().without('fault-armed').see(4_999, 'fault-armed', of));
    assert.equal(gaps(trial()), '');
    assert.match(withMembers(armed([])), /of control-1, but prepared nothing/);
    assert.match(withMembers(armed(KILLED.slice(1))), /should have prepared kube-apiserver-control-1/);
    assert.match(withMembers(armed(KILLED, 'worker-1')), /kube-apiserver-control-1 was prepared on worker-1/);
    assert.match(withMembers({ ...armed(), fault: 'etcd-crash' }), /should have prepared etcd-control-1/);
    const acted = (members: string[]) => {
      const made = trial().without('fault-acted');
      for (const member of members) made.see(5_000, 'fault-acted', { member, did: 'signalled' });
      return gaps(made);
    };
    assert.match(acted(KILLED.slice(1)), /the fault was injected into/);
  });

  it('should want the leader hit, and followed to the end', () => {
    const led = (...lines: [number, object][]) => {
      const made = trial().without('leader');
      for (const [t, fields] of lines) made.see(t, 'leader', { pollMs: 500, ...fields });
      return gaps(made);
    };
    const [one, two, final] = [{ leader: 'control-1' }, { leader: 'control-2' }, { final: true }];
    assert.match(led([-5, two], [31_000, { ...two, ...final }]), /the target was leader, but the fault hit/);
    assert.match(led([-5, one], [9_000, two]), /was not observed to the end/);
    const steady = trial()
      .without('steady')
      .see(-48, 'steady', { ok: true, leader: 'control-3', detail: '' });
    assert.match(gaps(steady), /the steady store named control-3 as its leader/);
  });

  it('should know a leader of another store', () => {
    const other = trial().without('store-leader');
    for (const t of [-50, 31_000]) other.see(t, 'store-leader', { store: 'postgres', leader: 'redis-1' });
    assert.match(gaps(other), /redis-1 is recorded as the leader of postgres, but is none of its pods/);
  });

  it('should want every operation of its schedule', () => {
    const dropped = trial();
    dropped.writes.splice(100, 1);
    assert.match(gaps(dropped), /750 writes were scheduled, 749 recorded/);
  });
});
