import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { EXIT } from '../../host/errors.ts';
import { apiServer } from './_testing/api-server.ts';
import type { TestServer } from './_testing/api-server.ts';
import { doctor } from './index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-doctor-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const REVIEWS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const UID = '11111111-2222-4333-8444-555555555555';
const CORE = '/api/v1/namespaces';
/** As workloads are listed. */
const LISTED = ['deployments', 'statefulsets', 'daemonsets'].map(
  (kind) => `/apis/apps/v1/${kind}?limit=1000`,
);
const object = (name: string): { status: number; body: unknown } => ({
  status: 200,
  body: { apiVersion: 'v1', kind: 'Namespace', metadata: { name, uid: UID } },
});

/** A cluster in which deploy/rbac.yaml was applied, and every right is given or none. */
function clusterWith(allowed: boolean): Promise<TestServer> {
  const system = `${CORE}/plumbline-system`;
  return apiServer({
    '/version': { status: 200, body: { gitVersion: 'v1.37.2' } },
    [`${CORE}/kube-system`]: object('kube-system'),
    [system]: object('plumbline-system'),
    [`${system}/configmaps/plumbline-journal`]: object('plumbline-journal'),
    [`${system}/serviceaccounts/plumbline-undo`]: {
      status: 200,
      body: { metadata: { annotations: { 'plumbline.dev/undoes-in': 'plumbline-canary' } } },
    },
    '/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline': object('plumbline'),
    [REVIEWS]: { status: 201, body: { status: { allowed } } },
  });
}

/** An environment file that only looks at nodes. @param more of its topology */
function fileFor(server: TestServer, more: object = {}): string {
  const file = path.join(folder, 'small.yaml');
  const caSha256 = createHash('sha256').update(new X509Certificate(server.ca).raw).digest('hex');
  const environment = {
    name: 'small',
    kind: 'staging',
    cluster: { kubeconfig: { file: server.kubeconfig() }, pin: { kubeSystemUid: UID, caSha256 } },
    topology: { pools: [{ name: 'general', count: 3, labels: { pool: 'general' } }], ...more },
    stores: {},
    profiles: {
      nodes: { checks: ['topology/nodes/pools'] },
      both: { checks: ['topology/nodes/pools', 'topology/workloads/probes'] },
    },
  };
  writeFileSync(file, JSON.stringify(environment));
  return file;
}

async function lookedAt(
  server: TestServer,
  readOnly = false,
  { profile = 'nodes', topology = {} } = {},
): Promise<{ exitCode: number; text: string }> {
  const said: string[] = [];
  const { exitCode } = await doctor({
    env: fileFor(server, topology),
    profile,
    readOnly,
    out: (text) => said.push(text),
  });
  await server.close();
  return { exitCode, text: said.join('\n') };
}

test('should name nothing as missing where no check is built for the kind of environment', async () => {
  const said = async (json: boolean): Promise<string> => {
    const texts: string[] = [];
    const { exitCode } = await doctor({ env: 'development', json, out: (text) => texts.push(text) });
    assert.equal(exitCode, EXIT.met);
    return texts.join('\n');
  };
  assert.equal(
    await said(false),
    'development: no check of a Compose project is written yet: none runs here in this version of Plumbline, and nothing is missing.\nNext: npx plumbline list --env development',
  );
  const { counts, next } = JSON.parse(await said(true)) as { counts: object; next: string };
  assert.deepEqual(counts, { missing: 0, unknown: 0, optional: 0, 'not needed': 1, ok: 0 });
  assert.equal(next, 'npx plumbline list --env development');
});

test('should end with 0 and the next command where nothing is missing, and change nothing', async () => {
  const server = await clusterWith(true);
  const { exitCode, text } = await lookedAt(server);
  assert.equal(exitCode, EXIT.met, text);
  assert.match(
    text,
    /\n0 missing, 0 unknown, \d+ not needed, \d+ ok\.\nNext: npx plumbline run --env \/.*\/small\.yaml --profile nodes\nWhat single checks would lack: npx plumbline run --env \/.*\/small\.yaml --profile nodes --read-only$/,
  );
  const changing = server.asked.filter((one) => !one.startsWith('GET ') && one !== `POST ${REVIEWS}`);
  assert.deepEqual(changing, []);
  assert.ok(server.asked.includes(`POST ${REVIEWS}`));
});

