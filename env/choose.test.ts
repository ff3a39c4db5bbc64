import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { planChecks, rowOf, scopeOf, whyNotRun } from '../suites/catalogue/index.ts';
import { choose } from './choose.ts';
import { declaredWords } from './declared-words.ts';
import { settingsFor } from '../suites/catalogue/plan/settings.ts';
import { loadEnvironment, parseEnvironment } from './loader.ts';
import type { EnvironmentFile } from './schema.ts';
import { telemetry } from '../probes/signals/declaration.ts';

const OWN = {
  otlp: { url: 'https://otlp.example.com', token: { env: 'PLUMBLINE_OTLP_TOKEN' } },
  pushgateway: { url: 'https://push.example.com' },
};
const PLATFORM = {
  logs: { kind: 'elasticsearch', url: 'https://logs.example.com' },
  required: { targets: ['tender-api'], series: ['up'] },
};

async function fileOf(name: string, declared: object): Promise<EnvironmentFile> {
  const file = path.join(import.meta.dirname, `${name}.yaml`);
  const { data } = parseEnvironment(await readFile(file, 'utf8'), file);
  return { ...data, telemetry: telemetry.parse(declared) };
}

test('false verdict 10: --with changes nothing of what an environment declares that is there anyway', async () => {
  const whole = await loadEnvironment('staging');
  const chosen = await loadEnvironment('staging', { with: ['postgres'] });
  assert.deepEqual({ ...chosen, notSelected: [] }, whole);
  assert.deepEqual(chosen.notSelected, [
    'redis',
    'rabbitmq',
    'elasticsearch',
    'neo4j',
    'telemetry',
    'ai',
    'gpu',
  ]);
  // topology/workloads/roles still queries every store: four stores that are down stay four failures.
  const told = (environment: typeof whole): unknown =>
    settingsFor('topology/workloads/roles', environment)['stores'];
  assert.deepEqual(told(chosen), told(whole));
  assert.deepEqual(Object.keys(told(chosen) as object).length, 5);
});

test('false verdict 10: --with leaves the checks of all stores required, and leaves out those of one that was not chosen', async () => {
  const chosen = await loadEnvironment('staging', { with: ['postgres'] });
  const planned = planChecks(chosen, { profile: 'gate' });
  const of = (id: string): (typeof planned)[number] =>
    planned.find(({ row }) => row.id === id) ?? assert.fail(id);
  assert.deepEqual(
    [of('topology/workloads/roles').required, of('topology/workloads/roles').notRun],
    [true, null],
  );
  const left = of('failover/redis/pod-crash');
  assert.equal(left.required, false);
  assert.match(
    left.notRun?.text ?? '',
    /^not selected: redis is declared, but not among --with \(postgres\)$/,
  );
  assert.equal(of('failover/postgres/pod-crash').notRun, null);
});

test('false verdict 15: what --with leaves out outside the embedded environment makes a selection of a profile', async () => {
  const scope = async (name: string, words: string[] | undefined): Promise<string> =>
    scopeOf(await loadEnvironment(name, { with: words }), { profile: 'nightly' });
  assert.equal(await scope('staging', undefined), 'profile');
  assert.equal(await scope('staging', ['all']), 'profile');
  assert.equal(await scope('staging', ['postgres']), 'selection');
  // An embedded environment consists of what it was provisioned with.
  assert.equal(await scope('local', ['postgres']), 'profile');
});

test('should leave out what stands beside a store that is not provisioned, and nothing that is there anyway', async () => {
  const workloadsWith = async (name: string, words: string[]): Promise<string[]> => {
    const { topology } = await loadEnvironment(name, { with: words });
    return topology.workloads.map((one) => one.name);
  };
  assert.ok((await workloadsWith('rehearsal', ['postgres'])).includes('pg-pooler'));
  assert.deepEqual(await workloadsWith('rehearsal', ['redis']), ['kv', 'metrics']);
  const { workloadsLeftOut = [] } = await loadEnvironment('rehearsal', { with: ['redis'] });
  assert.ok(workloadsLeftOut.includes('Deployment databases/pg-pooler'));
  const staging = await fileOf('staging', OWN);
  const [first = assert.fail(), ...others] = staging.topology.workloads;
  const beside = { ...staging.topology, workloads: [{ ...first, accompanies: 'redis' as const }, ...others] };
  const kept = choose({ ...staging, topology: beside }, ['postgres']).topology.workloads;
  assert.ok(kept.some(({ name }) => name === first.name));
});

test('should leave out the edge whose backend stands beside a store that is not provisioned', async () => {
  const isDeclared = async (words: string[]): Promise<boolean[]> => {
    const { application, topology } = await loadEnvironment('rehearsal', { with: words });
    return [application !== undefined, topology.edge !== undefined];
  };
  assert.deepEqual(await isDeclared(['postgres']), [true, true]);
  assert.deepEqual(await isDeclared(['redis']), [false, false]);
  const without = await loadEnvironment('rehearsal', { with: ['redis'] });
  for (const id of ['topology/edge/path', 'failover/backend/pod-crash', 'performance/api/latency'])
    assert.equal(
      whyNotRun(without, rowOf(id) ?? assert.fail(id))?.text,
      'not provisioned: Deployment bids/bid-desk, to which topology.edge leads (provisioned with redis)',
    );
  assert.equal((await loadEnvironment('rehearsal', { with: ['postgres'] })).objectives.length, 2);
  assert.deepEqual(without.objectives, [], 'nobody is there to keep them');
});

test('should run no check of telemetry that was not chosen', async () => {
  const { timeouts, file, envOption, extended } = await loadEnvironment('staging');
  const chosen = choose(await fileOf('staging', { ...OWN, ...PLATFORM }), ['postgres']);
  const environment = { ...chosen, timeouts, file, envOption, extended, objectives: [] };
  for (const id of ['telemetry/logs/canary', 'telemetry/metrics/targets'])
    assert.match(
      whyNotRun(environment, rowOf(id) ?? assert.fail(id))?.text ?? '',
      /^not selected: telemetry is declared, but not among --with \(postgres\)$/,
    );
});

test('should drop the section of a part that was not chosen in an embedded environment, whose receiver comes with it', async () => {
  const embedded = await fileOf('local-small', { otlp: OWN.otlp, ...PLATFORM });
  assert.equal(choose(embedded, ['postgres']).telemetry, undefined);
  assert.deepEqual(choose(embedded, ['postgres', 'telemetry']).telemetry?.otlp, OWN.otlp);
});

test('should not take an address for its own telemetry for a part of the platform', async () => {
  const only = await fileOf('staging', OWN);
  assert.ok(!declaredWords(only).includes('telemetry'));
  const chosen = choose(only, ['postgres']);
  assert.ok(!chosen.partsLeftOut.includes('telemetry'));
  assert.deepEqual(chosen.telemetry?.otlp, OWN.otlp);
});
