import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { createServer as createTcpServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { after, before, beforeEach, describe, it } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { askText, askWord, isWithoutWay, PeersError } from '../../probes/asking.ts';
import { askHttp } from '../../probes/http.ts';
import { ForwardingApiServer } from '../../probes/kubernetes/_testing/forwarding-api-server.ts';
import { openForward } from '../../probes/kubernetes/port-forward.ts';
import { storeDriver, STORES } from '../../probes/stores.ts';
import { forwardedStores, Reach, reachOf } from './reach.ts';
import { StoreTargets } from './store-target.ts';

const staging = await loadEnvironment('staging');
const BOUNDS = { deadlineMs: 2000 };
/** Of the documentation's own networks (RFC 5737): nothing on this machine has them. */
const [POD_IP, CLUSTER_IP] = ['192.0.2.10', '203.0.113.5'];

interface Pods {
  name: string;
  ip: string;
  ready?: boolean;
}

const named = (name: string, rest: object): object => ({ metadata: { namespace: 'data', name }, ...rest });

/** A cluster whose namespace `data` has these pods, and a Service before them. @param slices the endpoints of that Service in their place */
function clusterOf(
  api: ForwardingApiServer,
  pods: () => readonly Pods[],
  { services = [], slices }: { services?: readonly object[]; slices?: object[] } = {},
) {
  const items: Record<string, () => object[]> = {
    'v1/Pod': () =>
      pods().map(({ name, ip, ready = true }) => ({
        metadata: { namespace: 'data', name, ownerReferences: [{ kind: 'StatefulSet', name: 'db' }] },
        spec: { containers: [] },
        status: { podIP: ip, conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
      })),
    'v1/Service': () => [
      named('db', { spec: { clusterIP: CLUSTER_IP, ports: [{ name: 'sql', port: 9000 }] } }),
      ...services,
    ],
    'discovery.k8s.io/v1/EndpointSlice': () => slices ?? [ofPods()],
  };
  const ofPods = (): object =>
    named('db-1', {
      ports: [{ name: 'sql', port: 5432 }],
      endpoints: pods().map(({ name, ip, ready = true }) => ({
        addresses: [ip],
        conditions: { ready },
        targetRef: { kind: 'Pod', name },
      })),
    });
  return {
    list: ({ kind }: { kind: string }) => Promise.resolve({ items: items[kind]?.() ?? [] }),
    forward: (...asked: [Parameters<typeof openForward>[1], Parameters<typeof openForward>[2]]) =>
      openForward(api.config, ...asked),
  } as never;
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('Reach', () => {
  const server = createServer((request, response) => response.end(`"${request.headers.host}"`));
  let api: ForwardingApiServer;
  let pods: Pods[];
  let reach: Reach;
  let cluster: never;
  let port: number;
  const declared = {
    statefulSet: { namespace: 'data', name: 'db' },
    container: 'db',
    members: 1,
    primary: { host: 'db.data', port: 9000 },
  } as never;
  before(async () => {
    api = await ForwardingApiServer.start();
    port = await listening(server);
  });
  after(async () => {
    server.close();
    await api.stop();
  });
  beforeEach(() => {
    pods = [{ name: 'db-0', ip: POD_IP }];
    cluster = clusterOf(api, () => pods);
    reach = new Reach(cluster, ['data']);
    api.asked.length = 0;
    api.behind.clear();
    api.behind.set('data/db-0:5432', { port });
  });

  const ask = (host: string, at = 5432) =>
    askHttp({ who: 'db', host, port: at, path: '/', dial: reach.dial('postgres', declared) }, BOUNDS);

  for (const [what, host, at] of [
    ['the address of a pod, which is what a Sentinel or a node names', POD_IP, 5432],
    ['the name of a pod', 'db-0.db-headless.data.svc.cluster.local', 5432],
    ['the short name of a pod', 'db-0.db-headless.data', 5432],
    ['a Service, at the port that it leads to', 'db.data', 9000],
    ['the address of a Service', CLUSTER_IP, 9000],
  ] as const)
    it(`should lead to ${what}`, async () => {
      const { text } = await ask(host, at);
      assert.equal(text, `"${host}:${at}"`, 'the server is called by its own address');
      assert.deepEqual(api.asked, ['data/db-0:5432']);
      await reach.close();
    });

  it('should leave alone what is not of the cluster', async () => {
    const dial = reach.dial('postgres', declared);
    for (const host of ['db.example.com', '198.51.100.7', 'localhost'])
      assert.deepEqual(await dial({ host, port: 5432 }, BOUNDS), { host, port: 5432 });
  });

  const dialIn = (more: Parameters<typeof clusterOf>[2], host: string) => {
    const of = new Reach(
      clusterOf(api, () => pods, more),
      ['data'],
    );
    return {
      dialled: of.dial('postgres', declared)({ host, port: 9000 }, BOUNDS),
      inside: () => of.isInside({ host, port: 9000 }, declared),
      close: () => of.close(),
    };
  };
  const external = (name: string, externalName: string): object =>
    named(name, { spec: { type: 'ExternalName', externalName } });

  it('should follow a Service to the name outside that it stands for', async () => {
    const services = [
      external('managed', 'db.rds.example.com.'),
      external('alias', 'managed.data.svc.cluster.local'),
      external('circle', 'circle.data.svc.cluster.local'),
    ];
    for (const host of ['managed.data', 'alias.data']) {
      const { dialled, inside } = dialIn({ services }, host);
      assert.deepEqual(await dialled, { host: 'db.rds.example.com', port: 9000 });
      assert.equal(await inside(), true, 'this machine does not know the name');
    }
    await assert.rejects(dialIn({ services }, 'circle.data').dialled, /circle/);
    const ofPods = dialIn({ services: [external('pods', 'db.data.svc')] }, 'pods.data');
    assert.equal((await ofPods.dialled).host, '127.0.0.1', 'a Service of pods is forwarded');
    await ofPods.close();
  });

  it('should say of a Service whose endpoints are no pods that nothing is forwarded to them', async () => {
    const slice = named('db-1', {
      ports: [{ name: 'sql', port: 5432 }],
      endpoints: [{ addresses: ['198.51.100.7'], conditions: { ready: true } }],
    });
    const error: unknown = await dialIn({ slices: [slice] }, 'db.data').dialled.catch(
      (thrown: unknown) => thrown,
    );
    assert.match(
      askText(error),
      /the endpoints of the Service data\/db are no pods \(198\.51\.100\.7\).*declare the address/,
    );
    assert.equal(isWithoutWay(error), true);
  });

  it('should reach the pod that has the name now, and nobody at the address that it had', async () => {
    await ask(POD_IP);
    pods = [{ name: 'db-0', ip: '192.0.2.11' }];
    assert.equal((await ask('192.0.2.11')).status, 200);
    await assert.rejects(ask(POD_IP), /no pod has the address/);
    pods = [{ name: 'db-0', ip: '192.0.2.11', ready: false }];
    await assert.rejects(
      ask('db.data', 9000),
      /ECONNREFUSED db.data:9000: the Service data\/db has no ready pod/,
    );
    await reach.close();
  });

  it('should hold a certificate to the declared name, and not to the loopback interface', async () => {
    const { key, cert } = await certificateFor('db.example.com');
    const secured = createTlsServer({ key, cert }, (_request, response) => response.end('{}'));
    api.behind.set('data/db-0:5432', { port: await listening(secured) });
    const dial = reach.dial('postgres', declared);
    const by = (serverName: string) =>
      askHttp(
        { who: 'db', host: POD_IP, port: 5432, path: '/', dial, tls: { ca: cert, serverName } },
        BOUNDS,
      );
    assert.equal((await by('db.example.com')).status, 200);
    await assert.rejects(by('127.0.0.1'), /altnames/);
    await reach.close();
    secured.close();
  });

  it('should say what a connection through it costs', async () => {
    assert.equal(reach.text(), null);
    await ask(POD_IP);
    assert.match(reach.text() ?? '', /opening a connection took \d+ ms \(median of 1, longest \d+ ms\)/);
    await reach.close();
  });

  /** What a failed question to the store comes to, in a word and in words. */
  const failure = async (): Promise<{ word: string; text: string }> => {
    const targets = new StoreTargets({ stores: { postgres: declared } } as never, cluster, reach);
    const error = await ask(POD_IP).then(
      () => assert.fail('it answered'),
      (thrown: unknown) => thrown,
    );
    const word = askWord(await targets.failureOf('postgres', error, BOUNDS));
    await targets.close();
    return { word, text: askText(targets.explained('postgres', error)) };
  };

  it('should never take a refusal of the API server for one of the store', async () => {
    for (const [behind, words] of [
      [{ status: 403 }, /needs get and create on pods\/portforward there \(role plumbline-reach/],
      [{ status: 401 }, /does not know the account/],
      [{ status: 503 }, /no way to port 5432 of pod data\/db-0 through the API server: .* 503/],
      ['silent', /it is slow/],
    ] as const) {
      api.behind.set('data/db-0:5432', behind);
      // Even where kubelet finds no pod ready.
      pods = [{ name: 'db-0', ip: POD_IP, ready: false }];
      const { word, text } = await failure();
      assert.equal(word, 'cannot-ask/route', text);
      assert.match(text, words);
      reach = new Reach(cluster, ['data']);
    }
  });

  it('should say that the API server cut the stream, which a client only sees as a reset', async () => {
    const silent = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => api.cut());
    });
    api.behind.set('data/db-0:5432', { port: await listening(silent) });
    const { word, text } = await failure();
    assert.equal(word, 'cannot-ask/route', text);
    assert.match(text, /through the API server: .* broke off/);
    silent.close();
  });

  it('should say why also where a driver has shortened it', async () => {
    api.behind.set('data/db-0:5432', { status: 403 });
    const error = await ask(POD_IP).catch((thrown: unknown) => thrown);
    for (const short of [new AggregateError([error], 'nobody answers'), new PeersError([error], 'none')]) {
      const explained = reach.explained('postgres', short);
      assert.match(askText(explained), /pods\/portforward .*\((nobody answers|none)\)$/);
      assert.equal(explained instanceof PeersError, short instanceof PeersError);
    }
    const wrong = Object.assign(new Error('password'), { code: '28P01' });
    assert.equal(reach.explained('postgres', wrong), wrong);
    assert.equal(reach.explained('redis', error), error);
  });

  it('should tell a server that is down from one at another port by its pods', async () => {
    api.behind.set('data/db-0:5432', { port: 1 });
    assert.equal((await failure()).word, 'cannot-ask/refused');
    reach = new Reach(cluster, ['data']);
    pods = [{ name: 'db-0', ip: POD_IP, ready: false }];
    const { word, text } = await failure();
    assert.equal(word, 'down/refuses');
    assert.match(text, /ECONNREFUSED port 5432 within pod db-0/);
  });

  it('should find out by the cluster whether clients would be forwarded', async () => {
    const at = async (host: string) => {
      const postgres = { ...(declared as object), primary: { host, port: 9000 } };
      const environment = {
        stores: { postgres },
        namespaces: { platform: 'data', edge: 'edge' },
        cluster: { kubeconfig: { env: 'X' }, reach: 'port-forward' },
      };
      return (await forwardedStores(environment as never, cluster)).get('postgres');
    };
    assert.match((await at(CLUSTER_IP)) ?? '', /inside the cluster: port-forward leads to one pod/);
    assert.match((await at(POD_IP)) ?? '', /inside the cluster/);
    assert.equal(await at('198.51.100.7'), undefined);
  });

  it('should forward nothing in a read-only run, and say that this is why the store is not asked', async () => {
    const environment = {
      stores: {},
      namespaces: { platform: 'data', edge: 'edge' },
      readOnly: true,
      cluster: { kubeconfig: { env: 'X' }, reach: 'port-forward' },
    };
    reach = reachOf(environment as never, cluster) ?? assert.fail('it is reached by forwards');
    const { word, text } = await failure();
    assert.equal(word, 'cannot-ask/route', text);
    assert.match(text, /read only: port 5432 of pod data\/db-0 is not forwarded/);
    const outside = { host: 'db.example.com', port: 5432 };
    assert.deepEqual(
      await reach.dial('postgres', declared)(outside, BOUNDS),
      outside,
      'no forward is needed',
    );
    assert.deepEqual(api.asked, []);
  });
});

describe('every store', () => {
  for (const store of STORES)
    it(`should ask members of ${store} where it is led to`, async () => {
      const dialled: string[] = [];
      let connections = 0;
      const server = createTcpServer((socket) => {
        connections++;
        socket.on('error', () => undefined).destroy();
      });
      const port = await listening(server);
      const declared = Object.entries(staging.stores).find(([name]) => name === store)?.[1];
      const connection = {
        host: 'db.data',
        port: 1,
        database: 'x',
        user: 'u',
        password: 'p',
        declared: { ...declared },
        dial: ({ host }: { host: string }) => {
          dialled.push(host);
          return Promise.resolve({ host: '127.0.0.1', port });
        },
      };
      const members = () => Promise.resolve([{ name: 'db-0', address: POD_IP }]);
      const [driver, target, bounds] = [storeDriver(store), { connection, members }, { deadlineMs: 500 }];
      await assert.rejects(driver.describe(target, bounds));
      assert.ok(dialled.includes(POD_IP), dialled.join());
      const read = { host: 'db-read.data', port: 1 };
      await driver.refusesWrites(read, target, bounds).catch(() => undefined);
      // Every member of RabbitMQ takes writes: nobody is asked.
      assert.equal(dialled.includes(read.host), store !== 'rabbitmq');
      assert.ok(connections > 0);
      server.close();
    });
});
