import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openHistory } from '../../probes/history.ts';
import type { CheckJudge } from '../../reports/judge/definition.ts';
import { rowOf } from '../../suites/catalogue/index.ts';
import { judgeCheck } from './judging.ts';
import { appendToTrial, openTrial } from '../state/trials.ts';

const histories = mkdtempSync(join(tmpdir(), 'plumbline-judging-'));
process.on('exit', () => rmSync(histories, { recursive: true, force: true }));

async function trialOf(check: string): Promise<string> {
  return openTrial(histories, 1, { check, environment: 'test', goals: {}, settings: {} });
}

test('should say that nothing was recorded, and that nobody can judge it', async () => {
  const nothing = await judgeCheck(histories, 'topology/workloads/spread');
  assert.equal(nothing.verdict, 'inconclusive');
  assert.equal(nothing.reason, 'the check recorded nothing');
  const unknown = await judgeCheck(histories, 'topology/no/such');
  assert.equal(unknown.reason, 'no built check is called topology/no/such');
});

test('should call a judge that crashes, or finds nothing, inconclusive and never pass', async () => {
  await trialOf('topology/nodes/pools');
  const judgement = await judgeCheck(histories, 'topology/nodes/pools');
  assert.equal(judgement.verdict, 'inconclusive');
  assert.notEqual(judgement.reason, '');
});

test('should call a judge that cannot be loaded inconclusive', async (t) => {
  const row = rowOf('topology/nodes/pools') ?? assert.fail('no such check');
  t.mock.method(row as { judge(): Promise<CheckJudge> }, 'judge', () =>
    Promise.reject(new Error('no such module')),
  );
  const { verdict, reason } = await judgeCheck(histories, row.id);
  assert.deepEqual([verdict, reason], ['inconclusive', 'its judge cannot be loaded: no such module']);
});

test('should let the runner hold a check back, with its first line as the reason', async () => {
  const folder = await trialOf('topology/workloads/probes');
  await appendToTrial(folder, [
    { kind: 'runner-verdict', verdict: 'inconclusive', message: 'the check crashed: boom\n    at x.ts:1' },
  ]);
  const crashed = await judgeCheck(histories, 'topology/workloads/probes');
  assert.equal(crashed.verdict, 'inconclusive');
  assert.equal(crashed.reason, 'the check crashed: boom');
  assert.ok(crashed.evidence.some(({ text }) => text.includes('at x.ts:1')));

  const missing = await trialOf('topology/workloads/declared');
  await appendToTrial(missing, [
    { kind: 'runner-verdict', verdict: 'fail', message: 'the namespace tender is missing' },
  ]);
  assert.equal((await judgeCheck(histories, 'topology/workloads/declared')).verdict, 'fail');
});

test('should keep what a trial has proved wrong when a later one crashes', async () => {
  const check = 'failover/redis/pod-crash';
  const settings = { members: 3, rtoDeadlineMs: 5_000 };
  const source = { check, environment: 'test', goals: { rtoSeconds: 5, lostWrites: 0 }, settings };
  const first = openHistory(await openTrial(histories, 1, source), 'check.ndjson');
  first.observe({ kind: 'steady-after', ok: false, detail: 'redis-2 is missing' });
  first.observe({ kind: 'end' });
  await first.close();
  await appendToTrial(await openTrial(histories, 2, source), [
    { kind: 'runner-verdict', verdict: 'inconclusive', message: 'the check crashed: boom' },
  ]);
  const judgement = await judgeCheck(histories, check);
  assert.equal(judgement.verdict, 'fail');
  assert.match(judgement.reason, /redis-2 is missing; then the check crashed: boom/);
});

test('should keep evidence that was recorded beside the observations', async () => {
  const folder = await trialOf('topology/workloads/resources');
  const writer = openHistory(folder, 'check.ndjson');
  writer.observe({ kind: 'evidence', source: 'logs tender/api', text: 'panic: nil' });
  await writer.close();
  const { evidence } = await judgeCheck(histories, 'topology/workloads/resources');
  assert.ok(evidence.some(({ source, text }) => source === 'logs tender/api' && text === 'panic: nil'));
});

test('should call a history that cannot be read inconclusive', async () => {
  const folder = await trialOf('topology/edge/path');
  rmSync(join(folder, 'check.ndjson'));
  const judgement = await judgeCheck(histories, 'topology/edge/path');
  assert.equal(judgement.verdict, 'inconclusive');
  assert.match(judgement.reason, /the history cannot be read: .*no header/);
});

