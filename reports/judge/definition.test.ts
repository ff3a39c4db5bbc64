import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Judgement } from '../record/judgement.ts';
import type { GoalEntry } from '../record/details/load-detail.ts';
import { objectText } from '../record/observations/change.ts';
import type { Change } from '../record/observations/change.ts';
import type { Rule } from '../record/rule.ts';
import { judgeOne, judgeOver } from './definition.ts';
import { invent } from '../../suites/_testing/histories.ts';
import type { Seen } from '../../suites/_testing/histories.ts';

const judgement = (verdict: Judgement['verdict']): Judgement => ({
  verdict,
  reason: verdict,
  expected: '',
  seen: '',
  figures: [],
  findings: [],
  findingsTotal: 0,
  evidence: [],
});

test('should want as many trials as the goal asks for, and let a failure stand', () => {
  const trial = (number: number) => {
    const history = invent({ check: 'failover/backend/pod-crash', goals: { minTrials: 2 }, seen: [] });
    return { ...history, header: { ...history.header, trial: number } };
  };
  const ending = (verdict: Judgement['verdict']) =>
    judgeOver({
      judge: () => judgement(verdict),
      evidence: () => [],
      over: () => judgement(verdict),
    });
  const passes = ending('pass');
  assert.equal(passes([trial(1), trial(2)]).verdict, 'pass');
  const few = passes([trial(1)]);
  assert.deepEqual([few.verdict, few.reason], ['inconclusive', '1 trial passed, the goal asks for 2']);
  assert.equal(passes([trial(1), trial(1)]).verdict, 'inconclusive');
  assert.equal(ending('fail')([trial(1)]).verdict, 'fail');
});

test('should leave a goal of time undecided on a machine too busy, and say it of the goal as well', () => {
  const shares = { mean: 1, most: 1 };
  const pressure = { cpu: shares, memory: shares, io: shares, others: shares, spanMs: 60_000 };
  const history = invent({ check: 'performance/api/latency', goals: {}, seen: [] });
  const goal: GoalEntry = {
    objective: 'API latency',
    target: 'p95 ≤ 500 ms',
    verdict: 'fail',
    note: '',
    achieved: 900,
    lower: null,
    upper: null,
    unit: 'ms',
    samples: 1,
    sampleKind: 'requests',
    coverage: null,
    remaining: null,
    window: 'the load',
  };
  const of = (rules: Rule[]) => ({
    judge: () => ({ ...judgement('fail'), rules, goals: [goal] }),
    evidence: () => [],
  });
  const late: Rule = { id: 'goal', verdict: 'fail', text: 'p95 900 ms', ofTime: true };
  const excused = judgeOne({ ...history, pressure }, of([late]));
  assert.equal(excused.verdict, 'inconclusive');
  assert.match(excused.reason, /^p95 900 ms; the machine was too busy/);
  assert.deepEqual(
    excused.goals?.map(({ verdict, note }) => [verdict, note]),
    [['inconclusive', excused.reason]],
  );
  assert.equal(judgeOne(history, of([late])).verdict, 'fail');
  const lost: Rule = { id: 'lost', verdict: 'fail', text: 'a write is lost' };
  assert.equal(judgeOne({ ...history, pressure }, of([late, lost])).verdict, 'fail');
});

test('should say of a check that was not run that its files were changed since, and believe it where they are whole', () => {
  const of = { judge: () => judgement('not-run') };
  const history = invent({ check: 'telemetry/alerts/fires', seen: [['reads-only']] });
  assert.deepEqual(judgeOne({ ...history, changed: [] }, of), judgement('not-run'));
  const changed = judgeOne({ ...history, changed: ['check.ndjson: expected 3 lines, seen 2'] }, of);
  assert.equal(changed.verdict, 'inconclusive');
  assert.match(changed.reason, /^the history was changed since its run: check\.ndjson/);
  assert.deepEqual(
    changed.rules?.filter(({ verdict }) => verdict !== 'pass').map(({ id }) => id),
    ['whole/digest'],
  );
  assert.match(
    judgeOne(invent({ check: 'telemetry/alerts/fires', seen: [], cut: true }), of).reason,
    /^cut off/,
  );
});

test('false verdict 51: should say nothing of what is of another check, run, environment or address', () => {
  const check = 'topology/nodes/pools';
  const run = { id: 'r1', environment: 'invented', apiAddress: '192.0.2.1:6443' };
  const history = invent({ check, settings: { apiAddress: run.apiAddress }, seen: [] });
  const reason = (header: Partial<typeof history.header>, verdict: Judgement['verdict'] = 'pass'): string => {
    const judge = judgeOver({ judge: () => judgement(verdict), evidence: () => [] }, { check, run });
    const own = { ...history.header, run: 'r1', ...header };
    const judged = judge([{ ...history, header: own }]);
    assert.equal(judged.verdict, judged.reason === verdict ? verdict : 'inconclusive');
    return judged.reason;
  };
  assert.equal(reason({}), 'pass');
  assert.equal(
    reason({ check: 'gpu/taint' }, 'fail'),
    `the history is of another check: gpu/taint, expected ${check}`,
  );
  assert.match(reason({ environment: 'production' }, 'fail'), /of another environment: production/);
  assert.match(reason({ run: 'r0' }), /of another run: r0, expected r1/);
  assert.match(reason({ settings: {} }), /of another address of the cluster: none, expected 192/);
});