test('should end with 2 where something is missing, and name it with the rule to add', async () => {
  const { exitCode, text } = await lookedAt(await clusterWith(false));
  assert.equal(exitCode, EXIT.inconclusive);
  assert.match(text, /\nMISSING\n {2}rights: /);
  assert.match(
    text,
    / {2}rights: list, watch nodes everywhere\n.*\n {4}add: - \{ apiGroups: \[''\], resources: \[nodes\], verbs: \[list, watch\] \}\n.*ClusterRole plumbline-read of deploy\/rbac\.yaml/,
  );
});

test('should need nothing of its own in the cluster for a run that only reads', async () => {
  const bare = (): Promise<TestServer> =>
    apiServer({
      '/version': { status: 200, body: { gitVersion: 'v1.37.2' } },
      [`${CORE}/kube-system`]: object('kube-system'),
      [REVIEWS]: { status: 201, body: { status: { allowed: true } } },
    });
  assert.equal((await lookedAt(await bare())).exitCode, EXIT.inconclusive, 'any other run needs it');
  const server = await bare();
  const { exitCode, text } = await lookedAt(server, true);
  assert.equal(exitCode, EXIT.met, text);
  assert.match(text, /^small: what a read-only run of its profile nodes needs\./);
  assert.match(text, /\nNext: npx plumbline run --env \/.*\/small\.yaml --profile nodes --read-only$/);
  assert.match(text, /\nnot needed: Plumbline's own 1, permits 1 /);
  assert.deepEqual(
    server.asked.filter((one) => /lease|configmap|plumbline-system|permit/.test(one)),
    [],
  );
  const without = await lookedAt(
    await apiServer({
      '/version': { status: 200, body: { gitVersion: 'v1.37.2' } },
      [`${CORE}/kube-system`]: object('kube-system'),
      [REVIEWS]: { status: 201, body: { status: { allowed: false } } },
    }),
    true,
  );
  assert.equal(without.exitCode, EXIT.inconclusive);
  assert.match(without.text, /rights: list, watch nodes everywhere\n/);
});

test('should find with `view` all that a read-only run needs, and say which check is inconclusive without nodes', async () => {
  const review = (sent: string): object => ({ status: { allowed: !sent.includes('"nodes"') } });
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace: 'tender', name: 'api' },
    spec: { template: { spec: { containers: [] } } },
  };
  const list = (items: unknown[]): object => ({
    status: 200,
    body: { kind: 'List', metadata: { resourceVersion: '1' }, items },
  });
  const viewed = (): Promise<TestServer> =>
    apiServer({
      '/version': { status: 200, body: { gitVersion: 'v1.37.2' } },
      [`${CORE}/kube-system`]: object('kube-system'),
      [REVIEWS]: { status: 201, body: null, made: review },
      ...LISTED.reduce(
        (all, kind) => ({ ...all, [kind]: list(kind.includes('deploy') ? [deployment] : []) }),
        {},
      ),
    });
  const api = { kind: 'Deployment', namespace: 'tender', name: 'api', replicas: 1, serves: true };
  const both = { profile: 'both', topology: { workloads: [api] } };

  const { exitCode, text } = await lookedAt(await viewed(), true, both);
  assert.equal(exitCode, EXIT.met, text);
  assert.match(
    text,
    /\nOPTIONAL: .*\n {2}rights: list, watch nodes everywhere\n {4}without it inconclusive: topology\/nodes\/pools\n {4}add: /,
  );
  assert.match(
    text,
    /\n0 missing, 0 unknown, 1 optional, \d+ not needed, \d+ ok\.\nNext: npx plumbline run /,
  );
  const whole = await lookedAt(await viewed(), false, both);
  assert.equal(whole.exitCode, EXIT.inconclusive, 'any other run wants all that its checks need');
  assert.match(whole.text, /\nMISSING\n(.*\n)* {2}rights: list, watch nodes everywhere\n/);
});