test('false verdict 16: where nobody looked, nothing that was not seen is a finding', async () => {
  const check = 'topology/workloads/roles';
  const settings = { stores: { postgres: { members: 3 } } };
  const folder = await openTrial(histories, 1, { check, environment: 'test', goals: {}, settings });
  const message = 'the environment cannot be asked: connect ECONNREFUSED';
  await appendToTrial(folder, [{ kind: 'runner-verdict', verdict: 'inconclusive', message }]);
  const { verdict, reason, findings } = await judgeCheck(histories, check);
  assert.deepEqual([verdict, reason, findings], ['inconclusive', message, []]);
});

test('should name what the environment file lets off, also in the reason of a pass', async () => {
  const check = 'topology/workloads/declared';
  const histories = mkdtempSync(join(tmpdir(), 'plumbline-exempt-'));
  const closed = {
    namespaces: ['tender'],
    ignore: [{ kind: 'Deployment', name: 'agent', reason: 'of the platform team' }],
  };
  const workload = { kind: 'Deployment', namespace: 'tender', name: 'api', replicas: { min: 0, max: 0 } };
  const judged = async (settings: object) => {
    const restarts = { restartWindowMinutes: 10, restartsPerHour: 0.25, restartsPerDay: 4 };
    const goals = { maxRestarts: 0, ...restarts, clockSeconds: 10 };
    const folder = await openTrial(histories, 1, { check, environment: 'test', goals, settings });
    const writer = openHistory(folder, 'check.ndjson');
    writer.observe({ kind: 'namespace', name: 'tender' });
    writer.observe({
      kind: 'replicas',
      workload: 'Deployment tender/api',
      wanted: 0,
      ready: 0,
      updated: 0,
      observed: true,
      rolling: false,
      stuck: false,
    });
    writer.observe({ kind: 'owners' });
    writer.observe({ kind: 'owner', kindName: 'Deployment', namespace: 'tender', name: 'agent', pods: 1 });
    const held = { holder: 'control-1', seconds: 15, renewedAt: Date.now(), why: null };
    for (const name of ['kube-scheduler', 'kube-controller-manager'])
      writer.observe({ kind: 'lease', of: name, ...held });
    writer.observe({ kind: 'end' });
    await writer.close();
    const judgement = await judgeCheck(histories, check);
    rmSync(histories, { recursive: true, force: true });
    return judgement;
  };
  const pass = await judged({ workloads: [workload], closed });
  assert.equal(pass.verdict, 'pass', pass.reason);
  assert.match(pass.reason, /; 1 let off by the environment file$/);
  assert.deepEqual(pass.exemptions, [
    { what: 'object', subject: 'Deployment tender/agent', reason: 'of the platform team' },
  ]);
  const stale = { kind: 'Job', name: 'report-*', reason: 'of the platform team' };
  const both = await judged({
    workloads: [workload],
    closed: { ...closed, ignore: [...closed.ignore, stale] },
  });
  assert.deepEqual([both.verdict, both.reason, both.exemptions], ['pass', pass.reason, pass.exemptions]);
  assert.deepEqual(
    [pass.unmatchedExemptions, both.unmatchedExemptions],
    [undefined, [{ what: 'object', subject: 'Job report-*', reason: stale.reason }]],
  );
  const fail = await judged({ workloads: [workload], closed: { ...closed, ignore: [] } });
  assert.deepEqual([fail.verdict, fail.exemptions], ['fail', undefined]);
});

test('should keep the whole refusal of the API server once, beside the right that the reason names', async () => {
  const check = 'topology/nodes/pools';
  const histories = mkdtempSync(join(tmpdir(), 'plumbline-refused-'));
  const folder = await openTrial(histories, 1, { check, environment: 'test', goals: {}, settings: {} });
  const words = 'cannot list resource "nodes" in API group "" at the cluster scope';
  const reason = `forbidden: list /api/v1/nodes: 403 nodes is forbidden: User "u" ${words}`;
  const writer = openHistory(folder, 'check.ndjson');
  for (const what of ['v1/Node', 'v1/Node']) writer.observe({ kind: 'unavailable', what, reason });
  writer.observe({ kind: 'end' });
  await writer.close();
  const judgement = await judgeCheck(histories, check);
  rmSync(histories, { recursive: true, force: true });
  assert.equal(judgement.reason, 'this account may not list nodes');
  assert.deepEqual(judgement.evidence, [{ source: 'v1/Node unavailable', text: reason }]);
});
