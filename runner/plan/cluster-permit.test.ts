import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { faultIn } from '../../suites/catalogue/index.ts';
import { ClusterPermits, parsePermit, permitProblem } from './cluster-permit.ts';
import type { KubeReply } from '../provider-safety.ts';

const CHECK = 'failover/postgres/pod-delete';
const ASKING = { check: CHECK, fault: 'pod-delete' };
const now = new Date('2026-11-24T20:00:00Z');
const good = { checks: 'failover/postgres/*', until: '2026-11-24T21:00:00Z', ticket: 'OPS-1' };

function problemOf(data: Record<string, unknown>, check = CHECK, fault = 'pod-delete'): string | null {
  const parsed = parsePermit(data);
  return 'problem' in parsed ? parsed.problem : permitProblem(parsed.permit, { check, fault }, now);
}

test('covers what it names, within its window', () => {
  assert.equal(problemOf(good), null);
  assert.equal(problemOf({ ...good, checks: 'topology/**,\n failover/{redis,postgres}/*' }), null);
  assert.equal(problemOf({ ...good, from: '2026-11-24T19:00:00+00:00', faults: 'pod-delete, hang' }), null);
});

test('refuses what is expired, not valid yet, or not named', () => {
  assert.match(problemOf({ ...good, until: '2026-11-24T20:00:00Z' }) ?? '', /it ended 2026-11-24T20:00:00Z/);
  assert.match(problemOf({ ...good, from: '2026-11-24T20:30:00Z' }) ?? '', /not valid before/);
  assert.match(
    problemOf(good, 'failover/redis/hang') ?? '',
    /it permits only the checks failover\/postgres\/\*/,
  );
  assert.match(problemOf({ ...good, faults: 'hang' }) ?? '', /it permits only the faults hang/);
});

test('does not cover a fault that may stay longer than it holds', () => {
  const { permit } = parsePermit(good) as Extract<ReturnType<typeof parsePermit>, { permit: unknown }>;
  const asked = (staysMs: number): string | null =>
    permitProblem(permit, { check: CHECK, fault: 'hang', staysMs }, now);
  assert.equal(asked(3_600_000), null);
  assert.equal(
    asked(3_601_000),
    'it ends 2026-11-24T21:00:00Z, and the fault may stay for 3601 s (timeouts.restoreDeadline)',
  );
});

test('restricts faults of services, and the fault that an environment declares for checks of telemetry', async () => {
  const staging = await loadEnvironment('staging');
  const telemetry = staging.telemetry ?? assert.fail();
  const hanging = { telemetry: { ...telemetry, canary: { ...telemetry.canary, fault: 'hang' as const } } };
  const data = { checks: '**', faults: 'pod-crash', until: '2999-01-01T00:00:00Z', ticket: 'OPS-1' };
  const asked = async (
    environment: Pick<Environment, 'telemetry'>,
    check: string,
  ): Promise<string | null> => {
    const permits = new ClusterPermits(() => Promise.resolve({ status: 200, body: { data } }), 'n');
    return permits.problem({ check, fault: faultIn(environment, check) });
  };
  for (const check of ['failover/backend/node-loss', 'failover/ai/hang', 'failover/postgres/hang'])
    assert.match((await asked(staging, check)) ?? '', /it permits only the faults pod-crash/, check);
  for (const check of ['failover/backend/pod-crash', 'telemetry/logs/under-fault', 'scaling/backend/up'])
    assert.equal(await asked(staging, check), null, check);
  assert.match(
    (await asked(hanging, 'telemetry/logs/under-fault')) ?? '',
    /it permits only the faults pod-crash/,
  );
});

test('a permit that cannot be read in full permits nothing, and every fault of it is named', () => {
  for (const [key, pattern] of [
    ['checks', /checks/],
    ['until', /until must be a time/],
    ['ticket', /ticket is missing/],
  ] as const) {
    const { [key]: _left, ...rest } = good;
    assert.match(problemOf(rest) ?? '', pattern);
  }
  assert.match(problemOf({}) ?? '', /checks.*until.*ticket/);
  assert.match(problemOf({ ...good, until: 'next week' }) ?? '', /until must be a time/);
  assert.match(problemOf({ ...good, until: '2026' }) ?? '', /until must be a time/);
  assert.match(problemOf({ ...good, from: 'soon' }) ?? '', /from must be a time/);
  assert.match(problemOf({ ...good, ticket: '  ' }) ?? '', /ticket is empty/);
  assert.match(problemOf({ ...good, checks: ' , ' }) ?? '', /names no check/);
  assert.match(problemOf({ ...good, faults: 'explode' }) ?? '', /faults may name pod-crash/);
});

test('is read again each time; what cannot be read permits nothing', async () => {
  let reply: KubeReply | Error = { status: 404, body: {} };
  const permits = new ClusterPermits(
    () => (reply instanceof Error ? Promise.reject(reply) : Promise.resolve(reply)),
    'plumbline-system',
  );
  assert.match((await permits.problem(ASKING)) ?? '', /plumbline-system\/plumbline-permit.*does not exist/);
  reply = { status: 200, body: { data: { ...good, until: '2999-01-01T00:00:00Z' } } };
  assert.equal(await permits.problem(ASKING), null);
  reply = { status: 403, body: {} };
  assert.match((await permits.problem(ASKING)) ?? '', /answered 403/);
  reply = new Error('connect ECONNREFUSED');
  assert.match((await permits.problem(ASKING)) ?? '', /no answer/);
  reply = { status: 200, body: {} };
  assert.match((await permits.problem(ASKING)) ?? '', /malformed/);
});

test('permits nothing while the clocks of this machine and of the API server are too far apart', async () => {
  const data = { ...good, until: '2999-01-01T00:00:00Z' };
  const problem = (apartMs: number): Promise<string | null> => {
    const reply = { status: 200, body: { data }, dateMs: Date.now() - apartMs };
    return new ClusterPermits(() => Promise.resolve(reply), 'n').problem(ASKING);
  };
  assert.match(
    (await problem(300_000)) ?? '',
    /cannot be judged: the clock of this machine is 300 s ahead of/,
  );
  assert.match((await problem(-300_000)) ?? '', /is 300 s behind that of the API server/);
  assert.equal(await problem(50_000), null);
  assert.equal(await problem(-50_000), null);
});

test('says when the account that drills could write its own permit', async () => {
  const asked = (mayOnly: string) =>
    new ClusterPermits(({ body }) => {
      const allowed = JSON.stringify(body).includes(`"verb":"${mayOnly}"`);
      return Promise.resolve({ status: 201, body: { status: { allowed } } });
    }, 'n').weakness();
  for (const verb of ['create', 'update', 'patch', 'delete'])
    assert.match((await asked(verb)) ?? '', /the permit protects nothing/, verb);
  assert.equal(await asked('get'), null);
});
