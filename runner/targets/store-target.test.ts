import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { setVariable } from '../../host/_testing/variable.ts';
import { askFailureOf, askWord, isDown, PeersError } from '../../probes/asking.ts';
import { StoreTargets } from './store-target.ts';

const BOUNDS = { deadlineMs: 300 };
const SILENT = new DOMException('too late', 'TimeoutError');

type Pods = readonly { ip: string; ready: boolean }[];

function podsNamed(name: string, pods: Pods): object[] {
  return pods.map(({ ip, ready }, i) => ({
    metadata: {
      namespace: 'tender',
      name: `${name}-${i}`,
      ownerReferences: [{ kind: 'StatefulSet', name }],
    },
    spec: { containers: [] },
    status: { podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
  }));
}

/** A store whose pods have this address and readiness; its servers listen on `port`. Peers are declared where they are given. */
function targetsOf(port: number, pods: Pods, sentinels?: Pods): StoreTargets {
  const statefulSet = { namespace: 'tender', name: 'redis' };
  const container = 'redis';
  const peers = sentinels && { labels: { app: 'sentinel' } };
  const redis = { statefulSet, container, primary: { host: 'redis', port }, ...(peers && { peers }) };
  const items = (labels: object | undefined): object[] =>
    labels === undefined ? podsNamed('redis', pods) : podsNamed('sentinel', sentinels ?? []);
  const cluster = { list: ({ labels }: { labels?: object }) => Promise.resolve({ items: items(labels) }) };
  return new StoreTargets({ stores: { redis } } as never, cluster as never);
}

/** As Node has it: with the port. */
const refusedAt = (port: number): Error =>
  Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', address: '198.18.0.9', port });

/** Runs something while a server listens at its port of the loopback. */
async function listening(use: (port: number) => Promise<void>): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    server.close();
  }
}

async function wordOf(targets: StoreTargets, error: unknown): Promise<string> {
  return askWord(await targets.failureOf('redis', error, BOUNDS));
}