test('false verdict 50: should pass no trials that are copies of one another or have one number', () => {
  const trial = (number: number, ...times: number[]) => {
    const seen = times.map((t): Seen => ['unavailable', { what: 'a', reason: 'b', t }]);
    const history = invent({ check: 'failover/backend/pod-crash', seen });
    return { ...history, header: { ...history.header, trial: number } };
  };
  const of = (verdict: Judgement['verdict']) =>
    judgeOver({ judge: () => judgement(verdict), over: () => judgement(verdict) });
  const first = trial(1, 0.25, 7.5, 20.125);
  assert.equal(of('pass')([first, trial(2, 0.5, 8.75, 30)]).verdict, 'pass');
  const copied = [first, trial(2, 600.25, 607.5, 620.125)];
  assert.equal(of('pass')(copied).reason, 'trial 2 is a copy of an earlier one');
  assert.equal(of('fail')(copied).verdict, 'fail', 'what a trial has proved stays proved');
  assert.equal(of('pass')([first, trial(1, 0.5, 8.75, 30)]).reason, 'two trials have the same number');
});

test('false verdict 69: should leave open what was missed after somebody else had acted on the subject', () => {
  const late: Rule = { id: 'rto', verdict: 'fail', text: 'late', ofTime: true };
  const lost: Rule = { id: 'lost-writes', verdict: 'fail', text: 'lost' };
  const stores = { postgres: { members: 3, statefulSet: { namespace: 'shop', name: 'pg' } } };
  const worst = (check: string, act: Seen[], own: Rule = late): string => {
    const landed: Seen = [
      'fault-landed',
      { by: 'processes gone', proof: '', hit: [], betweenMs: [0, 1_000] },
    ];
    const history = invent({ check, settings: { stores }, goals: { rtoSeconds: 5 }, seen: [landed, ...act] });
    const of = { judge: () => ({ ...judgement('fail'), rules: [own] }), trial: true };
    return judgeOne(history, of).rules?.find(({ id }) => id === own.id)?.verdict ?? 'none';
  };
  const changed = (kind: string, namespace: string, name: string, ...fields: string[]): Change => {
    const object = { kind, namespace, name };
    return { ...object, became: 'changed', fields, text: `${objectText(object)}: changed` };
  };
  const pg = (...fields: string[]): Change => changed('StatefulSet', 'shop', 'pg', ...fields);
  const left = (...differences: Change[]): Seen[] => [['as-before', { roles: [], objects: 1, differences }]];
  const acted = (
    t: number,
    more: { change?: Change; owner?: string; betweenMs?: [number, number] } = {},
  ): Seen => ['others-acted', { change: pg('spec.template'), betweenMs: [t - 500, t], t, ...more }];
  const seen = (t: number): Seen[] => [acted(t)];
  const own = pg('spec.replicas', 'spec.template.spec.containers[0].image');
  const gateway = changed('Deployment', 'edge', 'gateway', 'spec.template.metadata.annotations');
  const store = 'failover/postgres/pod-crash';
  assert.equal(worst(store, left(own)), 'inconclusive');
  assert.equal(worst(store, left(own), lost), 'fail', 'what was lost is lost');
  assert.equal(worst(store, left(gateway)), 'fail', 'its clients do not use it');
  assert.equal(worst('failover/backend/pod-crash', left(gateway)), 'inconclusive');
  assert.equal(worst('failover/control-plane/leader-crash', left(gateway)), 'fail', 'an API server does not');
  const network = changed('DaemonSet', 'kube-system', 'cni', 'spec.template.spec.containers[0].image');
  assert.equal(worst(store, left(network)), 'inconclusive', 'everybody uses it');
  assert.equal(
    worst(store, left({ kind: 'Node', name: 'w1', became: 'gone', text: 'Node w1 is gone' })),
    'inconclusive',
  );
  assert.equal(worst(store, left(pg('spec.replicas'))), 'fail');
  assert.equal(worst(store, seen(2_000)), 'inconclusive');
  assert.equal(worst(store, seen(6_500)), 'fail', 'the goal was missed before');
  assert.equal(
    worst(store, [...seen(6_500), ...left(own)]),
    'fail',
    'that it is there in the end says no more',
  );
  assert.equal(worst(store, [acted(6_500, { betweenMs: [2_000, 6_500] })]), 'inconclusive', 'nobody looked');
  const owner = 'Cluster pg';
  assert.equal(
    worst(store, [acted(2_000, { owner }), ...left(own)]),
    'fail',
    'its operator answers the fault',
  );
  assert.equal(worst(store, [acted(-100, { owner })]), 'inconclusive', 'there was no fault yet');
  assert.equal(worst(store, [acted(2_000, { owner, change: own })]), 'inconclusive', 'somebody asked it to');
});
