import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { GOALS, GOOD, problemsIn, problemsWith } from './_testing/local-file.ts';
import { emptyFolderIn } from '../host/_testing/variable.ts';
import { CommandError } from '../host/errors.ts';
import { environmentJsonSchema, SCHEMA_FILE } from './json-schema.ts';
import { openEnvironment } from '../suites/catalogue/plan/open.ts';
import { environmentNames, loadEnvironment, parseEnvironment } from './loader.ts';

/** Line of the first occurrence, counted from 1. */
function lineOf(text: string): number {
  return GOOD.slice(0, GOOD.indexOf(text)).split('\n').length;
}

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

test('should name the place and the alternatives of an unknown key', () => {
  const [missing, problem] = problemsWith('policyEnforced:', 'policyEnforce:');
  const place = `env/local.yaml:${String(lineOf('policyEnforced'))}:5`;
  assert.equal(
    problem,
    `${place}: topology.network: unknown key; found "policyEnforce" (did you mean "policyEnforced"?); ` +
      'allowed: cni, policyEnforced, clusterDomain, outsideNames, probeImage',
  );
  assert.match(String(missing), /: topology\.network\.policyEnforced: missing; allowed: true or false$/);
});

test('should refuse names of a service on the path of a request that lead nowhere or to two services', () => {
  const FIRST = '      - { service: gateway }';
  const firstWith = (more: string): string[] => problemsWith(FIRST, `      - { service: gateway, ${more} }`);
  const place = (line: number, column: number): string => `env/local.yaml:${lineOf(FIRST) + line}:${column}`;
  const [unknown, ...others] = firstWith('workload: edge-gateway, loggedAs: web');
  assert.match(
    String(unknown),
    /: telemetry\.traces\.path\[0\]\.workload: topology\.workloads has no workload of this name; found edge-gateway; allowed: .*tender-api/,
  );
  assert.ok(unknown?.startsWith(place(0, 39)), unknown);
  assert.deepEqual(others, []);
  assert.deepEqual(firstWith('loggedAs: tender-api'), [
    `${place(1, 18)}: telemetry.traces.path[1].service: log lines of gateway have the same name: they cannot be told apart; ` +
      'found tender-api; allowed: a name of its own, or `logs: false` for one of the two',
  ]);
  assert.deepEqual(firstWith('loggedAs: tender-api, logs: false'), []);
  assert.deepEqual(firstWith('workload: gateway, loggedAs: web'), []);
  assert.match(String(firstWith("loggedAs: ''")[0]), /telemetry\.traces\.path\[0\]\.loggedAs: /);
});

test('should say where YAML stops to parse', () => {
  const [problem] = problemsWith('size: full', 'size: [full');
  assert.match(String(problem), /^env\/local\.yaml:\d+:\d+: not valid YAML: /);
});

test('should refuse a key that is there twice', () => {
  const problems = problemsWith('kind: local\n', 'kind: local\nkind: local\n');
  assert.deepEqual(problems, [
    `env/local.yaml:${String(lineOf('kind: local') + 1)}:1: this key appears twice; allowed: each key once`,
  ]);
});

test('should name the allowed values of a choice', () => {
  const [problem] = problemsWith('size: full', 'size: huge');
  assert.match(String(problem), /:9: cluster\.size: unknown value; found "huge"; allowed: small, full$/);
});

test('should refuse a value of the wrong type and say what was found', () => {
  const [problem] = problemsWith('container: postgres', 'container: 7');
  assert.match(String(problem), /stores\.postgres\.container: wrong type; found 7; allowed: text$/);
});

test('should refuse a goal of the wrong type', () => {
  const [inStore] = problemsWith('pod-crash: { rtoSeconds: 30,', 'pod-crash: { rtoSeconds: thirty,');
  assert.match(
    String(inStore),
    /goals\.pod-crash\.rtoSeconds: wrong type; found "thirty"; allowed: a number$/,
  );
  const [byId] = problemsWith(
    GOALS,
    `${GOALS}\n  'topology/cluster/versions': { status: assumed, values: { minDays: soon } }`,
  );
  assert.match(String(byId), /a goal of the wrong type; found "soon"; allowed: a number, such as 30$/);
});

