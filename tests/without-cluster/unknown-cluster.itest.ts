/**
 * From a kubeconfig of the role `view` to a report, on a real API server whose audit log says what was done: `init`, `doctor` and `run --read-only`.
 * Its nodes and pods are objects alone.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { EXIT } from '../../host/errors.ts';
import { waitFor } from '../../host/wait.ts';
import type { RunRecord } from '../../reports/record/run-record.ts';
import { openCluster } from '../../probes/kubernetes/index.ts';
import { kubeCallFrom } from '../../runner/provider-safety.ts';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { ADMIN, ApiServer } from '../integration/_helpers/api-server.ts';
import type { Audited } from '../integration/_helpers/api-server.ts';
import { onlyRun, plumbline, ROOT } from '../integration/_helpers/runner-fixture.ts';
import type { CommandEnd } from '../integration/_helpers/runner-fixture.ts';

const CALL_MS = 30_000;
const AT_ONCE = 16;
const READS = ['get', 'list', 'watch'];
/** Questions about one's own rights: they are posted, and nothing is stored of them (Kubernetes API, authorization.k8s.io/v1). */
const QUESTIONS = ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'];
const VIEWER = 'system:serviceaccount:default:plumbline-view';
const OWNER = 'owner';

const over = new AbortController();
let server: ApiServer;
let admin: ReturnType<typeof kubeCallFrom>;
/** Of the role `view`. */
let viewing = '';
/** Of somebody who may do everything. */
let owning = '';
let places: NodeJS.ProcessEnv = {};
/** What `init` said before anything was in the cluster. */
let bare: CommandEnd;

before(async () => {
  server = await ApiServer.start({ [OWNER]: OWNER });
  admin = kubeCallFrom(server.kubeconfig(ADMIN));
  server.aggregate();
  await waitFor(async () => ((await rulesOf('view')) > 0 ? true : null), {
    what: 'the rules of the role view',
    deadlineMs: 30_000,
  });
  asDocumented();
  viewing = join(server.folder, 'view.kubeconfig');
  owning = server.kubeconfig(OWNER);
  await make('/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'owner' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: OWNER }],
  });
  places = { HOME: server.folder, XDG_STATE_HOME: join(server.folder, 'state') };
  bare = await init(owning, 'bare.yaml');
  await makeAll([namespaceOf('tender'), namespaceOf('edge'), ...nodes(4), ...service('api', 2)]);
});

after(async () => {
  over.abort();
  admin.close();
  await server.stop();
});

