import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'yaml';
import { openCluster } from '../../../probes/kubernetes/index.ts';
import { kubeCallFrom } from '../../../runner/provider-safety.ts';
import type { KubeObject } from '../../../suites/harness/protocol.ts';
import { asForeign, KUBECONFIG, onlyRun, plumbline, ROOT, scratch } from '../_helpers/runner-fixture.ts';

const folder = scratch();
const READERS = ['--check', 'topology/nodes/pools', '--check', 'topology/workloads/{declared,spread}'];
/** As `READERS`, without what depends on how often earlier drills have restarted a member. */
const LIMITED = ['--check', 'topology/nodes/pools', '--check', 'topology/workloads/{probes,spread}'];
const stop = new AbortController();
const cluster = openCluster({ kubeconfig: KUBECONFIG, signal: stop.signal });
after(() => {
  stop.abort();
  cluster.close();
});

function out(name: string): string {
  return join(folder, 'runs', name);
}

function run(env: string, name: string, checks = READERS) {
  return plumbline(['run', '--env', env, ...checks, '--out', out(name)]);
}

/** Files below a folder that hold a text. */
function filesWith(text: string, root: string): string[] {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file, 'utf8').includes(text));
}

/** The admin's kubeconfig with other credentials, and another server if need be. */
function kubeconfigWith(name: string, user: Record<string, unknown>, server?: string): string {
  const config = parse(readFileSync(KUBECONFIG, 'utf8')) as {
    users: { user: unknown }[];
    clusters: { cluster: { server: string } }[];
  };
  for (const one of config.users) one.user = user;
  if (server !== undefined) for (const one of config.clusters) one.cluster.server = server;
  const file = join(folder, `${name}.kubeconfig`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}

test('should refuse an environment that is not there, naming those that are', async () => {
  const { code, output } = await run('nowhere', 'nowhere');
  assert.equal(code, 64);
  assert.match(output, /no environment "nowhere".*environments here: .*local-small/);
  assert.ok(!existsSync(out('nowhere')));
});

test('should refuse what is wrong in an environment file with its line, and leave no run', async () => {
  const good = readFileSync(join(ROOT, 'env', 'local.yaml'), 'utf8');
  const cases = [
    { name: 'broken', text: `${good}\n  : [`, expected: /broken\.yaml:\d+:\d+/ },
    { name: 'unknown-key', text: `${good}\nnonsense: 1\n`, expected: /unknown-key\.yaml:\d+:\d+.*nonsense/ },
    {
      name: 'wrong-goal',
      text: good.replace('rtoSeconds: 30', 'rtoSeconds: soon'),
      expected: /wrong-goal\.yaml:\d+:\d+.*rtoSeconds/,
    },
  ];
  for (const { name, text, expected } of cases) {
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, text);
    const { code, output } = await run(file, name);
    assert.equal(code, 64, `${name}: ${output}`);
    assert.match(output, expected);
    assert.ok(!existsSync(out(name)));
  }
});

test('should refuse a profile that names no check, and one that does not exist', async () => {
  const text = readFileSync(join(ROOT, 'env', 'local.yaml'), 'utf8');
  const file = join(folder, 'no-check.yaml');
  writeFileSync(file, text.replace('  smoke:', "  empty: { checks: ['topology/nothing/*'] }\n  smoke:"));
  const none = await plumbline(['run', '--env', file, '--profile', 'empty', '--out', out('empty')]);
  assert.equal(none.code, 64, none.output);
  assert.match(none.output, /topology\/nothing|empty/);
  const unknown = await plumbline([
    'run',
    '--env',
    'local-small',
    '--profile',
    'smoek',
    '--out',
    out('smoek'),
  ]);
  assert.equal(unknown.code, 64);
  assert.match(unknown.output, /no profile "smoek".*it has: smoke, /);
});

test('should record every check as inconclusive when the API server is unreachable', async () => {
  const kubeconfig = kubeconfigWith('unreachable', { token: 'x' }, 'https://127.0.0.1:9');
  const { code, output } = await run(asForeign(folder, 'unreachable', { kubeconfig }), 'unreachable');
  assert.equal(code, 2, output);
  const { record, folder: made } = onlyRun(out('unreachable'), output);
  const ran = record.checks.filter(({ verdict }) => verdict !== 'not-run');
  assert.equal(ran.length, 3);
  for (const { verdict, reason } of ran) {
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /unreachable: .*127\.0\.0\.1:9/);
  }
  assert.ok(
    ['report.html', 'junit.xml', 'summary.md', 'metrics.prom'].every((name) => existsSync(join(made, name))),
  );
});

test('should record every check as inconclusive when the token is refused, and keep the token out of all files', async () => {
  const token = 'not-a-token-0123456789abcdef';
  const kubeconfig = kubeconfigWith('refused', { token });
  const { code, output } = await run(asForeign(folder, 'refused', { kubeconfig }), 'refused');
  assert.equal(code, 2, output);
  const { record, folder: made } = onlyRun(out('refused'), output);
  for (const { verdict, reason } of record.checks.filter((check) => check.verdict !== 'not-run')) {
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /unauthorized/);
  }
  assert.deepEqual(filesWith(token, made), []);
});