test('should refuse a goal that the check does not have', () => {
  const [problem] = problemsWith(
    GOALS,
    `${GOALS}\n  'topology/cluster/versions': { status: assumed, values: { mindays: 3 } }`,
  );
  assert.match(
    String(problem),
    /no such goal; found "mindays" \(did you mean "minDays"\?\); allowed: maxMinorSkew, minDays, kubeletLifetimeShare$/,
  );
});

test('should refuse a profile that names no check', () => {
  const [problem] = problemsWith(
    "checks: ['topology/**', 'failover/{postgres,redis,rabbitmq,elasticsearch,neo4j}/pod-crash']",
    "checks: ['topologie/**']",
  );
  assert.match(
    String(problem),
    /^env\/local\.yaml:\d+:14: profiles\.spine\.checks\[0\]: no check matches; found "topologie\/\*\*" \(did you mean "topology\/\*\*"\?\)/,
  );
});

test('should refuse an unknown store and name the known ones', () => {
  const [problem] = problemsWith('  postgres: # section', '  postgresql: # section');
  assert.match(
    String(problem),
    /stores: unknown key; found "postgresql" \(did you mean "postgres"\?\); allowed: postgres, redis, /,
  );
});

test('should refuse a fault without a goal, and an unknown one', () => {
  const [problem] = problemsWith('pod-crash: { rtoSeconds', 'pod-crush: { rtoSeconds');
  assert.match(
    String(problem),
    /stores\.postgres\.goals: unknown key; found "pod-crush" \(did you mean "pod-crash"\?\)/,
  );
});

test('should refuse permits in production', async () => {
  const text = await readFile(path.join(import.meta.dirname, 'production.yaml'), 'utf8');
  const permitted = text.replace('permits: []', "permits: [{ checks: ['failover/**'], faults: [hang] }]");
  assert.throws(
    () => parseEnvironment(permitted, 'env/production.yaml'),
    /permits: a file of kind production must contain no permits/,
  );
});

test('should refuse a store whose StatefulSet is not among the workloads', () => {
  const [problem] = problemsWith(
    'replicas: 3, serves: true, store: postgres }',
    'replicas: 3, serves: true }',
  );
  assert.match(String(problem), /stores\.postgres\.statefulSet: .* found tender\/postgres$/);
});

const WAY = /statefulSet: \{ namespace: tender, name: postgres \}/;
const sets = (names: string[]): string =>
  `statefulSets: { namespace: tender, sets: [${names.map((name) => `{ name: ${name}, members: 1 }`).join(', ')}] }`;

test('should refuse two ways to the members of a store, and one that no container is named for', () => {
  const both =
    'statefulSet: { namespace: tender, name: postgres }\n    pods: { namespace: tender, labels: { a: b } }';
  assert.deepEqual(
    problemsWith(WAY, both).map((problem) => problem.replace(/^.*?: /, '')),
    [
      'stores.postgres.pods: statefulSet already says which pods are the members; found pods; allowed: one of statefulSet, statefulSets, pods',
    ],
  );
  const [nameless, ...more] = problemsWith(/ {4}container: postgres\n/, '');
  assert.match(
    String(nameless),
    /stores\.postgres\.statefulSet: the container that holds the server must be named/,
  );
  assert.deepEqual(more, []);
});

test('should refuse StatefulSets that are not there, and members that are not their sum', () => {
  const found = problemsWith(WAY, sets(['postgres', 'postgres-b']));
  assert.equal(found.length, 2);
  assert.match(
    String(found[0]),
    /stores\.postgres\.statefulSets: topology\.workloads declares .* found tender\/postgres-b$/,
  );
  assert.match(
    String(found[1]),
    /stores\.postgres\.members: not the sum over statefulSets; found 3; allowed: 2$/,
  );
});

test('should take a Redis Cluster in place of Sentinels, and refuse both, or members that are in no shard', () => {
  const redis = /( {2}redis:[^\n]*\n(?: {4}.*\n)*? {4}members: )3\n/;
  const [both, ...more] = problemsWith(redis, '$16\n    cluster: {}\n');
  assert.match(
    String(both),
    /stores\.redis\.cluster: found beside sentinel; allowed: one of the two, since either decides who leads/,
  );
  assert.equal(more.filter((one) => one.includes('stores.redis.cluster')).length, 0);
  const odd = problemsWith(redis, '$13\n    cluster: {}\n').map(String).join('\n');
  assert.match(odd, /stores\.redis\.members: no multiple of a master and its cluster\.replicas; allowed: /);
});