async function rulesOf(role: string): Promise<number> {
  const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${role}`;
  const { body } = await admin.call({ method: 'GET', path, timeoutMs: CALL_MS });
  return (body as { rules?: unknown[] | null }).rules?.length ?? 0;
}

/** The commands of deploy/README.md, as they stand there. */
function asDocumented(): void {
  const text = readFileSync(join(ROOT, 'deploy/README.md'), 'utf8');
  const [, section = ''] = text.split('## To look, with `view`\n');
  const commands = section.split('\n').filter((line) => line.startsWith('    '));
  assert.ok(commands.length > 3);
  const PATH = `${server.bin}:${process.env['PATH'] ?? ''}`;
  execFileSync('bash', ['-euc', commands.join('\n')], {
    cwd: server.folder,
    env: { PATH, KUBECONFIG: server.kubeconfig(ADMIN) },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** @param name of the environment file, in the server's own folder */
function init(kubeconfig: string, name: string): Promise<CommandEnd> {
  const out = join(server.folder, name);
  return plumbline(['init', '--kubeconfig', kubeconfig, '--out', out], { env: places });
}

interface Made {
  path: string;
  object: object;
  /** What a kubelet or a controller would say of it. */
  status?: object;
}

async function make(path: string, body: object): Promise<void> {
  const reply = await admin.call({ method: 'POST', path, body, timeoutMs: CALL_MS });
  assert.equal(reply.status, 201, `POST ${path}: ${JSON.stringify(reply.body)}`);
}

async function makeAll(all: readonly Made[]): Promise<void> {
  const [first, ...others] = all;
  if (first !== undefined) await make(first.path, first.object);
  const queue = others.values();
  const worker = async (): Promise<void> => {
    for (const { path, object, status } of queue) {
      await make(path, object);
      if (status !== undefined) await tell(path, object as { metadata: { name: string } }, status);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function tell(path: string, { metadata: { name } }: { metadata: { name: string } }, status: object) {
  const reply = await admin.call({
    method: 'PATCH',
    path: `${path}/${name}/status`,
    body: { status },
    timeoutMs: CALL_MS,
    contentType: 'application/merge-patch+json',
  });
  assert.equal(reply.status, 200, JSON.stringify(reply.body));
}

function namespaceOf(name: string): Made {
  return { path: '/api/v1/namespaces', object: { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } };
}

function nodes(count: number, prefix = 'node'): Made[] {
  return Array.from({ length: count }, (_, at) => ({
    path: '/api/v1/nodes',
    object: {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: {
        name: `${prefix}-${at}`,
        labels: { 'example.com/pool': at % 3 === 0 ? 'spot' : 'general' },
      },
    },
  }));
}

/** A Deployment with its pods, spread over the first nodes, and its Service. */
function service(name: string, replicas: number, of = { nodes: 4, prefix: 'node' }): Made[] {
  const labels = { 'app.kubernetes.io/name': name };
  const probe = { httpGet: { path: '/health', port: 8080 } };
  const container = {
    name: 'server',
    image: `registry.example.com/shop/${name}:1`,
    ports: [{ containerPort: 8080 }],
    readinessProbe: probe,
    livenessProbe: probe,
    resources: { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '64Mi' } },
  };
  const spec = { containers: [container] };
  const template = { metadata: { labels }, spec };
  const pods = Array.from({ length: replicas }, (_, at) => pod(name, { at, spec, labels, of }));
  return [
    {
      path: '/apis/apps/v1/namespaces/tender/deployments',
      object: {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name, namespace: 'tender', labels },
        spec: { replicas, selector: { matchLabels: labels }, template },
      },
      status: {
        replicas,
        readyReplicas: replicas,
        updatedReplicas: replicas,
        availableReplicas: replicas,
        observedGeneration: 1,
      },
    },
    {
      path: '/api/v1/namespaces/tender/services',
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name, namespace: 'tender' },
        spec: { clusterIP: 'None', selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
      },
    },
    ...pods,
  ];
}

function pod(
  name: string,
  {
    at,
    spec,
    labels,
    of,
  }: { at: number; spec: object; labels: object; of: { nodes: number; prefix: string } },
): Made {
  const hash = '5d4f8c7b9';
  const owner = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-${hash}`, uid: name };
  const nodeName = `${of.prefix}-${at % of.nodes}`;
  return {
    path: '/api/v1/namespaces/tender/pods',
    object: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `${name}-${hash}-${at}`,
        namespace: 'tender',
        labels: { ...labels, 'pod-template-hash': hash },
        ownerReferences: [{ ...owner, controller: true }],
      },
      spec: { ...spec, nodeName },
    },
  };
}

/** What a command sends to the API server as this user, while it lasts. */
async function requestsOf<T>(
  user: string,
  command: () => Promise<T>,
): Promise<{ result: T; sent: Audited[] }> {
  const before = server.audited().length;
  const result = await command();
  return {
    result,
    sent: server
      .audited()
      .slice(before)
      .filter(({ user: by }) => by.username === user),
  };
}

const text = ({ verb, requestURI }: Audited): string => `${verb} ${requestURI.replace(/\?.*/, '')}`;

/** Those that are more than reading, questions aside. */
function acts(sent: readonly Audited[]): string[] {
  return sent
    .filter(({ verb, objectRef }) => !READS.includes(verb) && !QUESTIONS.includes(objectRef?.resource ?? ''))
    .map(text);
}

const seen = (): string => join(server.folder, 'seen.yaml');

test('should see in the audit log what somebody else does than read', async () => {
  const owner = kubeCallFrom(owning);
  const { sent } = await requestsOf(OWNER, async () => {
    const metadata = { name: 'control' };
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata };
    await owner.call({
      method: 'POST',
      path: '/api/v1/namespaces/tender/configmaps',
      body,
      timeoutMs: CALL_MS,
    });
    const path = '/api/v1/namespaces/tender/configmaps/control';
    await owner.call({ method: 'DELETE', path, timeoutMs: CALL_MS });
  });
  owner.close();
  assert.deepEqual(acts(sent), [
    'create /api/v1/namespaces/tender/configmaps',
    'delete /api/v1/namespaces/tender/configmaps/control',
  ]);
});

