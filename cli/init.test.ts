import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ListingApiServer } from '../env/draft/_testing/api-server.ts';
import { OPERATORS, REFERENCE } from '../env/draft/_testing/clusters.ts';
import { objectAt } from '../env/draft/_testing/objects.ts';
import { requireConfiguration } from '../runner/plan/configuration.ts';
import { planChecks } from '../suites/catalogue/index.ts';
import { openEnvironment } from '../suites/catalogue/plan/open.ts';
import { main } from './main.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-init-'));
const server = await ListingApiServer.forTests();
server.objects = REFERENCE;
after(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function init(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const [out, err]: [string[], string[]] = [[], []];
  const code = await main(['init', '--kubeconfig', server.kubeconfig, ...argv], {
    out: (text) => out.push(text),
    err: (text) => err.push(text),
  });
  return { code, out: out.join('\n'), err: err.join('\n') };
}

const at = (name: string): string => path.join(folder, name);

test('should write a file that can be run at once, and leave it at the second run', async () => {
  const file = at('shop.yaml');
  const first = await init('--out', file);
  assert.equal(first.code, 0, first.err);
  assert.match(first.out, /7 nodes in 2 pools, 15 workloads in edge, monitoring, shop/);
  assert.match(first.out, /stores: PostgreSQL \(shop\), Redis \(shop\)/);
  // TODO is what a draft says to its user (probes/drafting.ts).
  assert.match(first.out, /written: .*shop\.yaml, with \d+ TODOs/);
  assert.doesNotMatch(first.out, /plumbline-system is missing/);
  const text = readFileSync(file, 'utf8');
  const second = await init('--out', file);
  assert.equal(second.code, 0, second.err);
  assert.match(second.out, /says of the cluster what is there; it was not changed/);
  assert.equal(readFileSync(file, 'utf8'), text);
  // A number in place of a range, as somebody may write it.
  const narrowed = text.replace('replicas: { min: 1, max: 5000 }', 'replicas: 4');
  assert.notEqual(narrowed, text);
  writeFileSync(file, narrowed);
  const third = await init('--out', file);
  assert.equal(third.code, 0, third.out);
});

test('should say which Jobs it could not foresee, and end with 0 all the same', async () => {
  server.forbidden.add('batch/v1/CronJob');
  server.objects = [...REFERENCE, objectAt('batch/v1', 'CronJob', 'shop/report', {})];
  try {
    const { code, err } = await init('--out', at('unforeseen.yaml'));
    assert.equal(code, 0);
    assert.match(
      err,
      /^not seen: batch\/v1\/CronJob: forbidden: .*\nthis is left out of the file.*plumbline-init \(deploy\/init\.yaml\) the rest$/,
    );
    assert.match(
      readFileSync(at('unforeseen.yaml'), 'utf8'),
      /^# NOT SEEN: batch\/v1\/CronJob: .*ignore has/m,
    );
  } finally {
    server.objects = REFERENCE;
    server.forbidden.clear();
  }
});

test('should draft the section of the application from its OpenAPI document, and say what is none', async () => {
  const [file, document] = [at('orders.yaml'), at('api-docs.json')];
  const made = {
    responses: { 201: { content: { 'application/json': { schema: { properties: { id: {} } } } } } },
  };
  const post = {
    ...made,
    requestBody: {
      content: { 'application/json': { schema: { properties: { name: { type: 'string' } } } } },
    },
  };
  const paths = { '/orders': { get: { responses: { 200: {} } }, post } };
  writeFileSync(document, JSON.stringify({ openapi: '3.1.0', info: { title: 'Orders' }, paths }));
  const { code, err } = await init('--out', file, '--openapi', document);
  assert.equal(code, 0, err);
  const text = readFileSync(file, 'utf8');
  assert.match(text, /# application:\n(#.*\n)*# +create:\n#  +method: POST\n#  +path: \/orders\n/);
  assert.match(text, /--openapi .*api-docs\.json/);
  writeFileSync(document, '<html>');
  const wrong = await init('--out', at('none.yaml'), '--openapi', document);
  assert.equal(wrong.code, 64);
  assert.match(wrong.err, /--openapi .*api-docs\.json: not JSON: a web page/);
});

test('should let the checks of the topology run without a password, an address or a permit', async () => {
  const file = at('once.yaml');
  await init('--out', file);
  const environment = await openEnvironment(file);
  const planned = planChecks(environment, { profile: 'smoke' });
  requireConfiguration(environment, planned, 'profile');
  const running = planned.filter(({ notRun }) => notRun === null).map(({ row }) => row.id);
  assert.deepEqual(running, [
    'topology/cluster/versions',
    'topology/nodes/pools',
    'topology/workloads/declared',
    'topology/workloads/probes',
    'topology/workloads/resources',
    'topology/workloads/spread',
    'topology/workloads/images',
  ]);
});

test('should say what differs, end with 1, and change nothing', async () => {
  const file = at('changed.yaml');
  await init('--out', file);
  const text = readFileSync(file, 'utf8').replace('name: general, count: 3', 'name: general, count: 4');
  writeFileSync(file, text);
  const { code, out } = await init('--out', file);
  assert.equal(code, 1);
  assert.match(out, /topology\.pools: general: count: in the file 4, in the cluster 3/);
  assert.match(out, /differs from the cluster in 1 places; it was not changed/);
  assert.equal(readFileSync(file, 'utf8'), text);
});

test('should name what could not be read, compare the rest, and say how to take over what is seen later', async () => {
  const file = at('partly.yaml');
  for (const kind of ['v1/Node', 'v1/PersistentVolume']) server.forbidden.add(kind);
  try {
    const { code, err } = await init('--out', file);
    assert.equal(code, 0, 'a file was written, and is valid');
    assert.match(err, /^not seen: v1\/Node: forbidden: .*\nnot seen: v1\/PersistentVolume: forbidden: /);
    const again = await init('--out', file);
    assert.equal(again.code, 2);
    assert.match(
      again.out,
      /partly\.yaml: nothing that was compared differs; not compared: nodes, persistentvolumes \(not seen\); it was not changed$/,
    );
    server.forbidden.delete('v1/Node');
    const seen = await init('--out', file);
    assert.equal(seen.code, 1);
    assert.match(
      seen.out,
      /topology\.pools: general: in the file not there, in the cluster there\n[^]* places; not compared: persistentvolumes \(not seen\); it was/,
    );
    assert.match(
      seen.out,
      /draft a second file and compare the two: npx plumbline init --kubeconfig \S+ --context \S+ --kind staging --out \S+partly-now\.yaml$/,
    );
  } finally {
    server.forbidden.clear();
  }
});

/** What is typed for a first report, as the documentation has it. */
const FIRST = [
  'npm ci',
  'npx plumbline init --kubeconfig FILE',
  'npx plumbline env validate env/NAME.yaml',
  'npx plumbline list --env NAME --read-only',
  'npx plumbline run --env NAME --read-only',
  'npx plumbline doctor --env NAME',
];

/** The commands in a text, without what is said of them. */
const commandsIn = (text: string): string[] =>
  text.split('\n').flatMap((line) => /^ +(np[mx] .*?)(?: +#.*)?$/.exec(line)?.[1] ?? []);

test('should name the next commands as README and documentation do', async () => {
  const file = at('next.yaml');
  const { out } = await init('--out', file);
  assert.deepEqual(
    commandsIn(out),
    FIRST.slice(2).map((command) => command.replace(/env\/NAME\.yaml|NAME/, file)),
  );
  for (const page of ['README.md', 'docs/start/your-cluster.md']) {
    const commands = commandsIn(readFileSync(path.join(import.meta.dirname, '..', page), 'utf8'));
    const from = commands.indexOf('npx plumbline init --kubeconfig FILE') - 1;
    assert.deepEqual(commands.slice(from, from + FIRST.length), FIRST, page);
  }
});

test('should say where it looked for a kubeconfig, and how to name another', async () => {
  const { code, err } = await init('--kubeconfig', at('no-such'), '--out', at('a.yaml'));
  assert.equal(code, 64);
  assert.match(err, /^there is no kubeconfig \S+no-such: name one with --kubeconfig$/);
});

test('should take names from the file or the context, and refuse what cannot be', async () => {
  const { out } = await init('--context', 'other', '--out', at('other.yaml'));
  assert.match(out, /written: .*other\.yaml/);
  assert.match(readFileSync(at('other.yaml'), 'utf8'), /^name: other$[^]*^ {2}context: other$/m);
  const wrong: [string[], RegExp][] = [
    [['--context', 'no-such', '--out', at('a.yaml')], /no context "no-such"; it has admin@shop, other/],
    [['--out', at('a.yaml'), '--name', 'b'], /an environment has the name of its file/],
    [['--name', 'A b'], /"A b" cannot be the name of an environment/],
    [['--kind', 'local'], /Allowed choices are testing, staging, production/],
    [['--namespace', 'nowhere', '--out', at('a.yaml')], /the cluster has no namespace nowhere/],
  ];
  for (const [argv, message] of wrong) {
    const { code, err } = await init(...argv);
    assert.equal(code, 64, argv.join(' '));
    assert.match(err, message);
  }
});

test('should refuse to compare with the file of another cluster', async () => {
  const file = at('theirs.yaml');
  await init('--out', file);
  writeFileSync(file, readFileSync(file, 'utf8').replace('11111111-2222', '99999999-2222'));
  const { code, err } = await init('--out', file);
  assert.equal(code, 64);
  assert.match(err, /theirs\.yaml is of another cluster: kube-system has the UID 11111111/);
});

test('should refuse to compare with an example, whose pin is zeros', async () => {
  const file = at('example.yaml');
  await init('--out', file);
  const zeros = readFileSync(file, 'utf8')
    .replace(/kubeSystemUid: .*/, 'kubeSystemUid: 00000000-0000-4000-8000-000000000000')
    .replace(/caSha256: .*/, `caSha256: '${'0'.repeat(64)}'`);
  writeFileSync(file, zeros);
  const { code, out, err } = await init('--out', file);
  assert.equal(code, 64);
  assert.match(err, /example\.yaml is an example .* its pin is zeros.*; choose another --name or --out/);
  assert.doesNotMatch(out, /in the file/);
});

for (const [name, said] of [
  ['staging', /staging\.yaml is an example that comes with Plumbline/],
  ['local', /local\.yaml is of an environment without a pin/],
  // As `oc login` calls a context: namespace, server and user.
  ['shop/staging:6443/kube:admin', /staging\.yaml is an example that comes with Plumbline/],
] as const)
  test(`should not compare with our own file because a context is called ${name}`, async () => {
    const kubeconfig = at(`${name.replaceAll('/', '-')}.kubeconfig`);
    writeFileSync(kubeconfig, readFileSync(server.kubeconfig, 'utf8').replaceAll('"other"', `"${name}"`));
    const { code, out, err } = await init('--kubeconfig', kubeconfig, '--context', name);
    assert.equal(code, 64, out);
    assert.match(err, said);
    assert.match(err, /choose another --name or --out/);
  });

test('should compare with the file of a cluster that Plumbline provisions, which has no pin', async () => {
  const file = at('rehearsal.yaml');
  await init('--out', file);
  const pinned = /^cluster:\n(?: {2}.*\n)+/m;
  writeFileSync(file, readFileSync(file, 'utf8').replace(pinned, 'cluster: { rehearsal: small }\n'));
  const { code, out, err } = await init('--out', file);
  assert.equal(code, 0, `${out}${err}`);
  assert.match(out, /rehearsal\.yaml says of the cluster what is there/);
});

test('should draft for production what operators made, and compare it with a file of its own', async () => {
  server.objects = OPERATORS;
  try {
    const file = at('live.yaml');
    const { code, out } = await init('--kind', 'production', '--out', file);
    assert.equal(code, 0);
    assert.match(out, /stores: PostgreSQL \(databases\), PostgreSQL \(databases\), Redis \(caches\)/);
    assert.match(
      out,
      /the namespace plumbline-system is missing, where a run without --read-only keeps a Lease/,
    );
    assert.equal((await init('--kind', 'production', '--out', file)).code, 0);
    const storage = planChecks(await openEnvironment(file), { checks: ['topology/storage/persistent'] });
    assert.equal(storage[0]?.notRun, null); // there it only reads
  } finally {
    server.objects = REFERENCE;
  }
});
