/** The Kubernetes probe against a real API server and etcd, on loopback, without any node. */
import { HISTORY_SCHEMA } from '../../reports/record/history/history.ts';
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { anchor, monoMs } from '../../host/clock.ts';
import { writeHeader } from '../../probes/history.ts';
import { KubeError, openCluster } from '../../probes/kubernetes/index.ts';
import type { KubeCluster } from '../../probes/kubernetes/index.ts';
import { startClientLoad } from '../../probes/client-load/process.ts';
import { trialRecord } from '../trial-record.ts';
import { readHistory } from '../../reports/record/history/read-history.ts';
import { waitFor } from '../../host/wait.ts';
import type { ControlContext } from '../../suites/harness/control.ts';
import { forgetfulVolume } from '../../suites/topology/storage/persistent/forgetful-volume.ts';
import { canary } from '../../suites/_breaking/objects.ts';
import type { KubeObject } from '../../suites/harness/protocol.ts';
import { armed, landed } from '../fault-lines.ts';
import { ADMIN, ApiServer } from './_helpers/api-server.ts';

const READY_MS = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'plumbline-kubernetes-'));
const over = new AbortController();
let server: ApiServer;
let cluster: KubeCluster;

/** With one of the tokens. */
function open(token: string, staleAfterMs = 15_000): KubeCluster {
  return openCluster({ kubeconfig: server.kubeconfig(token), signal: over.signal, staleAfterMs });
}

const map = (name: string, value: string) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default' },
  data: { value },
});
const ref = (name: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name });
const query = { kind: 'v1/ConfigMap', namespace: 'default' };

before(async () => {
  server = await ApiServer.start({ weak: 'weak' });
  cluster = open(ADMIN);
});

after(async () => {
  over.abort();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('should show a write in the cache once it has returned', async () => {
  assert.equal((await cluster.list(query)).items.length, 0);
  await cluster.apply([map('a', '1')]);
  assert.deepEqual(
    (await cluster.list(query)).items.map((one) => one['data']),
    [{ value: '1' }],
  );
  await cluster.patch(ref('a'), { data: { value: '2' } });
  assert.deepEqual(
    (await cluster.list(query)).items.map((one) => one['data']),
    [{ value: '2' }],
  );
  await cluster.delete([ref('a'), ref('never-there')]);
  assert.equal((await cluster.list(query)).items.length, 0);
});

test('should list once and watch once, however often it is asked', async () => {
  const before = cluster.calls().byKind;
  for (let i = 0; i < 20; i++) await cluster.list(query);
  assert.deepEqual(cluster.calls().byKind, before);
  assert.equal(before['list v1/ConfigMap'], 1);
});

test('should wake a wait by the change itself, and say what it last saw at its deadline', async () => {
  const waited = cluster.wait({ ...query, names: ['late'], until: 'exists', count: 1, timeoutMs: 5000 });
  await cluster.apply([map('late', '1')]);
  assert.equal((await waited).items.length, 1);
  const never = cluster.wait({ ...query, names: ['never'], until: 'exists', count: 1, timeoutMs: 50 });
  await assert.rejects(
    never,
    (error) =>
      error instanceof KubeError &&
      error.reason === 'timeout' &&
      /never.*last seen: none/.test(error.message),
  );
});

test('should end waits when their signal fires', async () => {
  const patience = new AbortController();
  const waited = cluster.wait(
    { ...query, names: ['never'], until: 'exists', count: 1, timeoutMs: 60_000 },
    patience.signal,
  );
  patience.abort();
  await assert.rejects(waited, (error) => error instanceof KubeError && error.reason === 'aborted');
});

test('should call what may not be read unavailable, once for all readers', async () => {
  const weak = open('weak');
  for (let i = 0; i < 3; i++)
    assert.match((await weak.list({ kind: 'v1/Pod' })).unavailable ?? '', /^forbidden: /);
  assert.equal(weak.calls().total, 1);
  assert.match((await open('wrong').list({ kind: 'v1/Pod' })).unavailable ?? '', /^unauthorized: /);
});

test('should refuse to overwrite what somebody else has changed', async () => {
  const stale = await cluster.client.create(map('contended', '1'));
  await cluster.patch(ref('contended'), { data: { value: '2' } });
  await assert.rejects(
    cluster.client.replace(stale),
    (error) => error instanceof KubeError && error.reason === 'conflict',
  );
});

test('should page through more objects than fit one page', async () => {
  const names = Array.from({ length: 1100 }, (_, i) => `page-${i}`);
  const queue = names.values();
  const worker = async () => {
    for (const name of queue)
      await cluster.client.create({
        ...map(name, '1'),
        metadata: { name, namespace: 'default', labels: { paged: 'yes' } },
      });
  };
  await Promise.all(Array.from({ length: 8 }, worker));
  const { items } = await cluster.client.list('v1/ConfigMap', {
    namespace: 'default',
    labels: { paged: 'yes' },
  });
  assert.equal(new Set(items.map((one) => one.metadata.name)).size, 1100);
});

test('should tell a cluster by its UID and its CA', async () => {
  const pin = await cluster.pin();
  assert.match(pin.uid, /^[0-9a-f-]{36}$/);
  assert.match(pin.caSha256 ?? '', /^[0-9a-f]{64}$/);
  assert.match(await cluster.version(), /^v1\./);
});

test("should swap the claim of the storage check's pods for an emptyDir while its control is in force, and of no other", async () => {
  await cluster.client.create({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'plumbline-canary' },
  });
  const ctx: Partial<ControlContext> = {
    apply: async (objects) => {
      await cluster.apply(objects);
    },
    get: (of) => cluster.get(of),
    delete: (of) => cluster.delete([of], { graceSeconds: 0 }),
    until: (what, probe, options) =>
      waitFor(probe, { what, deadlineMs: options.timeoutMs, signal: over.signal }),
  };
  await forgetfulVolume(ctx as ControlContext);
  const volume = async (name: string, check: string): Promise<unknown> => {
    const pod = canary('v1', 'Pod', name, {
      spec: {
        containers: [{ name: 'c', image: 'i' }],
        volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'persist' } }],
      },
    });
    const labels = { ...pod.metadata.labels, 'plumbline.dev/check': check };
    const made: KubeObject = await cluster.client.create({ ...pod, metadata: { ...pod.metadata, labels } });
    return (made['spec'] as { volumes: unknown[] }).volumes[0];
  };
  assert.deepEqual(await volume('mine', 'topology.storage.persistent'), { name: 'data', emptyDir: {} });
  assert.deepEqual(await volume('other', 'topology.network.reachability'), {
    name: 'data',
    persistentVolumeClaim: { claimName: 'persist' },
  });
});

