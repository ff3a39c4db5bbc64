/** The environment files that are shipped for other clusters, under the roles of deploy/: what they require can be met. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../env/loader.ts';
import type { Environment } from '../env/schema.ts';
import { needsOf } from '../runner/doctor/needs.ts';
import { covers, GRANTS } from '../runner/doctor/roles.ts';
import { planChecks } from '../suites/catalogue/index.ts';
import type { PlannedCheck } from '../suites/catalogue/index.ts';

const SHIPPED = await Promise.all(['testing', 'staging', 'production'].map((name) => loadEnvironment(name)));

/** The account that is meant to run a check. */
function accountOf({ row }: PlannedCheck, { kind }: Environment): string {
  return ['F', 'permit'].includes(row.access[kind]) ? 'plumbline-drill' : 'plumbline';
}

/** Rights that checks need and that an account does not have by its documented roles, as `get pods in tender`. */
function lacking(environment: Environment, checks: readonly PlannedCheck[], account: string): string[] {
  const own = GRANTS.filter(({ accounts }) => accounts.includes(account));
  return needsOf(environment, checks).flatMap(({ right, namespace }) => {
    const { verbs, group, resource, names: [name = ''] = [] } = right;
    return verbs
      .filter((verb) => !own.some((grant) => covers(grant, { verb, group, resource, namespace, name })))
      .map((verb) => `${verb} ${resource} in ${namespace || 'the cluster'}`);
  });
}

for (const environment of SHIPPED)
  for (const profile of Object.keys(environment.profiles)) {
    const planned = planChecks(environment, { profile });
    const running = planned.filter(({ notRun }) => notRun === null);
    const required = planned.filter((one) => one.required);

    test(`should require of ${environment.name}, in ${profile}, only what can run and pass by what is declared`, () => {
      assert.ok(required.length > 10);
      for (const { row, notRun, cannotPass } of required)
        assert.deepEqual([notRun, cannotPass], [null, undefined], row.id);
    });

    test(`should run nothing of ${environment.name}, in ${profile}, for which an account lacks a right`, () => {
      for (const one of running)
        assert.deepEqual(lacking(environment, [one], accountOf(one, environment)), [], one.row.id);
    });

    test(`should let one account run all that ${environment.name} requires in ${profile}`, () => {
      const drills = required.some((one) => accountOf(one, environment) === 'plumbline-drill');
      assert.deepEqual(lacking(environment, required, drills ? 'plumbline-drill' : 'plumbline'), []);
    });
  }

test('should find a required check that no documented role lets pass', () => {
  const staging = SHIPPED.find(({ name }) => name === 'staging') ?? assert.fail();
  const id = 'failover/rabbitmq/switchover';
  const gate = { ...(staging.profiles['gate'] ?? assert.fail()), required: [id] };
  const asked = { ...staging, profiles: { gate } };
  const found = planChecks(asked, { profile: 'gate' }).find(({ row }) => row.id === id) ?? assert.fail();
  assert.deepEqual([found.required, found.notRun], [true, null]);
  assert.match(found.cannotPass ?? '', /^no documented role has the right to get and create pods\/exec/);
  const lacks = lacking(asked, [found], 'plumbline-drill');
  assert.deepEqual(lacks, ['get pods/exec in tender', 'create pods/exec in tender']);
});
