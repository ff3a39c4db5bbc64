/** Environments that Plumbline does not provision: their telemetry and AI service, and what their profiles require of these. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { planChecks, scopeOf, suiteOf } from '../suites/catalogue/index.ts';
import type { PlannedCheck } from '../suites/catalogue/index.ts';
import { loadEnvironment } from './loader.ts';

const PROFILE = { profile: 'nightly' };
const staging = await loadEnvironment('staging');
const testing = await loadEnvironment('testing');
const production = await loadEnvironment('production');

/** The profile must require every check of these suites that reads or writes canaries. */
const OF_PARTS = ['telemetry', 'gpu', 'performance', 'integrations'];
const idsOf = (checks: readonly PlannedCheck[]): string[] => checks.map(({ row }) => row.id).sort();

/** Checks that run there with one of these kinds of access, from the catalogue. */
function runsIn(environment: typeof staging, access: readonly string[]): PlannedCheck[] {
  return planChecks(environment, PROFILE).filter(
    ({ row, notRun }) => notRun === null && access.includes(row.access[environment.kind]),
  );
}

test('should run on staging every check of telemetry, and of the AI service all that it has the means for', () => {
  const left = planChecks(staging, { suites: ['telemetry'] }).filter(({ notRun }) => notRun !== null);
  assert.deepEqual(idsOf(left), []);
  const ofAi = planChecks(staging, { checks: ['**/ai/**', 'integrations/llm'] });
  const why = Object.fromEntries(
    ofAi.flatMap(({ row, notRun }) => (row.built && notRun !== null ? [[row.id, notRun.text]] : [])),
  );
  assert.deepEqual(Object.keys(why), [
    'failover/ai/node-loss',
    'failover/ai/rolling-restart',
    'scaling/ai/up',
  ]);
  assert.match(
    why['scaling/ai/up'] ?? '',
    /ai\.scaling/,
    'thousands of jobs ask a model that somebody pays for',
  );
  assert.match(why['failover/ai/node-loss'] ?? '', /cluster\.power/);
  assert.match(why['failover/ai/rolling-restart'] ?? '', /no account of Plumbline has/);
});

test("should require of staging's nightly everything of the parts that reads or writes there", () => {
  const runs = runsIn(staging, ['r', 'w']).filter(({ row }) => OF_PARTS.includes(suiteOf(row.id)));
  assert.ok(runs.length >= 26, `only ${String(runs.length)} run`);
  assert.deepEqual(idsOf(runs.filter(({ required }) => !required)), []);
});

test('should require of a nightly nothing that cannot run, or that the owners of the cluster permit now and then', () => {
  for (const environment of [staging, testing, production]) {
    const required = planChecks(environment, PROFILE).filter((check) => check.required);
    assert.ok(required.length > 0);
    for (const { row, notRun } of required) {
      assert.equal(notRun, null, `${environment.name} ${row.id}`);
      assert.ok(['r', 'w'].includes(row.access[environment.kind]), `${environment.name} ${row.id}`);
    }
  }
});

test("should require of staging's gate what its nightly requires, and the faults that telemetry and the AI service must stand", () => {
  const gate = planChecks(staging, { profile: 'gate' }).filter(({ required }) => required);
  const ids = new Set(idsOf(gate));
  const nightly = planChecks(staging, PROFILE).filter(({ required }) => required);
  assert.deepEqual(
    idsOf(nightly).filter((id) => !ids.has(id)),
    [],
  );
  for (const id of ['telemetry/logs/under-fault', 'telemetry/traces/under-fault', 'failover/ai/pod-crash'])
    assert.ok(ids.has(id), id);
  assert.deepEqual(idsOf(gate.filter(({ notRun }) => notRun !== null)), []);
});

