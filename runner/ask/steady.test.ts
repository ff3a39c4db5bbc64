import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { basicCredentials } from '../../host/http.ts';
import type { RunnerCore } from '../serve/runner-parts.ts';
import { Afterwards } from '../state/afterwards.ts';
import { StoreTargets } from '../targets/store-target.ts';
import { takeSnapshot } from './snapshot/take.ts';
import { steadyAgain } from './steady.ts';

const SETTLE_MS = 2000;
const REFUSED_MS = 500;
/** Longer than the look of a driver whose wait names no length. */
const SLOW_MS = 2500;

/** A cluster of one node. */
const cluster = { password: '', slowMs: 0, status: 'green' };
const HEALTH = { number_of_nodes: 1, number_of_data_nodes: 1, initializing_shards: 0 };
const COORDINATION = { last_committed_config: ['A'], voting_config_exclusions: [] };
const STATE = {
  master_node: 'A',
  nodes: { A: { name: 'elasticsearch-0', roles: ['master', 'data'] } },
  metadata: { cluster_coordination: COORDINATION },
};

function answered(url: string): object {
  if (url === '/') return { version: { number: '9.5.3' } };
  if (url.startsWith('/_cluster/settings')) return { persistent: {}, transient: {}, defaults: {} };
  if (url.startsWith('/_settings')) return {};
  const { status } = cluster;
  return url.startsWith('/_cluster/health')
    ? { ...HEALTH, relocating_shards: 0, unassigned_shards: 0, status }
    : STATE;
}

const server = createServer((request, response) => {
  const isLetIn =
    request.headers.authorization === `Basic ${basicCredentials({ user: 'u', password: cluster.password })}`;
  const slowMs = request.url?.startsWith('/_cluster/health') === true ? cluster.slowMs : 0;
  void sleep(slowMs).then(() => {
    response.writeHead(isLetIn ? 200 : 401, {
      'content-type': 'application/json',
      'x-elastic-product': 'Elasticsearch',
    });
    response.end(JSON.stringify(isLetIn ? answered(request.url ?? '') : {}));
  });
});
before(() => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve)));
after(() => {
  server.closeAllConnections();
  server.close();
});

interface Place {
  runner: RunnerCore;
  stores: StoreTargets;
  /** What the Secret says. */
  secret: { password: string };
}

/** A run against a cluster that lets in whoever has the Secret's password, until one of the two changes. */
function place(): Place {
  Object.assign(cluster, { password: 'first-word', slowMs: 0, status: 'green' });
  const secret = { password: 'first-word' };
  const { port } = server.address() as AddressInfo;
  const elasticsearch = {
    primary: { host: '127.0.0.1', port },
    user: 'u',
    password: { secret: { namespace: 'tender', name: 'elasticsearch', key: 'password' } },
    members: 1,
    index: { replicas: 0 },
  };
  const objects = {
    list: () => Promise.resolve({ items: [] }),
    get: () => Promise.resolve({ data: { password: Buffer.from(secret.password).toString('base64') } }),
  };
  const environment = {
    stores: { elasticsearch },
    namespaces: { platform: 'tender', edge: 'edge' },
    topology: { nodes: {}, workloads: [], closed: { ignore: [] } },
    cluster: { embedded: 'local' },
    timeouts: {
      settle: { seconds: SETTLE_MS / 1000 },
      loginRefused: { seconds: REFUSED_MS / 1000 },
      storeOperation: { seconds: 5 },
    },
  };
  const stores = new StoreTargets(environment as never, objects as never);
  const signal = new AbortController().signal;
  const parts = { signal, cluster: objects };
  return { runner: { runState: { environment }, stores, parts } as unknown as RunnerCore, stores, secret };
}

/** As a trial does before its fault. */
const look = ({ runner }: Place): Promise<unknown> => takeSnapshot(runner);

async function measured({ runner }: Place) {
  const fromMs = performance.now();
  return { ...(await steadyAgain(runner)), tookMs: performance.now() - fromMs };
}

test('should not wait at the end of a run for a store that refused the login all along, nor call it broken', async () => {
  const refused = place();
  refused.secret.password = 'a-wrong-word';
  const { ok, detail, unseen, tookMs } = await measured(refused);
  assert.deepEqual([ok, unseen], [true, []]);
  assert.match(detail, /cannot be asked \(credentials\)/);
  assert.ok(tookMs < SETTLE_MS, `${tookMs} ms`);
});

test('should wait for a store that let this run in earlier, and not call it broken for a refused login alone', async () => {
  const changed = place();
  await look(changed);
  cluster.password = 'second-word';
  const { ok, unseen, tookMs } = await measured(changed);
  assert.equal(ok, true);
  assert.match(
    unseen.join(),
    /^whether elasticsearch is steady as before: cannot be asked \(credentials\): .* \(at every look for 2 s\)$/,
  );
  assert.ok(tookMs >= SETTLE_MS, `${tookMs} ms`);
  const afterwards = new Afterwards();
  assert.equal(await afterwards.measureSteadiness(changed.runner), null);
  const { steadyAgain: again, unseen: said } = afterwards.restored;
  assert.deepEqual([again, said?.length], [null, 1]);
});

test('should read the password again where it was rotated during the run', async () => {
  const rotated = place();
  await look(rotated);
  cluster.password = rotated.secret.password = 'second-word';
  const { ok, detail, unseen } = await measured(rotated);
  assert.deepEqual([ok, unseen], [true, []], detail);
  assert.match(detail, /^elasticsearch: green/);
});

test('should give a slow store as long as the snapshot that called it steady', async () => {
  const slow = place();
  cluster.slowMs = SLOW_MS;
  await look(slow);
  assert.ok(slow.stores.steadyOnce.has('elasticsearch'));
  const { ok, detail } = await measured(slow);
  assert.match(detail, /^elasticsearch: green/);
  assert.equal(ok, true);
});

test('should call a store disturbed only if it was steady at some look of the run', async () => {
  const broken = place();
  await look(broken);
  cluster.status = 'red';
  const disturbed = await measured(broken);
  assert.deepEqual([disturbed.ok, disturbed.unseen], [false, []]);

  const before = place();
  cluster.status = 'red';
  await look(before);
  const same = await measured(before);
  assert.deepEqual([same.ok, same.unseen], [true, []]);

  const refused = place();
  refused.secret.password = 'a-wrong-word';
  await look(refused);
  cluster.password = 'a-wrong-word';
  cluster.status = 'red';
  await look(refused);
  const since = await measured(refused);
  assert.deepEqual([since.ok, since.unseen.length], [true, 1], 'it may have been steady before');

  const never = place();
  cluster.status = 'red';
  const unknown = await measured(never);
  assert.equal(unknown.ok, true);
  assert.match(unknown.unseen.join(), /^whether elasticsearch is steady as before: /);
});
