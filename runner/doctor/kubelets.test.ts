import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { KUBELET_PORT } from '../../reports/record/names/topology-names.ts';
import { situationOf } from './_testing/situation.ts';
import type { Item, Reached } from './item.ts';
import { kubelets } from './kubelets.ts';

const staging = await loadEnvironment('staging');
const VERSIONS = ['topology/cluster/versions'];
/** Nobody listens there: a loopback address of its own. */
const HOST = '127.0.77.1';

interface Looking {
  environment?: Environment;
  checks?: string[];
  listed?: object;
}

async function lookedAt(of: Looking): Promise<Item> {
  const [item, ...more] = await itemsOf(of);
  assert.deepEqual(more, []);
  return item ?? assert.fail();
}

async function itemsOf({ environment = staging, checks = VERSIONS, listed }: Looking): Promise<Item[]> {
  const situation = situationOf(environment, () => Promise.reject(new Error('not expected')), { checks });
  const node = (name: string, labels: object, address: string): object => ({
    metadata: { name, labels },
    spec: {},
    status: { addresses: [{ type: 'InternalIP', address }] },
  });
  const items = [node('other', { team: 'b' }, '127.0.77.2'), node('own', {}, HOST)];
  const cluster = { list: () => Promise.resolve(listed ?? { items }) };
  const reached = { ...situation.reached, cluster } as unknown as Reached;
  return kubelets.look({ ...situation, reached });
}

const others = [{ labels: { team: 'b' }, reason: 'theirs' }];
const shared: Environment = {
  ...staging,
  topology: { ...staging.topology, nodes: { ...staging.topology.nodes, others } },
};

test('should say where no kubelet is reached, and how to do without', async () => {
  const { what, state, detail, add } = await lookedAt({ environment: shared });
  assert.deepEqual([what, state], [`kubelet of own at ${HOST}:${KUBELET_PORT}`, 'missing']);
  assert.match(detail, /refused/);
  assert.match(add ?? '', /cluster\.reach: port-forward/);
});

test('should take it for optional in a read-only run, and ask a node that is Ready', async () => {
  const node = (name: string, ready: string, labels = {}): object => ({
    metadata: { name, labels },
    spec: {},
    status: {
      addresses: [{ type: 'InternalIP', address: HOST }],
      conditions: [{ type: 'Ready', status: ready }],
    },
  });
  const items = [
    node('gone', 'Unknown'),
    node('virtual', 'True', { type: 'virtual-kubelet' }),
    node('own', 'True'),
  ];
  const { what, state, detail } = await lookedAt({
    environment: { ...staging, readOnly: true },
    listed: { items },
  });
  assert.deepEqual([what, state], [`kubelet of own at ${HOST}:${KUBELET_PORT}`, 'optional']);
  assert.match(detail, /^without it inconclusive: topology\/cluster\/versions/);
});

test('should find one that accepts connections', async (t) => {
  const server = createServer((socket) => socket.end()).listen(KUBELET_PORT, HOST);
  t.after(() => server.close());
  await once(server, 'listening');
  assert.equal((await lookedAt({ environment: shared })).state, 'ok');
});

test('should connect to none where no planned check looks at their certificates, or they are out of reach', async () => {
  assert.deepEqual(await itemsOf({ checks: ['topology/nodes/pools'] }), []);
  assert.ok('kubeconfig' in staging.cluster);
  const forwarded: Environment = { ...staging, cluster: { ...staging.cluster, reach: 'port-forward' } };
  const { state, detail } = await lookedAt({ environment: forwarded });
  assert.deepEqual([state, /port-forward/.test(detail)], ['not needed', true]);
});

test('should not know without a list of the nodes', async () => {
  const { state, detail } = await lookedAt({ listed: { items: [], unavailable: 'forbidden: list nodes' } });
  assert.equal(state, 'unknown');
  assert.match(detail, /forbidden: list nodes/);
});