test('false verdict 15: a profile tries every failover as often as it says, also of services', () => {
  const trials = (profile: string): number[] => [
    ...new Set(
      planChecks(staging, { profile }).flatMap(({ row, trials: n }) =>
        suiteOf(row.id) === 'failover' ? [n] : [],
      ),
    ),
  ];
  assert.deepEqual(trials('nightly'), [3]);
  const gate = planChecks(staging, { profile: 'gate' });
  const of = (id: string): number | undefined => gate.find(({ row }) => row.id === id)?.trials;
  assert.deepEqual(
    [of('failover/redis/pod-crash'), of('failover/ai/pod-crash'), of('failover/query/graph')],
    [10, 3, 3],
  );
  // Fewer trials than the profile demands are only a selection of it.
  assert.equal(scopeOf(staging, { profile: 'gate', repeat: 9 }), 'selection');
  assert.equal(scopeOf(staging, { profile: 'gate', repeat: 10 }), 'profile');
});

test('should run on testing what the catalogue says of telemetry and the model, and require it', () => {
  const runs = runsIn(testing, ['r', 'w']).filter(({ row }) =>
    /^(telemetry\/|integrations\/|performance\/ai\/)/.test(row.id),
  );
  assert.ok(runs.length >= 14, `only ${String(runs.length)} run`);
  assert.deepEqual(idsOf(runs.filter(({ required }) => !required)), []);
  const underFault = planChecks(testing, { checks: ['telemetry/*/under-fault'] });
  assert.deepEqual(
    underFault.map(({ notRun }) => notRun),
    [null, null],
  );
});

test('should only read in production: no load, no breach, no canary, and nothing of its own sent there', () => {
  const planned = planChecks(production);
  for (const { row, notRun } of planned) assert.ok(notRun !== null || row.access.production === 'r', row.id);
  const why = (id: string): string =>
    planned.find(({ row }) => row.id === id)?.notRun?.text ?? assert.fail(`${id} runs`);
  for (const id of ['performance/api/latency', 'performance/ai/availability', 'telemetry/alerts/fires'])
    assert.match(why(id), /^not permitted: this check creates the load or breach .* may only be read$/);
  for (const id of ['telemetry/logs/canary', 'telemetry/traces/complete', 'telemetry/correlation'])
    assert.equal(why(id), 'not permitted: production may only be read; its file holds no permits');
  assert.equal(production.telemetry?.otlp ?? production.telemetry?.pushgateway, undefined);
});

test('should require in production what is read there', () => {
  const read = planChecks(production, PROFILE).filter(
    ({ row, notRun }) => notRun === null && /^(telemetry\/|integrations\/)/.test(row.id),
  );
  assert.deepEqual(idsOf(read), [
    'integrations/llm-token',
    'telemetry/alerts/rules',
    'telemetry/dashboards',
    'telemetry/metrics/freshness',
    'telemetry/metrics/series',
    'telemetry/metrics/targets',
  ]);
  assert.deepEqual(idsOf(read.filter(({ required }) => !required)), []);
});

test('should hold no secret and no address but placeholders', () => {
  for (const environment of [staging, testing, production]) {
    const { name } = environment;
    const text = JSON.stringify(environment);
    const hosts = [...text.matchAll(/https?:\/\/([^/\s:"]+)/g)].map(([, host = '']) => host);
    assert.deepEqual(
      hosts.filter((host) => !host.endsWith(`.${name}.example.com`)),
      [],
    );
    const sources = [...text.matchAll(/"(?:password|token)":(\{[^}]*\}|[^,}]*)/g)].map(
      ([, from = '']) => from,
    );
    assert.ok(hosts.length > 5 && sources.length > 5, name);
    for (const source of sources) assert.match(source, /^\{"env":"PLUMBLINE_[A-Z0-9_]+"\}$/, name);
  }
});

test('should fit on a page or two each', async () => {
  for (const { file } of [staging, testing, production])
    assert.ok((await readFile(file, 'utf8')).split('\n').length <= 120, file);
});

test('false verdict 20: what belongs to the cluster of a store is among the declared workloads', async () => {
  for (const name of ['local', 'local-small', 'staging', 'production']) {
    const { stores, topology } = await loadEnvironment(name, { with: ['all'] });
    const sentinels = stores.redis?.sentinel;
    if (sentinels === undefined) continue;
    const declared = topology.workloads.filter((one) => one.name === 'redis-sentinel');
    assert.equal(declared[0]?.replicas.min, sentinels.addresses.length, name);
  }
});
