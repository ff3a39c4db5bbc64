import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { emptyFolderIn } from '../host/_testing/variable.ts';
import { CommandError } from '../host/errors.ts';
import { environmentJsonSchema, SCHEMA_FILE } from './json-schema.ts';
import { openEnvironment } from '../suites/catalogue/plan/open.ts';
import { environmentNames, loadEnvironment, parseEnvironment } from './loader.ts';

const GOOD = await readFile(path.join(import.meta.dirname, 'local.yaml'), 'utf8');

test('should load every environment of the checkout', async () => {
  const names = await environmentNames();
  assert.deepEqual(names, [
    'development',
    'local',
    'local-small',
    'production',
    'rehearsal',
    'staging',
    'testing',
  ]);
  for (const name of names) assert.equal((await openEnvironment(name)).name, name);
});

test('should name the place of what is wrong', () => {
  const line = GOOD.slice(0, GOOD.indexOf('policyEnforced')).split('\n').length;
  const wrong = GOOD.replace('policyEnforced:', 'policyEnforce:');
  const place = new RegExp(`^env/local\\.yaml:${line}:5: topology\\.network: unknown key; found`, 'm');
  assert.throws(() => parseEnvironment(wrong, 'env/local.yaml'), place);
});

test('should know what to type for an environment: its name only where that leads to its file', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-env-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'local.yaml');
  await writeFile(file, GOOD);
  assert.equal((await loadEnvironment(file)).envOption, file, 'the name would lead to that of the checkout');
  assert.equal((await loadEnvironment('local')).envOption, 'local');
  const own = path.join(import.meta.dirname, 'local.yaml');
  assert.equal((await loadEnvironment(own)).envOption, 'local');
});

test('should give the text that it read, once, without those of the files that are extended', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-text-'));
  context.after(() => rm(folder, { recursive: true }));
  const text = 'extends: base.yaml\n# a comment\n';
  await writeFile(path.join(folder, 'base.yaml'), GOOD);
  await writeFile(path.join(folder, 'local.yaml'), text);
  const read: string[] = [];
  await loadEnvironment(path.join(folder, 'local.yaml'), { onText: (one) => read.push(one) });
  assert.deepEqual(read, [text]);
});

test('should say which environments there are', async () => {
  await assert.rejects(loadEnvironment('stagin'), (error) => {
    assert.ok(error instanceof CommandError);
    assert.equal(error.exitCode, 64);
    assert.match(
      error.message,
      /^no environment "stagin" \(did you mean "staging"\?\).*environments here: development, /,
    );
    return true;
  });
});

test('should apply a size', async () => {
  const small = await loadEnvironment('local', { size: 'small' });
  assert.equal(small.topology.controlPlane?.nodes, 1);
  assert.deepEqual(
    small.topology.pools.map((pool) => pool.name),
    ['general'],
  );
  const full = await loadEnvironment('local-small', { size: 'full' });
  assert.equal(full.topology.controlPlane?.etcdMembers, 3);
  await assert.rejects(loadEnvironment('staging', { size: 'full' }), /staging has no size/);
});

test('should keep only the chosen stores and their workloads of an embedded environment', async () => {
  const local = await loadEnvironment('local', { with: ['postgres', 'redis'] });
  assert.deepEqual(Object.keys(local.stores), ['postgres', 'redis']);
  assert.ok(!local.topology.workloads.some((workload) => workload.name === 'neo4j'));
  assert.deepEqual(local.leftOut, ['rabbitmq', 'elasticsearch', 'neo4j']);
  await assert.rejects(
    loadEnvironment('local', { with: ['postgres', 'oracle'] }),
    /declares no store or part "oracle" in its size full; it declares: postgres/,
  );
});

test('should keep only the chosen parts and what belongs to them, and say what a part needs', async () => {
  const names = async (words: string[]): Promise<string[]> => {
    const { topology } = await loadEnvironment('local', { with: words });
    return topology.workloads.flatMap(({ name, part }) => (part === undefined ? [] : [name]));
  };
  assert.deepEqual(await names(['postgres']), []);
  const telemetry = ['logstore', 'log-shipper', 'jaeger', 'alertmanager', 'grafana-stub'];
  assert.deepEqual(await names(['postgres', 'telemetry']), telemetry);
  const all = ['postgres', 'redis', 'rabbitmq', 'elasticsearch', 'neo4j', 'ai'];
  assert.deepEqual(await names(all), ['tender-ai', 'prometheus-adapter', 'llm-stub']);
  assert.deepEqual((await loadEnvironment('local', { with: all })).partsLeftOut, ['telemetry', 'gpu']);
  assert.deepEqual((await loadEnvironment('local')).partsLeftOut, []);
  await assert.rejects(
    loadEnvironment('local', { with: ['postgres', 'redis', 'ai'] }),
    /the part ai needs rabbitmq, elasticsearch, neo4j as well: --with postgres,redis,rabbitmq,elasticsearch,neo4j,ai$/,
  );
  await assert.rejects(
    loadEnvironment('local', { with: ['postgres', 'grafana'] }),
    /declares no store or part "grafana" in its size full; it declares: postgres, .*, telemetry, ai, gpu; "all" alone means all of them$/,
  );
});

