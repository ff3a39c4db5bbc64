import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../env/loader.ts';
import { parseRun } from '../reports/record/parse-run.ts';
import { plumbline } from './_testing/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-unreachable-'));
const out = join(folder, 'runs');
after(() => rmSync(folder, { recursive: true, force: true }));

const staging = await loadEnvironment('staging');
/** Every variable that staging names, set to something. */
const VARIABLES = Object.fromEntries(
  [...JSON.stringify(staging).matchAll(/"env":"([A-Z0-9_]+)"/g)].map(([, name = '']) => [name, 'set']),
);
const RUN = ['run', '--env', 'staging', '--out', out];

/** A kubeconfig with an address on which nothing listens any more. */
async function deadKubeconfig(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  const path = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'dead', cluster: { server: `https://127.0.0.1:${port}` } }],
    users: [{ name: 'dead', user: { token: 'token' } }],
    contexts: [{ name: 'dead', context: { cluster: 'dead', user: 'dead' } }],
    'current-context': 'dead',
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

test('false verdict 16: without the variables that its file names an environment is refused before anything begins', async () => {
  const { code, stdout, stderr } = await plumbline(RUN);
  assert.equal(code, 64);
  assert.match(stderr, /^staging cannot be asked: the environment variables [^\n]* are not set\n$/);
  for (const name of Object.keys(VARIABLES)) assert.ok(stderr.includes(name), name);
  assert.equal(stdout, '');
  assert.equal(existsSync(out), false);
});

test('false verdict 16: a selection needs only what its checks ask, and a kubeconfig that is there', async () => {
  const one = [...RUN, '--check', 'topology/nodes/pools'];
  const without = await plumbline(one);
  assert.equal(
    without.stderr,
    'staging cannot be asked: the environment variable PLUMBLINE_STAGING_KUBECONFIG is not set\n',
  );
  for (const value of ['/no/such/file', 'apiVersion: v1\nusers: [{ name: u, user: { token: s3cret } }]\n']) {
    const nowhere = await plumbline(one, { PLUMBLINE_STAGING_KUBECONFIG: value });
    assert.equal(nowhere.code, 64);
    assert.equal(
      nowhere.stderr,
      'staging cannot be asked: the environment variable PLUMBLINE_STAGING_KUBECONFIG (cluster.kubeconfig) holds no path of an existing file: it must hold the path, not the kubeconfig itself\n',
    );
  }
  assert.equal(existsSync(out), false);
  const roles = await plumbline([...RUN, '--check', 'topology/workloads/roles']);
  assert.match(roles.stderr, /PLUMBLINE_STAGING_KUBECONFIG, .*_PASSWORD and /);
});

test('false verdict 16: a kubeconfig of a dead address is one sentence, and no check fails', async () => {
  const kubeconfig = await deadKubeconfig();
  const variables = { ...VARIABLES, PLUMBLINE_STAGING_KUBECONFIG: kubeconfig };
  const { code, stdout, stderr } = await plumbline([...RUN, '--profile', 'nightly'], variables);
  assert.equal(code, 2, stderr);
  const said = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('…'));
  assert.match(said[0] ?? '', /^staging: INCONCLUSIVE, the environment cannot be asked \(.*ECONNREFUSED/);
  assert.match(said[1] ?? '', /^report: /);
  const [run = '', ...others] = readdirSync(out).filter((name) => name !== 'latest');
  assert.deepEqual(others, []);
  const record = parseRun(readFileSync(join(out, run, 'run.json'), 'utf8'));
  assert.deepEqual([...new Set(record.checks.map(({ verdict }) => verdict))].sort(), [
    'inconclusive',
    'not-run',
  ]);
  const roles = record.checks.find(({ id }) => id === 'topology/workloads/roles');
  assert.match(roles?.reason ?? '', /^the environment cannot be asked: /);
  assert.deepEqual(roles?.findings, []);
  // Judging the run again from its histories gives the same result.
  const again = await plumbline(['judge', join(out, run)]);
  assert.equal(again.code, 2);
  assert.ok(again.stdout.includes(record.sentence));
  assert.doesNotMatch(again.stdout, /^fail/m);
});
