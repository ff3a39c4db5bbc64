import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failoverRecordSchema } from '../../record/run-record.ts';
import { judgeOf } from '../index.ts';
import { Synthetic } from './synthetic.ts';

const CHECK = 'failover/control-plane/leader-crash';
type Row = [string, string, number, string, boolean];
const PODS: Row[] = [
  ['tender/postgres-0', 'u1', 0, 'worker-1', false],
  ['tender/tender-api-x', 'u2', 1, 'worker-2', false],
  ['kube-system/kube-apiserver-control-1', 'u3', 0, 'control-1', true],
  ['kube-system/kube-apiserver-control-2', 'u4', 0, 'control-2', true],
];

const seenPods = (rows: readonly Row[]) =>
  rows.map(([pod, uid, restarts, node, own]) => ({ pod, uid, restarts, node, static: own }));

/** 25 writes a second, an outage of 2 s, everything else undisturbed; `after` changes what is seen afterwards. */
const ROLES = [{ store: 'postgres', before: 'leader', after: 'leader' }];

function trial(after: Row[] = PODS, outages: [number, number][] = [[5_000, 2_000]]): Synthetic {
  return new Synthetic({
    check: CHECK,
    spacingMs: 40,
    lengthMs: 30_000,
    outages,
    goals: { rtoSeconds: 15 },
    settings: { rtoDeadlineMs: 60_000, stores: { postgres: { members: 3 } } },
  })
    .without(
      'readback',
      'readback-plan',
      'members',
      'endpoint',
      'expected-window',
      'governing',
      'fault-armed',
    )
    .see(4_999, 'fault-armed', { fault: 'leader-crash', target: 'control-1', members: [] })
    .see(-50, 'store-leader', { store: 'postgres', leader: 'postgres-0' })
    .see(-49, 'platform-pods', { pods: seenPods(PODS), scaled: [] })
    .see(31_000, 'store-leader', { store: 'postgres', leader: 'postgres-0' })
    .see(31_001, 'platform-pods', { pods: seenPods(after), scaled: [] })
    .see(31_002, 'register', { n: 750 })
    .see(31_003, 'as-before', { ok: true, waitedMs: 1, roles: ROLES, objects: 3, differences: [] });
}

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
    assert.match(judge(nothing).reason, /no static pod of control-1 was seen before/);
    assert.match(
      judge(trial().without('platform-pods')).reason,
      /the pods were not looked at before and after/,
    );
  });
});