test('should draft a file of a cluster in which nothing is yet', async () => {
  assert.equal(bare.code, 0, bare.output);
  const valid = await plumbline(['env', 'validate', join(server.folder, 'bare.yaml')], { env: places });
  assert.equal(valid.code, 0, valid.output);
});

test('should draft a file with `view`, reading only, and say what that role does not show', async () => {
  const draft = (): Promise<CommandEnd> => init(viewing, 'seen.yaml');
  const { result, sent } = await requestsOf(VIEWER, draft);
  assert.equal(result.code, 0, result.output);
  assert.match(result.output, /not seen: v1\/Node: forbidden/);
  assert.match(result.output, /not seen: v1\/PersistentVolume: forbidden/);
  assert.match(result.output, /written: /);
  assert.deepEqual(
    sent.map(({ verb }) => verb).filter((verb) => !READS.includes(verb)),
    [],
  );
  assert.ok(!sent.some(({ objectRef }) => objectRef?.resource === 'secrets'));
  const valid = await plumbline(['env', 'validate', seen()], { env: places });
  assert.equal(valid.code, 0, valid.output);
  const again = await requestsOf(VIEWER, draft);
  assert.equal(again.result.code, EXIT.usage, again.result.output);
  assert.match(again.result.output, /seen\.yaml is there already and stays as it is/);
});

test('should look with `doctor` under `view` and write nothing', async () => {
  const { result, sent } = await requestsOf(VIEWER, () =>
    plumbline(['doctor', '--env', seen(), '--json'], { env: places }),
  );
  assert.equal(result.code, 2, result.output);
  const { items } = JSON.parse(result.output) as { items: { kind: string; what: string; state: string }[] };
  const nodes = items.find(({ kind, what }) => kind === 'rights' && /list, watch nodes/.test(what));
  assert.equal(nodes?.state, 'missing');
  assert.deepEqual(acts(sent), []);
  assert.ok(sent.some(({ objectRef }) => objectRef?.resource === 'selfsubjectaccessreviews'));
});

/** Runs what reads only. @returns the record, and what was sent that is more than reading, questions among it */
async function readOnlyRun(
  user: string,
  argv: readonly string[],
): Promise<{ code: number | null; record: RunRecord; acted: string[]; sent: number }> {
  const out = mkdtempSync(join(server.folder, 'runs-'));
  const { result, sent } = await requestsOf(user, () =>
    plumbline(['run', ...argv, '--read-only', '--out', out], { env: places }),
  );
  const { record } = onlyRun(out, result.output);
  const acted = sent.filter(({ verb }) => !READS.includes(verb)).map(text);
  return { code: result.code, record, acted, sent: sent.length };
}

function codeOf({ checks }: RunRecord): number {
  const verdicts = checks.map(({ verdict }) => verdict);
  if (verdicts.includes('fail')) return EXIT.notMet;
  return verdicts.includes('inconclusive') ? EXIT.inconclusive : EXIT.met;
}

test('should give a report under --read-only with `view`, and write nothing', async () => {
  const { code, record, acted, sent } = await readOnlyRun(VIEWER, ['--env', seen()]);
  assert.deepEqual(acted, []);
  assert.ok(sent > 10, `${sent} requests`);
  assert.equal(record.readOnly, true);
  assert.deepEqual([code, record.exitCode], [codeOf(record), codeOf(record)]);
  const verdictOf = (id: string) => record.checks.find((check) => check.id === id)?.verdict;
  assert.equal(verdictOf('topology/workloads/probes'), 'pass');
  assert.equal(verdictOf('topology/nodes/pools'), 'not-run', 'a draft without nodes declares none');
  assert.equal(verdictOf('topology/cluster/versions'), 'inconclusive', 'nodes are not shown');
});