test('should take labels, or nothing but an address of a single member', () => {
  assert.deepEqual(problemsWith(WAY, 'pods: { namespace: tender, labels: { app: pg } }'), []);
  const [problem] = problemsWith(WAY, '# managed by somebody else');
  assert.match(
    String(problem),
    /stores\.postgres\.members: an address without pods stands for a single member of a store that does not list its members; found 3; allowed: 1$/,
  );
});

test('should take an address for several members only of a store that lists them itself', () => {
  /** Problems with the members of a store that is an address without pods. */
  const ofAddress = (store: string, members: string): string[] => {
    const section = new RegExp(`^ {2}${store}:[^\n]*\n(?: {4,}.*\n)*`, 'm');
    const asAddress = (text: string): string =>
      text.replace(/ {4}statefulSet: .*\n/, '').replace(/ {4}members: .*\n/, `    ${members}\n`);
    return problemsIn(GOOD.replace(section, asAddress)).filter((one) => one.includes(`${store}.members`));
  };
  for (const store of ['rabbitmq', 'elasticsearch']) assert.deepEqual(ofAddress(store, 'members: 3'), []);
  assert.match(
    String(ofAddress('redis', 'members: 3')),
    /redis\.members: an address without pods stands for/,
  );
  assert.deepEqual(ofAddress('redis', 'members: 6\n    cluster: {}'), []);
});

test('should refuse a name that differs from the file', async (context) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'plumbline-'));
  context.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'other.yaml');
  await writeFile(file, GOOD);
  await assert.rejects(loadEnvironment(file), /other\.yaml:\d+:7: name: .*; found "local"; allowed: other$/);
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

test('should refuse devices of a pool that there is not, and a share without its number', () => {
  const [pool] = problemsWith('  pool: gpu\n', '  pool: gpus\n');
  assert.match(
    String(pool),
    /gpu\.pool: topology\.pools has no such pool; found gpus; allowed: general, gpu$/,
  );
  const [shared] = problemsWith('resource: nvidia.com/gpu\n', 'resource: nvidia.com/gpu.shared\n');
  assert.match(String(shared), /gpu\.resource: .*needs sharedBy: how many containers share a device/);
  assert.deepEqual(problemsWith('resource: nvidia.com/gpu\n', 'resource: nvidia.com/mig-1g.5gb\n'), []);
  const [name] = problemsWith('resource: nvidia.com/gpu\n', 'resource: gpu\n');
  assert.match(String(name), /gpu\.resource: /);
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

test('should know further paths of clients to PostgreSQL, each with an address at least, and of no other store', () => {
  const withPaths = (paths: string): string[] =>
    problemsWith(/^( {4}database: plumbline\n)/m, `    paths: ${paths}\n$1`);
  assert.deepEqual(withPaths('{ direct: [{ host: 192.0.2.7, port: 5432 }] }'), []);
  assert.match(withPaths('{ direct: [] }').join(), /stores\.postgres\.paths\.direct/);
  assert.match(withPaths('{ Direct: [{ host: a, port: 1 }] }').join(), /stores\.postgres\.paths/);
  assert.match(
    problemsWith(/^( {2}redis:.*\n)/m, '$1    paths: {}\n').join(),
    /stores\.redis: unknown key; found "paths"/,
  );
});

test('should publish its current JSON Schema', async () => {
  const published = await readFile(SCHEMA_FILE, 'utf8');
  assert.deepEqual(JSON.parse(published), JSON.parse(environmentJsonSchema()), 'run: npm run reference');
});

test('should refuse a cluster of Neo4j Community: it has no clustering', () => {
  const members = /(neo4j:.*\n.*\n\s+container: neo4j\n\s+members:) 1/;
  assert.match(problemsWith(members, '$1 3').join(), /Neo4j Community has no clustering: expected 1 member/);
});

test('should show no password of an address that is refused', () => {
  const [problem = ''] = problemsWith(
    /^ {2}url: .*prometheus.*$|^ {2}url: http:\/\/[^\n]*$/m,
    '  url: ftp://somebody:s3cret@prometheus.example.org/',
  );
  assert.match(problem, /ftp:\/\/\*\*\*@prometheus/);
  assert.doesNotMatch(problem, /s3cret/);
});