test('should take all, alone, for every word that the size declares', async () => {
  const full = await loadEnvironment('local', { with: ['all'] });
  assert.deepEqual([full.leftOut, full.partsLeftOut], [[], []]);
  const small = await loadEnvironment('local-small', { with: ['all'] });
  assert.deepEqual([small.leftOut, small.partsLeftOut], [[], ['gpu']]);
  assert.deepEqual(Object.keys((await loadEnvironment('staging', { with: ['all'] })).stores).length, 5);
  await assert.rejects(loadEnvironment('local', { with: ['all', 'gpu'] }), /no store or part "all"/);
});

test('should keep the section of a part only where it is chosen', async () => {
  const all = await loadEnvironment('local');
  assert.equal(all.gpu?.resource, 'nvidia.com/gpu');
  const without = await loadEnvironment('local', { with: ['postgres'] });
  assert.equal(without.gpu, undefined);
  assert.deepEqual(without.partsLeftOut, ['telemetry', 'ai', 'gpu']);
  const chosen = await loadEnvironment('local', { with: ['postgres', 'gpu'] });
  assert.equal(chosen.gpu?.simulated, true);
  assert.deepEqual(Object.keys(chosen.stores), ['postgres']);
  assert.ok(chosen.topology.workloads.some(({ name }) => name === 'device-plugin'));
});

test('should hold no devices in a size without their pool', async () => {
  const small = await loadEnvironment('local', { size: 'small' });
  assert.equal(small.gpu, undefined);
  assert.deepEqual(small.partsLeftOut, ['gpu']);
  await assert.rejects(
    loadEnvironment('local', { size: 'small', with: ['postgres', 'gpu'] }),
    /declares no store or part "gpu" in its size small; it declares: postgres/,
  );
});

test('should declare in an embedded environment what it was provisioned with', async (context) => {
  const state = emptyFolderIn(context, 'PLUMBLINE_STATE');
  const names = async (environment: string): Promise<string[]> =>
    Object.keys((await openEnvironment(environment, { with: 'provisioned' })).stores);
  assert.deepEqual(await names('local'), ['postgres']);
  const all = Object.keys((await openEnvironment('local')).stores);
  await mkdir(path.join(state, 'local'));
  await writeFile(path.join(state, 'local', 'stamp.json'), JSON.stringify({ with: all }));
  assert.deepEqual(await names('local'), all);
  assert.deepEqual(await names('local-small'), ['postgres']);
  await writeFile(
    path.join(state, 'local', 'stamp.json'),
    JSON.stringify({ with: ['postgres', 'telemetry'] }),
  );
  const provisioned = await openEnvironment('local', { with: 'provisioned' });
  assert.deepEqual(
    [Object.keys(provisioned.stores), provisioned.partsLeftOut],
    [['postgres'], ['ai', 'gpu']],
  );
  assert.ok((await names('staging')).includes('redis'));
});

test('should take in an embedded environment the size that it was provisioned with, unless another is asked for', async (context) => {
  const state = emptyFolderIn(context, 'PLUMBLINE_STATE');
  const nodes = async (options: Parameters<typeof openEnvironment>[1]): Promise<unknown> => {
    const { cluster, topology } = await openEnvironment('local', options);
    return ['size' in cluster && cluster.size, topology.controlPlane?.nodes];
  };
  assert.deepEqual(await nodes({ size: 'provisioned' }), ['full', 3]);
  await mkdir(path.join(state, 'local'));
  await writeFile(path.join(state, 'local', 'stamp.json'), JSON.stringify({ size: 'small', with: [] }));
  assert.deepEqual(await nodes({ size: 'provisioned' }), ['small', 1]);
  assert.deepEqual(await nodes({ size: 'full' }), ['full', 3]);
  assert.deepEqual(await nodes({}), ['full', 3]);
  assert.equal((await openEnvironment('staging', { size: 'provisioned' })).name, 'staging');
});

test('should complete the time-outs and find files of the instance', async () => {
  const local = await openEnvironment('local');
  assert.equal(local.timeouts.storeOperation.seconds, 5);
  assert.match(JSON.stringify(local.topology.edge?.trust), /\/local\/edge\/ca\.crt"/);
  const staging = await openEnvironment('staging');
  assert.equal(staging.timeouts.membersRejoined.seconds, 900);
});

test('should publish its current JSON Schema', async () => {
  const published = await readFile(SCHEMA_FILE, 'utf8');
  assert.deepEqual(JSON.parse(published), JSON.parse(environmentJsonSchema()), 'run: npm run reference');
});