test('false verdict 17: silence is a fault of the store only where its pod accepts connections, or none is ready', async () => {
  await listening(async (port) => {
    // A frozen server: its kernel accepts.
    assert.equal(await wordOf(targetsOf(port, [{ ip: '127.0.0.1', ready: true }]), SILENT), 'down/silent');
  });
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

test('should take a Service that refuses while ready pods accept connections for a store that is down', async () => {
  const ready = [{ ip: '127.0.0.1', ready: true }];
  await listening(async (port) => {
    // Nobody leads: the Service of the primary has no endpoints.
    assert.equal(await wordOf(targetsOf(port, ready), refusedAt(port)), 'down/refuses');
    const members = new AggregateError([refusedAt(port), refusedAt(port)]);
    assert.equal(await wordOf(targetsOf(port, ready), new Error('all', { cause: members })), 'down/refuses');
    // The pods refuse there too: they are asked at a port that is not theirs.
    assert.equal(await wordOf(targetsOf(port, ready), refusedAt(1)), 'cannot-ask/refused');
  });
  assert.equal(
    await wordOf(targetsOf(1, ready), refusedAt(1)),
    'cannot-ask/refused',
    'or are cut off from here',
  );
});

test('should not take a declaration that fits no pod for a store that is down, where its address accepts connections', async () => {
  const absent = isDown('absent', 'Redis: no member has an address');
  const others = podsNamed('cache', [{ ip: '127.0.0.1', ready: true }]);
  const targets = (port: number, how: object, items: readonly object[]): StoreTargets =>
    new StoreTargets(
      {
        stores: { redis: { ...how, members: 3, container: 'redis', primary: { host: '127.0.0.1', port } } },
      } as never,
      { list: () => Promise.resolve({ items }) } as never,
    );
  const labelled = { pods: { namespace: 'tender', labels: { app: 'redis' } } };
  const inSet = { statefulSet: { namespace: 'tender', name: 'redis' } };
  await listening(async (port) => {
    const byLabels = targets(port, labelled, others);
    assert.equal(await wordOf(byLabels, absent), 'cannot-ask/members');
    assert.equal(
      await byLabels.unmatched('redis', BOUNDS),
      `no pod in tender with the labels app=redis, although 127.0.0.1:${port} accepts connections; pods in tender: cache-0`,
    );
    const bySet = targets(port, inSet, others);
    assert.match(
      (await bySet.unmatched('redis', BOUNDS)) ?? '',
      /^no pod of StatefulSet tender\/redis, although/,
    );
    // A member that has no address yet is declared rightly.
    const waiting = targets(port, inSet, podsNamed('redis', [{ ip: '', ready: false }]));
    assert.equal(await wordOf(waiting, absent), 'down/absent');
  });
  // Nothing answers: a store whose pods are all gone looks the same.
  assert.equal(await wordOf(targets(1, inSet, others), absent), 'down/absent');
});

test('should judge Sentinels that refuse by their own pods, not by those of the members', async () => {
  const pod = (ready: boolean) => [{ ip: '127.0.0.1', ready }];
  const none = new PeersError([refusedAt(1), refusedAt(1)], 'redis: no Sentinel answers');
  assert.equal(await wordOf(targetsOf(1, pod(true), pod(false)), none), 'down/refuses');
  assert.equal(await wordOf(targetsOf(1, pod(true), []), none), 'down/refuses');
  assert.equal(await wordOf(targetsOf(1, pod(true), pod(true)), none), 'cannot-ask/refused', 'a wrong port');
  assert.equal(
    await wordOf(targetsOf(1, pod(true)), none),
    'cannot-ask/refused',
    'in the pods of the members',
  );
  await listening(async (port) => {
    const other = new PeersError([refusedAt(port)], 'redis: no Sentinel answers');
    assert.equal(await wordOf(targetsOf(1, pod(true), pod(true)), other), 'down/refuses', 'a wrong address');
  });
});

test('false verdict 17: a password that cannot be read is no store that is down', async () => {
  const targets = targetsOf(1, []);
  for (const source of [{ env: 'PLUMBLINE_NO_SUCH_VARIABLE' }, { file: '/no/such/file' }]) {
    const error = await targets.secret(source).catch((reason: unknown) => reason);
    assert.equal(askWord(askFailureOf(error)), 'cannot-ask/credentials');
  }
});

test('should read an authority from a ConfigMap as it stands there, and a password from a Secret decoded', async () => {
  const got: string[] = [];
  const cluster = {
    get: ({ kind, namespace, name }: { kind: string; namespace: string; name: string }) => {
      got.push(`${kind} ${namespace}/${name}`);
      const data = kind === 'Secret' ? { key: 'Z2VoZWlt' } : { 'ca.crt': 'PEM' };
      return Promise.resolve({ data });
    },
  };
  const targets = new StoreTargets({ stores: {} } as never, cluster as never);
  const at = { namespace: 'data', name: 'redis' };
  assert.equal(await targets.secret({ configMap: { ...at, key: 'ca.crt' } }), 'PEM');
  assert.equal(await targets.secret({ secret: { ...at, key: 'key' } }), 'geheim');
  assert.deepEqual(got, ['ConfigMap data/redis', 'Secret data/redis']);
  await assert.rejects(
    targets.secret({ configMap: { ...at, key: 'tls.crt' } }),
    /the ConfigMap data\/redis has no key "tls\.crt"/,
  );
});

test('should take an address alone for all members, and find no pod of it', async () => {
  const redis = { primary: { host: 'redis.example.com', port: 6380 }, members: 1 };
  const targets = new StoreTargets({ stores: { redis } } as never, {} as never);
  const [member, ...more] = await targets.members('redis');
  const name = 'redis.example.com';
  assert.deepEqual(member, { name, address: name, port: 6380, standsForAll: true });
  assert.deepEqual([more, await targets.pods('redis')], [[], []]);
  assert.throws(() => targets.placeOf('redis'), /stores\.redis is an address without pods/);
  assert.ok(!('exec' in (await targets.target('redis'))), 'a driver must not try to run anything there');
});

test('should give a driver no way to run commands in members in a read-only run', async () => {
  const statefulSet = { namespace: 'tender', name: 'redis' };
  const redis = { statefulSet, container: 'redis', primary: { host: 'redis', port: 6379 } };
  const targetOf = (more: object) =>
    new StoreTargets({ stores: { redis }, ...more } as never, {} as never).target('redis');
  assert.ok('exec' in (await targetOf({})));
  assert.ok(!('exec' in (await targetOf({ readOnly: true }))));
});

test('false verdict 17: silence of an address without pods may be that of a firewall: nobody decides', async () => {
  const redis = { primary: { host: 'redis.example.com', port: 6380 }, members: 1 };
  const targets = new StoreTargets({ stores: { redis } } as never, {} as never);
  assert.equal(await wordOf(targets, SILENT), 'cannot-ask/route');
  assert.equal(await wordOf(targets, refusedAt(6380)), 'cannot-ask/refused');
});

test('should hold certificates to the host of the primary, unless another name is declared', async (context) => {
  const { cert } = await certificateFor('redis.tender');
  setVariable(context, 'PLUMBLINE_TEST_CA', cert);
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
    ca: cert,
    serverName: 'redis.example',
    certificate: cert,
    key: 'a key',
  });
  const noAuthority = await tlsOf({ ca: key }).catch((error: unknown) => error);
  assert.match(
    String(noAuthority),
    /tls\.ca \(variable PLUMBLINE_TEST_KEY\): it holds no certificate in PEM/,
  );
  assert.equal(askWord(askFailureOf(noAuthority)), 'cannot-ask/tls');
  await assert.rejects(tlsOf({ ca: { env: 'PLUMBLINE_NO_SUCH_VARIABLE' } }), /PLUMBLINE_NO_SUCH_VARIABLE/);
});