test('should write nothing under --read-only with rights to everything either', async () => {
  const owned = join(server.folder, 'owned.yaml');
  const drafted = await init(owning, 'owned.yaml');
  assert.equal(drafted.code, 0, drafted.output);
  const all = await readOnlyRun(OWNER, ['--env', owned]);
  assert.deepEqual(all.acted, []);
  assert.deepEqual([all.code, all.record.exitCode], [codeOf(all.record), codeOf(all.record)]);
  const probes = ['--env', owned, '--check', 'topology/workloads/probes'];
  assert.equal((await readOnlyRun(OWNER, probes)).code, EXIT.met);
  const deployments = '/apis/apps/v1/namespaces/tender/deployments';
  const path = `${deployments}/api`;
  const body = [{ op: 'remove', path: '/spec/template/spec/containers/0/readinessProbe' }];
  const contentType = 'application/json-patch+json';
  await admin.call({ method: 'PATCH', path, body, contentType, timeoutMs: CALL_MS });
  await tell(deployments, { metadata: { name: 'api' } }, { observedGeneration: 2 });
  assert.equal((await readOnlyRun(OWNER, probes)).code, EXIT.notMet);
});

test('should need no more than the parts of deploy/rbac.yaml for a look, and write in its own namespace alone', async () => {
  const cluster = openCluster({ kubeconfig: server.kubeconfig(ADMIN), signal: over.signal });
  const manifests = parseAllDocuments(readFileSync(join(ROOT, 'deploy/rbac.yaml'), 'utf8'));
  // As docs/start/your-cluster.md says: plumbline-read, and the namespace with all that is in it.
  const parts = manifests
    .map((document) => document.toJS() as KubeObject)
    .filter(({ metadata: { name, namespace = name } }) =>
      ['plumbline-read', 'plumbline-system'].includes(namespace),
    );
  assert.ok(parts.length > 5);
  await cluster.apply(parts);
  cluster.close();
  const { status, body } = await admin.call({
    method: 'POST',
    path: '/api/v1/namespaces/plumbline-system/serviceaccounts/plumbline/token',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { audiences: [] } },
    timeoutMs: CALL_MS,
  });
  assert.equal(status, 201);
  const granted = server.kubeconfig((body as { status: { token: string } }).status.token);
  const file = join(server.folder, 'granted.yaml');
  const { result, sent } = await requestsOf('system:serviceaccount:plumbline-system:plumbline', async () => {
    const drafted = await init(granted, 'granted.yaml');
    assert.equal(drafted.code, 0, drafted.output);
    const out = mkdtempSync(join(server.folder, 'runs-'));
    const run = await plumbline(['run', '--env', file, '--suite', 'topology', '--out', out], { env: places });
    return { run, record: onlyRun(out, run.output).record };
  });
  assert.equal(result.run.code, codeOf(result.record), result.run.output);
  const refused = sent.filter(({ responseStatus }) => responseStatus?.code === 403);
  // Evidence of what failed: plumbline-evidence has that right, in the platform's namespace; CronJobs: plumbline-init.
  assert.deepEqual(
    refused.map(text).filter((one) => !one.endsWith('/log')),
    ['list /apis/batch/v1/cronjobs'],
  );
  const acted = sent.filter((one) => acts([one]).length > 0);
  assert.notEqual(acted.length, 0, 'it takes a Lease');
  assert.deepEqual([...new Set(acted.map(({ objectRef }) => objectRef?.namespace))], ['plumbline-system']);
});

test('should draft a file of 1,000 nodes and 10,000 pods in at most a minute and 60 calls', async (t) => {
  const of = { nodes: 996, prefix: 'more' };
  await makeAll(nodes(996, 'more'));
  await makeAll(Array.from({ length: 500 }, (_, at) => service(`service-${at}`, 20, of)).flat());
  const large = join(server.folder, 'large.yaml');
  const started = performance.now();
  const { result, sent } = await requestsOf(OWNER, () => init(owning, 'large.yaml'));
  const seconds = (performance.now() - started) / 1000;
  assert.equal(result.code, 0, result.output);
  assert.match(result.output, /1000 nodes in 2 pools, 501 workloads in tender/);
  const said = Number(/(\d+) calls to the API server/.exec(result.output)?.[1]);
  assert.equal(sent.length, said, 'it counts its calls as the API server does');
  t.diagnostic(`${said} calls, ${seconds.toFixed(1)} s`);
  assert.ok(said <= 60, `${said} calls`);
  assert.ok(seconds < 60, `${seconds} s`);
  assert.deepEqual([...new Set(sent.map(({ verb }) => verb))].toSorted(), ['get', 'list']);
  assert.equal((await plumbline(['env', 'validate', large], { env: places })).code, 0);
});
