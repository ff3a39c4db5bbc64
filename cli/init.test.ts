import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { ListingApiServer } from '../env/draft/_testing/api-server.ts';
import { clusterNamed } from '../env/draft/_testing/clusters.ts';
import { objectAt } from '../env/draft/_testing/objects.ts';
import { requireConfiguration } from '../runner/plan/configuration.ts';
import { planChecks } from '../suites/catalogue/index.ts';
import { openEnvironment } from '../suites/catalogue/plan/open.ts';
import { main } from './main.ts';

const REFERENCE = clusterNamed('reference');
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
  assert.equal(second.code, 64);
  assert.match(
    second.err,
    /shop\.yaml is there already and stays as it is: .*--read-only --suite topology.*--out \S+shop-now\.yaml/,
  );
  assert.equal(readFileSync(file, 'utf8'), text);
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

test('should name what could not be read, and draft the rest', async () => {
  for (const kind of ['v1/Node', 'v1/PersistentVolume']) server.forbidden.add(kind);
  try {
    const { code, err } = await init('--out', at('partly.yaml'));
    assert.equal(code, 0, 'a file was written, and is valid');
    assert.match(err, /^not seen: v1\/Node: forbidden: .*\nnot seen: v1\/PersistentVolume: forbidden: /);
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

test('should draft for production what operators made', async () => {
  server.objects = clusterNamed('operators');
  try {
    const file = at('live.yaml');
    const { code, out } = await init('--kind', 'production', '--out', file);
    assert.equal(code, 0);
    assert.match(out, /stores: PostgreSQL \(databases\), PostgreSQL \(databases\), Redis \(caches\)/);
    assert.match(
      out,
      /the namespace plumbline-system is missing, where a run without --read-only keeps a Lease/,
    );
    const storage = planChecks(await openEnvironment(file), { checks: ['topology/storage/persistent'] });
    assert.equal(storage[0]?.notRun, null); // there it only reads
  } finally {
    server.objects = REFERENCE;
  }
});