test('should have all addresses of the peers of a store, and no peer that has ended', async () => {
  const peer = (name: string, phase: string, more: object = {}): object => ({
    metadata: { namespace: 'tender', name },
    spec: { containers: [], ...more },
    status: { phase, podIP: '198.19.75.9', podIPs: [{ ip: '198.19.75.9' }, { ip: 'fd00::9' }] },
  });
  const items = [
    peer('sentinel-0', 'Running', { hostNetwork: true }),
    peer('sentinel-evicted', 'Failed'),
    peer('sentinel-done', 'Succeeded'),
  ];
  const redis = {
    statefulSet: { namespace: 'tender', name: 'redis' },
    container: 'redis',
    primary: { host: 'redis', port: 1 },
    peers: { labels: { app: 'sentinel' } },
  };
  const cluster = { list: () => Promise.resolve({ items }) };
  const peers = await new StoreTargets({ stores: { redis } } as never, cluster as never).otherPeers('redis');
  assert.deepEqual(
    peers.map(({ name, ips, hostNetwork }) => ({ name, ips, hostNetwork })),
    [{ name: 'sentinel-0', ips: ['198.19.75.9', 'fd00::9'], hostNetwork: true }],
  );
});

test('should not take a word for a secret that the environment or a check is named by, and say so', async (context) => {
  const targets = new StoreTargets({ stores: {}, namespaces: { system: 'tender' } } as never, {} as never);
  for (const [name, value] of [
    ['POSTGRES', 'postgres'],
    ['TENDER', 'tender'],
    ['REDIS', 'tulips-and-4711'],
  ] as const) {
    setVariable(context, `PLUMBLINE_TEST_${name}`, value);
    await targets.secret({ env: `PLUMBLINE_TEST_${name}` });
  }
  assert.deepEqual(targets.secrets(), ['tulips-and-4711']);
  assert.equal(targets.redact('tulips-and-4711 of postgres, later-8842'), '*** of postgres, later-8842');
  targets.keep('later-8842');
  assert.equal(targets.redact('later-8842'), '***');
  assert.match(targets.openSecretsText() ?? '', /PLUMBLINE_TEST_POSTGRES.*PLUMBLINE_TEST_TENDER$/);
});

test('should keep a secret out as those spell it who strip its line break, and a password as HTTP shows it with its user', async (context) => {
  const password = { secret: { namespace: 'tender', name: 'redis', key: 'password' } };
  const token = { env: 'PLUMBLINE_TEST_TOKEN' };
  setVariable(context, 'PLUMBLINE_TEST_TOKEN', 'sk-live-4711\n');
  setVariable(context, 'PLUMBLINE_TEST_OPEN', 'tender\n');
  let value = 'tulips-and-4711';
  const cluster = {
    get: () => Promise.resolve({ data: { password: Buffer.from(value).toString('base64') } }),
  };
  const environment = { stores: { redis: { user: 'ann', password } }, namespaces: { platform: 'tender' } };
  const targets = new StoreTargets(environment as never, cluster as never);
  assert.equal(await targets.secret(token), 'sk-live-4711\n', 'as it is, for those who take it so');
  assert.equal(targets.redact('Bearer sk-live-4711 of tender'), 'Bearer *** of tender');
  await targets.secret({ env: 'PLUMBLINE_TEST_OPEN' });
  assert.equal(targets.redact('tender\n'), 'tender\n');
  assert.match(targets.openSecretsText() ?? '', /PLUMBLINE_TEST_OPEN$/);
  const basic = (): string => Buffer.from(`ann:${value}`).toString('base64');
  await targets.secret(password);
  const before = basic();
  value = 'roses-and-4712';
  await targets.reread(password);
  for (const shown of [before, basic()])
    assert.equal(targets.redact(`authorization: Basic ${shown}`), 'authorization: Basic ***');
});