test('should catch up after the API server was gone, also with what it missed', async () => {
  await server.crash();
  const refused = cluster.get(ref('a'));
  await assert.rejects(refused, (error) => error instanceof KubeError && error.reason === 'unreachable');
  await server.restart();
  await open(ADMIN).client.create(map('missed', '1'));
  const caught = await cluster.wait({
    ...query,
    names: ['missed'],
    until: 'exists',
    count: 1,
    timeoutMs: 20_000,
  });
  assert.equal(caught.items.length, 1);
});

test('should trust a watch again as soon as it is accepted, on a kind where nothing happens', async () => {
  const quiet = { kind: 'v1/PersistentVolume' };
  const impatient = open(ADMIN, 1000);
  assert.deepEqual(await impatient.list(quiet), { items: [] });
  await server.crash();
  await sleep(1500);
  assert.match(
    (await impatient.list(quiet)).unavailable ?? '',
    /^unreachable: the watch of v1\/PersistentVolume/,
  );
  await server.restart();
  const until = Date.now() + READY_MS;
  while ((await impatient.list(quiet)).unavailable !== undefined && Date.now() < until) await sleep(200);
  await sleep(1500);
  assert.deepEqual(await impatient.list(quiet), { items: [] });
});

test('should measure how long numbered writes failed, and keep the last acknowledged one', async () => {
  await cluster.client.create(map('numbered', '0'));
  const history = join(folder, 'trial');
  const header = {
    kind: 'header',
    schema: HISTORY_SCHEMA,
    check: 'failover/control-plane/leader-crash',
    trial: 1,
  } as const;
  await writeHeader(history, {
    ...header,
    environment: 'here',
    goals: {},
    settings: {},
    anchor: anchor(),
  }).close();
  const clientLoad = startClientLoad({
    store: 'control-plane',
    history,
    run: 'r',
    ratePerSecond: 25,
    readRatePerSecond: 0,
    connections: 4,
    operationTimeoutMs: 3_000,
    connection: {
      host: '127.0.0.1',
      port: server.port,
      database: '',
      user: '',
      password: ADMIN,
      declared: { serverName: '', object: 'default/numbered', ca: server.authority },
    },
  });
  await clientLoad.ready;
  await sleep(5_000);
  const killedMs = monoMs();
  await server.crash();
  await sleep(1_000);
  await server.restart();
  const other = open(ADMIN);
  const backMs = monoMs();
  await sleep(6_000);
  await clientLoad.stop(10_000);
  const read = await readHistory(history);
  const injected = { fault: 'leader-crash', target: 'control-1' };
  const observations = [
    ...read.observations,
    { ...armed(injected), t: killedMs },
    ...landed(injected, killedMs).map((seen) => ({ ...seen, t: killedMs })),
  ].toSorted((a, b) => a.t - b.t);
  const { rto } = trialRecord({ ...read, observations });
  assert.ok(rto !== null, 'an RTO was expected');
  // It answers /readyz some time after it takes writes, or the other way round: within a second.
  assert.ok(rto.hiMs <= backMs - killedMs + 1_500, `${rto.hiMs} ms, back after ${backMs - killedMs} ms`);
  assert.ok(rto.loMs >= 1_000, String(rto.loMs));
  // A server that starts lets a request wait for a second or more: that is how well its return can be known.
  assert.ok(rto.hiMs - rto.loMs < 3_000, `${rto.hiMs - rto.loMs} ms wide`);
  const held = await other.get(ref('numbered'));
  const last = Number((held?.['data'] as { n: string }).n);
  const acknowledged = Array.from(read.writes.n).filter((_, index) => read.writes.outcome[index] === 0);
  assert.ok(last >= Math.max(...acknowledged) - 4, `${last} of ${Math.max(...acknowledged)}`);
});
