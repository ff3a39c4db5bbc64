/** The environment files that are shipped for other clusters, under the roles of deploy/: what they require can be met. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadEnvironment } from '../env/loader.ts';
import type { Environment } from '../env/schema.ts';
import { needsOf } from '../runner/doctor/needs.ts';
import { covers, GRANTS } from '../runner/doctor/roles.ts';
import { parsePermit, permitProblem } from '../runner/plan/cluster-permit.ts';
import { lockMode } from '../runner/plan/environment-parts.ts';
import { faultIn, planChecks } from '../suites/catalogue/index.ts';
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

const shipped = (file: string): string => readFileSync(path.join(import.meta.dirname, file), 'utf8');

/** Checks that the owners permit by permit-nightly.yaml, until it ends. */
function permittedByNight(environment: Environment, checks: readonly PlannedCheck[]): PlannedCheck[] {
  const { data } = parse(shipped('permit-nightly.yaml')) as { data: unknown };
  const parsed = parsePermit(data);
  if ('problem' in parsed) return assert.fail(parsed.problem);
  const last = new Date(Date.parse(parsed.permit.until) - 1);
  return checks.filter(({ row: { id } }) => {
    const asking = { check: id, fault: faultIn(environment, id) };
    return permitProblem(parsed.permit, asking, last) === null;
  });
}

for (const environment of SHIPPED) {
  const { name, stores } = environment;

  test(`should permit every night what ${name} requires of what the owners must permit, and nothing else`, () => {
    const disturbing = planChecks(environment, { profile: 'nightly' }).filter(
      (one) => one.notRun === null && lockMode(one, environment) === 'exclusive',
    );
    const ids = (of: readonly PlannedCheck[]): string[] => of.map(({ row }) => row.id);
    const required = ids(disturbing.filter((one) => one.required));
    assert.deepEqual(ids(permittedByNight(environment, disturbing)), required);
    assert.ok(environment.permits.length === 0 || required.length > 5, required.join());
  });

  test(`should ask the stores of ${name} as the accounts, and in the places, that accounts/ makes`, () => {
    const [, account] = /^user (\w+) on/m.exec(shipped('accounts/redis.acl')) ?? assert.fail();
    const { redis, postgres, rabbitmq, neo4j } = stores;
    const users = [...Object.values(stores), redis?.sentinel].flatMap((one) => one?.user ?? []);
    assert.deepEqual(users, Array<unknown>(redis?.sentinel === undefined ? 5 : 6).fill(account));
    assert.deepEqual([postgres?.database, rabbitmq?.vhost], [account, account]);
    // Community has one database, of this name.
    assert.equal(neo4j?.database, neo4j?.enterprise === undefined ? 'neo4j' : account);
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
