/** Runs with --read-only against a cluster that counts what is more than reading. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { ReadingApiServer } from '../probes/kubernetes/_testing/reading-api-server.ts';
import { parseRun } from '../reports/record/parse-run.ts';
import type { RunRecord } from '../reports/record/run-record.ts';
import { plumbline } from './_testing/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-read-only-'));
const file = join(folder, 'looked-at.yaml');
const ROOT = join(import.meta.dirname, '..');
const UID = '5b1d6f0e-3a0c-4a53-9c62-0a6d7f1f0c55';
const PLACES = { HOME: folder, XDG_STATE_HOME: join(folder, 'state') };

let api: ReadingApiServer;
/** What was sent to where Plumbline's own traces and metrics would go. */
const sent: string[] = [];
const receiver = createServer((request, response) => {
  sent.push(`${request.method ?? ''} ${request.url ?? ''}`);
  response.end();
});

before(async () => {
  api = await ReadingApiServer.start();
  writeFileSync(join(folder, 'kubeconfig'), api.kubeconfig);
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  writeFileSync(file, JSON.stringify(environment(`http://127.0.0.1:${port}`)));
});
beforeEach(() => {
  api.asked.length = 0;
  sent.length = 0;
  api.lists.clear();
  for (const [path, objects] of Object.entries(SEEN)) api.lists.set(path, objects);
});
after(async () => {
  await api.stop();
  receiver.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Permits everything, so that the option alone keeps it from being done. */
function environment(receiverUrl: string): object {
  const caSha256 = createHash('sha256').update(new X509Certificate(api.authority).raw).digest('hex');
  return {
    name: 'looked-at',
    kind: 'staging',
    permits: [{ checks: ['**'] }],
    cluster: { kubeconfig: { file: join(folder, 'kubeconfig') }, pin: { kubeSystemUid: UID, caSha256 } },
    topology: {
      pools: [{ name: 'general', count: 1, labels: {} }],
      network: { cni: { name: 'any' }, policyEnforced: false, probeImage: 'busybox' },
      workloads: [{ kind: 'Deployment', namespace: 'tender', name: 'api', replicas: 1, serves: true }],
    },
    stores: {},
    telemetry: { otlp: { url: receiverUrl }, pushgateway: { url: receiverUrl } },
    profiles: {
      all: { checks: ['topology/{nodes,network}/*', 'topology/workloads/probes', 'scaling/pods/*'] },
    },
  };
}

const named = (apiVersion: string, kind: string, name: string, more: object) => ({
  apiVersion,
  kind,
  metadata: {
    name,
    uid: name === 'kube-system' ? UID : `uid-${name}`,
    namespace: 'tender',
    resourceVersion: '1',
  },
  ...more,
});

const probe = { httpGet: { path: '/health', port: 8080 } };
const container = { name: 'api', image: 'api:1', livenessProbe: probe, readinessProbe: probe };
const labels = { app: 'api' };
const SEEN = {
  '/api/v1/namespaces': ['kube-system', 'tender'].map((name) => named('v1', 'Namespace', name, {})),
  '/apis/apps/v1/deployments': [
    named('apps/v1', 'Deployment', 'api', {
      spec: {
        replicas: 1,
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
      status: { replicas: 1, readyReplicas: 1, updatedReplicas: 1, observedGeneration: 1 },
    }),
  ],
  '/apis/apps/v1/statefulsets': [],
  '/apis/apps/v1/daemonsets': [],
  '/apis/policy/v1/poddisruptionbudgets': [],
  '/apis/batch/v1/jobs': [],
  '/api/v1/pods': [],
  '/api/v1/events': [],
  '/api/v1/services': [],
  '/api/v1/namespaces/plumbline-system/configmaps': [],
};

function recordIn(out: string): { record: RunRecord; text: (name: string) => string } {
  const [run = 'none'] = readdirSync(out).filter((name) => name !== 'latest');
  const text = (name: string): string => readFileSync(join(out, run, name), 'utf8');
  return { record: parseRun(text('run.json')), text };
}

test('should list why checks would not run, without asking the cluster anything', async () => {
  const { code, stdout, stderr } = await plumbline(['list', '--env', file, '--read-only'], PLACES);
  assert.equal(code, 0, stderr);
  assert.match(
    stdout,
    /topology\/network\/reachability +not run .*\(read only: this check makes a DaemonSet/,
  );
  assert.match(stdout, /topology\/workloads\/probes +runs /);
  assert.match(
    stdout,
    /\n\d+ of \d+ can run read-only in .*; \d+ more could, if you declare prometheus, .*; the other \d+ do not run here read-only\n/,
  );
  const [, runs, all, could, never] =
    /\n(\d+) of (\d+) can .*; (\d+) more .* other (\d+) do not/.exec(stdout)?.map(Number) ?? [];
  assert.equal(Number(runs) + Number(could) + Number(never), all);
  assert.deepEqual(api.asked, []);
  const alone = await plumbline(['list', '--read-only'], PLACES);
  assert.equal(alone.code, 64);
  assert.match(alone.stderr, /--read-only needs --env/);
});

test('should refuse to be a gate', async () => {
  const { code, stderr } = await plumbline(
    ['run', '--env', file, '--profile', 'all', '--gate', '--read-only'],
    PLACES,
  );
  assert.equal(code, 64);
  assert.match(stderr, /^--gate needs all of the profile all: .*--read-only\n$/);
});

test('should give a report with no more than reads, and say in each that it only read', async () => {
  const out = join(folder, 'runs');
  const { code, stdout, stderr } = await plumbline(
    ['run', '--env', file, '--profile', 'all', '--read-only', '--out', out],
    PLACES,
  );
  const { record, text } = recordIn(out);
  assert.equal(code, 2, `${stdout}${stderr}`);
  assert.deepEqual(api.acted, []);
  assert.deepEqual(sent, [], 'neither a trace nor metrics');
  assert.ok(!api.asked.some((one) => one.includes('/leases/plumbline')), 'no Lease of its own is asked for');
  assert.equal(record.readOnly, true);
  assert.match(record.sentence, /^looked-at, read only: inconclusive; \d+ of \d+ checks looked: /);
  const of = (id: string) => record.checks.find((check) => check.id === id);
  const probes = of('topology/workloads/probes');
  assert.ok(probes !== undefined);
  assert.equal(probes.verdict, 'pass', probes.reason);
  assert.match(probes.rerun, / --read-only$/);
  const pools = of('topology/nodes/pools');
  assert.equal(pools?.verdict, 'inconclusive');
  assert.equal(pools.reason, 'this account may not list nodes');
  const whole = pools.evidence.filter(({ text }) => text.includes('cannot list resource "nodes"'));
  assert.equal(whole.length, 1, 'the whole refusal, once');
  const reachability = of('topology/network/reachability');
  assert.deepEqual([reachability?.verdict, reachability?.required], ['not-run', false]);
  const failed = record.checks.filter(({ verdict }) => verdict === 'fail').map(({ id }) => id);
  assert.deepEqual(failed, [], 'what may not be seen is no failure');
  for (const name of ['report.html', 'summary.md'])
    assert.match(text(name), /Read only: this run made and changed nothing/, name);
  assert.match(stdout, /Read only: this run made and changed nothing/);
  assert.match(record.command, / --read-only/);
});

/** Runs a check that writes although it is not to be run: as a defect of planning would. */
const FORCED = `
import { openEnvironment } from '${ROOT}/suites/catalogue/plan/open.ts';
import { planChecks } from '${ROOT}/suites/catalogue/index.ts';
import { execute } from '${ROOT}/runner/run/execute.ts';
const [file, out] = process.argv.slice(1);
const environment = await openEnvironment(file, { readOnly: true });
const planned = planChecks(environment, { checks: ['topology/network/reachability'] }).map((one) => ({ ...one, notRun: null }));
const { exitCode } = await execute({ environment, planned, command: 'forced', profile: null, scope: 'selection', out });
process.exit(exitCode);
`;

test('should refuse what a check tries all the same, and call that a failure of the harness', async () => {
  const node = { spec: {}, status: { conditions: [{ type: 'Ready', status: 'True' }] } };
  api.lists.set('/api/v1/nodes', [named('v1', 'Node', 'worker-1', node)]);
  const out = join(folder, 'forced');
  mkdirSync(out);
  const child = spawn(process.execPath, ['--input-type=module', '-e', FORCED, file, out], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env['PATH'] ?? '', ...PLACES },
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const { record } = recordIn(out);
  assert.equal(code, 3, stdout);
  assert.equal(record.exitCode, 3);
  assert.deepEqual(api.acted, []);
  assert.match(
    record.notes.join('\n'),
    /The harness failed: .*cluster\.apply, called by topology\/network\/reachability/,
  );
});