test('should touch nothing when the kubeconfig points at another cluster than the pinned one', async () => {
  const other = { kubeSystemUid: '00000000-0000-4000-8000-000000000000' };
  const { code, output } = await run(asForeign(folder, 'other', { pin: other }), 'other');
  assert.equal(code, 64, output);
  assert.match(output, /not the cluster that other pins; nothing was touched/);
  assert.match(output, /UID of kube-system: pinned 00000000-/);
  assert.deepEqual(existsSync(out('other')) ? readdirSync(out('other')) : [], []);
});

test('should fail what looks into a namespace that is missing', async () => {
  const { code, output } = await run(asForeign(folder, 'missing', { platform: 'absent' }), 'missing');
  assert.equal(code, 1, output);
  const { record } = onlyRun(out('missing'), output);
  const declared = record.checks.find(({ id }) => id === 'topology/workloads/declared');
  assert.equal(declared?.verdict, 'fail');
  assert.match(declared.reason, /namespace absent is missing/);
  assert.equal(record.checks.find(({ id }) => id === 'topology/nodes/pools')?.verdict, 'pass');
});

test('should hold back only the checks of a kind that may not be listed', async () => {
  const token = await limitedToken();
  const kubeconfig = kubeconfigWith('limited', { token });
  const { code, output } = await run(asForeign(folder, 'limited', { kubeconfig }), 'limited', LIMITED);
  assert.equal(code, 2, output);
  const { record, folder: made } = onlyRun(out('limited'), output);
  const verdicts = Object.fromEntries(
    record.checks.filter(({ verdict }) => verdict !== 'not-run').map((one) => [one.id, one.verdict]),
  );
  assert.deepEqual(verdicts, {
    'topology/nodes/pools': 'pass',
    'topology/workloads/probes': 'pass',
    'topology/workloads/spread': 'inconclusive',
  });
  assert.match(
    record.checks.find(({ id }) => id === 'topology/workloads/spread')?.reason ?? '',
    /poddisruptionbudgets|PodDisruptionBudget/i,
  );
  assert.deepEqual(filesWith(token, made), []);
});

test('should end with 3 before anything is touched when the runs folder cannot be written or is full', async () => {
  const blocked = join(folder, 'a-file');
  writeFileSync(blocked, '');
  const unwritable = await plumbline([
    'run',
    '--env',
    'local-small',
    ...READERS,
    '--out',
    join(blocked, 'runs'),
  ]);
  assert.equal(unwritable.code, 3, unwritable.output);
  assert.match(unwritable.output, /runs folder .*cannot be used: .*ENOTDIR.*Nothing was touched/);

  const full = join(folder, 'full');
  mkdirSync(full);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', full]);
  try {
    const { code, output } = await plumbline(['run', '--env', 'local-small', ...READERS, '--out', full]);
    assert.equal(code, 3, output);
    assert.match(output, /MiB are free and a run needs \d+ MiB;.*Nothing was touched/);
    assert.deepEqual(readdirSync(full), []);
  } finally {
    execFileSync('umount', [full]);
  }
});

test('should record every check as inconclusive when the API server takes connections and never answers', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    const kubeconfig = kubeconfigWith('silent', { token: 'x' }, `https://127.0.0.1:${port}`);
    const env = asForeign(folder, 'silent', {
      kubeconfig,
      timeouts: { apiRequest: { seconds: 1, reason: 'a test' } },
    });
    const { code, output } = await run(env, 'silent');
    assert.equal(code, 2, output);
    const { record } = onlyRun(out('silent'), output);
    for (const { reason } of record.checks.filter(({ verdict }) => verdict !== 'not-run')) {
      assert.match(reason, /timeout: .*no answer within \d+/);
    }
  } finally {
    server.close();
  }
});

/** A ServiceAccount that may read everything but PodDisruptionBudgets, and hold Plumbline's Lease. */
async function limitedToken(): Promise<string> {
  const namespace = 'plumbline-canary';
  const name = 'itest-limited';
  const made: KubeObject[] = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'plumbline-system' } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata: { name },
      rules: [
        {
          apiGroups: [
            '',
            'apps',
            'batch',
            'autoscaling',
            'networking.k8s.io',
            'discovery.k8s.io',
            'storage.k8s.io',
          ],
          resources: ['*'],
          verbs: ['get', 'list', 'watch'],
        },
        { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['*'] },
        { apiGroups: [''], resources: ['configmaps', 'serviceaccounts'], verbs: ['*'] },
        { apiGroups: ['rbac.authorization.k8s.io'], resources: ['*'], verbs: ['get', 'list'] },
      ],
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
  await cluster.apply(made);
  after(() =>
    cluster.delete(
      made.slice(2).map(({ apiVersion, kind, metadata }) => ({
        apiVersion,
        kind,
        name: metadata.name,
        ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
      })),
    ),
  );
  const kube = kubeCallFrom(KUBECONFIG);
  try {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`;
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: {} };
    const reply = await kube.call({ method: 'POST', path, body, timeoutMs: 10_000 });
    return (reply.body as { status: { token: string } }).status.token;
  } finally {
    kube.close();
  }
}
