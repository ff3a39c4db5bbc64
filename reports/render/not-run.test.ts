import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultOf } from '../../runner/record/record.ts';
import { planChecks } from '../../suites/catalogue/index.ts';
import { openEnvironment } from '../../suites/catalogue/plan/open.ts';
import type { NotRunBy } from '../record/not-run-by.ts';
import type { CheckResult } from '../record/run-record.ts';
import { fixtureCheck } from './_testing/fixture.ts';
import { notRunGroups } from './not-run.ts';

const left = (notRunBy: NotRunBy, reason: string, ...ids: string[]): CheckResult[] =>
  ids.map((id) => fixtureCheck(id, { verdict: 'not-run', notRunBy, reason, required: false }));
/** Not run because these are not declared. */
const lacking = (lacks: string[], ...ids: string[]): CheckResult[] =>
  left('not-declared', `not declared: ${lacks.join(', ')}`, ...ids).map((one) => ({ ...one, lacks }));
const titles = (checks: CheckResult[]): [string, number][] =>
  notRunGroups(checks).map(({ title, checks: own }) => [title, own.length]);

const CHECKS = [
  ...left('not-built', 'not written yet', 'a/1', 'a/2', 'a/3', 'a/4').map((one) => ({
    ...one,
    built: false,
  })),
  ...lacking(['store redis'], 'failover/redis/hang', 'failover/redis/pod-crash'),
  ...lacking(['gpu'], 'gpu/schedule'),
  ...lacking(['gpu', 'taints of gpu.pool'], 'gpu/taint'),
  ...lacking(['gpu.metrics', 'prometheus'], 'gpu/metrics'),
  ...lacking(['topology.pools'], 'topology/nodes/pools'),
  ...left(
    'read-only',
    'read only: this check makes a Pod in plumbline-canary',
    'scaling/pods/startup',
    'b/2',
  ),
];
const TEMPLATE = 'it changes the template of a Deployment';
const TOGETHER = 'nothing of this is declared: gpu (3), redis (2)';

test('should put first what a reader can change, then what is not declared at all in one group, last what nobody can run', () => {
  assert.deepEqual(titles([...left('never', TEMPLATE, 'c/1'), ...CHECKS]), [
    ['read only: this check makes a Pod in plumbline-canary', 2],
    ['not declared: topology.pools', 1],
    [TOGETHER, 5],
    ['not written yet', 4],
    [TEMPLATE, 1],
  ]);
});

test('should know the reasons that the plan gives', async () => {
  const { gpu: _gpu, ...local } = await openEnvironment('local');
  const planned = planChecks({ ...local, stores: {} }, { checks: ['gpu/**', 'failover/redis/*'] });
  const envOption = 'local';
  const checks = planned.map((one) => resultOf(one, undefined, { envOption }));
  assert.deepEqual(titles(checks), [['nothing of this is declared: gpu (7), redis (6)', 13]]);
});

test('should put last what production forbids, since no permit can be added', async () => {
  const { gpu: _gpu, ...local } = await openEnvironment('local');
  const production = { ...local, kind: 'production' as const, permits: [] };
  const planned = planChecks(production, { checks: ['gpu/schedule', 'failover/redis/*'] });
  const checks = planned.map((one) => resultOf(one, undefined, { envOption: 'local' }));
  assert.deepEqual(titles(checks), [
    ['not declared: gpu', 1],
    ['not permitted: production may only be read; its file holds no permits', 6],
  ]);
});

test('should leave a reason alone that is the only one, and what is only a piece of something declared', () => {
  assert.deepEqual(titles(lacking(['store redis'], 'a', 'b')), [['not declared: store redis', 2]]);
  const pieces = [...lacking(['gpu.metrics'], 'a'), ...lacking(['a store'], 'b')];
  assert.deepEqual(titles(pieces), [
    ['not declared: gpu.metrics', 1],
    ['not declared: a store', 1],
  ]);
  assert.deepEqual(notRunGroups([fixtureCheck('topology/nodes/pools')]), []);
});

test('should have one group for each reason of a record that does not say what keeps checks from being run', () => {
  const older = CHECKS.map(({ notRunBy: _by, lacks: _lacks, ...check }) => check);
  assert.deepEqual(titles(older), [
    ['not declared: store redis', 2],
    ['read only: this check makes a Pod in plumbline-canary', 2],
    ['not declared: gpu', 1],
    ['not declared: gpu, taints of gpu.pool', 1],
    ['not declared: gpu.metrics, prometheus', 1],
    ['not declared: topology.pools', 1],
    ['not written yet', 4],
  ]);
});
