import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { setVariable } from '../../host/_testing/variable.ts';
import { askFailureOf, askWord } from '../../probes/asking.ts';
import { StoreTargets } from './store-target.ts';

const BOUNDS = { deadlineMs: 300 };
const SILENT = new DOMException('too late', 'TimeoutError');

/** A store whose pods have this address and readiness; its servers listen on `port`. */
function targetsOf(port: number, pods: readonly { ip: string; ready: boolean }[]): StoreTargets {
  const statefulSet = { namespace: 'tender', name: 'redis' };
  const environment = { stores: { redis: { statefulSet, primary: { host: 'redis', port } } } };
  const items = pods.map(({ ip, ready }, i) => ({
    metadata: {
      namespace: 'tender',
      name: `redis-${i}`,
      ownerReferences: [{ kind: 'StatefulSet', name: 'redis' }],
    },
    spec: { containers: [] },
    status: { podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }));
  const cluster = { list: () => Promise.resolve({ items }) };
  return new StoreTargets(environment as never, cluster as never);
}

async function wordOf(targets: StoreTargets, error: unknown): Promise<string> {
  return askWord(await targets.failureOf('redis', error, BOUNDS));
}

test('false verdict 17: silence is a fault of the store only where its pod accepts connections, or none is ready', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  try {
    // A frozen server: its kernel accepts.
    assert.equal(await wordOf(targetsOf(port, [{ ip: '127.0.0.1', ready: true }]), SILENT), 'down/silent');
  } finally {
    server.close();
  }
  // Kubelet finds it ready, and nothing comes through from here: a firewall, or a network of pods that leads nowhere.
  const away = [{ ip: '127.0.0.1', ready: true }];
  assert.equal(await wordOf(targetsOf(1, away), SILENT), 'cannot-ask/route');
  assert.equal(await wordOf(targetsOf(1, [{ ip: '127.0.0.1', ready: false }]), SILENT), 'down/silent');
});

test('false verdict 17: an address without a route is that of a pod that is gone, where none is ready', async () => {
  const noRoute = Object.assign(new Error('connect'), { code: 'EHOSTUNREACH' });
  assert.equal(await wordOf(targetsOf(1, [{ ip: '127.0.0.1', ready: true }]), noRoute), 'cannot-ask/route');
  assert.equal(await wordOf(targetsOf(1, [{ ip: '127.0.0.1', ready: false }]), noRoute), 'down/silent');
});

test('false verdict 17: a refused connection is a fault of the store only where no pod of it is ready', async () => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
  const ofPods = (...ready: boolean[]): Promise<string> => {
    const pods = ready.map((one) => ({ ip: '127.0.0.1', ready: one }));
    return wordOf(targetsOf(1, pods), refused);
  };
  assert.equal(await ofPods(true, false), 'cannot-ask/refused');
  assert.equal(await ofPods(false, false), 'down/refuses');
  assert.equal(await ofPods(), 'down/refuses');
  // What a server itself says is certain.
  const full = Object.assign(new Error('too many connections'), { code: '53300' });
  assert.equal(await wordOf(targetsOf(1, [{ ip: '127.0.0.1', ready: true }]), full), 'down/refuses');
});

test('false verdict 17: a password that cannot be read is no store that is down', async () => {
  const targets = targetsOf(1, []);
  for (const source of [{ env: 'PLUMBLINE_NO_SUCH_VARIABLE' }, { file: '/no/such/file' }]) {
    const error = await targets.secret(source).catch((reason: unknown) => reason);
    assert.equal(askWord(askFailureOf(error)), 'cannot-ask/credentials');
  }
});

test('should take an address alone for the only member, and find no pod of it', async () => {
  const redis = { primary: { host: 'redis.example.com', port: 6380 }, members: 1 };
  const targets = new StoreTargets({ stores: { redis } } as never, {} as never);
  const [member, ...more] = await targets.members('redis');
  assert.deepEqual(member, { name: 'redis.example.com', address: 'redis.example.com', port: 6380 });
  assert.deepEqual([more, await targets.pods('redis')], [[], []]);
  assert.throws(() => targets.placeOf('redis'), /stores\.redis is an address without pods/);
});

test('should hold certificates to the host of the primary, unless another name is declared', async (context) => {
  setVariable(context, 'PLUMBLINE_TEST_CA', 'an authority');
  setVariable(context, 'PLUMBLINE_TEST_KEY', 'a key');
  const tlsOf = async (tls: object | undefined): Promise<unknown> => {
    const redis = { statefulSet: {}, primary: { host: 'redis.tender', port: 6379 }, tls };
    const { connection } = await new StoreTargets({ stores: { redis } } as never, {} as never).target(
      'redis',
    );
    return connection.tls;
  };
  assert.equal(await tlsOf(undefined), undefined);
  assert.deepEqual(await tlsOf({ ca: 'system' }), { serverName: 'redis.tender' });
  const [ca, key] = [{ env: 'PLUMBLINE_TEST_CA' }, { env: 'PLUMBLINE_TEST_KEY' }];
  assert.deepEqual(await tlsOf({ ca, serverName: 'redis.example', client: { certificate: ca, key } }), {
    ca: 'an authority',
    serverName: 'redis.example',
    certificate: 'an authority',
    key: 'a key',
  });
  await assert.rejects(tlsOf({ ca: { env: 'PLUMBLINE_NO_SUCH_VARIABLE' } }), /PLUMBLINE_NO_SUCH_VARIABLE/);
});
