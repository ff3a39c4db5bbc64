import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { TLSSocket } from 'node:tls';
import type { PeerCertificate } from 'node:tls';
import { after, before, beforeEach, test } from 'node:test';
import { certificateFor } from '../../../host/_testing/certificate.ts';
import { connectProxy } from '../../../host/_testing/connect-proxy.ts';
import type { ConnectProxy } from '../../../host/_testing/connect-proxy.ts';
import { closed, kubeconfigText, listening } from '../_testing/listening.ts';
import type { Listening } from '../_testing/listening.ts';
import { KubeError } from '../errors.ts';
import { execIn } from '../exec.ts';
import { openForward } from '../port-forward.ts';
import { loadKubeConfig, Transport } from '../transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-account-'));
const GET = { method: 'GET', verb: 'get', path: '/version', timeoutMs: 5_000 } as const;
const POD = { namespace: 'data', pod: 'db-0' };
let api: Listening;
let proxy: ConnectProxy;
/** Of each request: the name in the certificate that its client showed, and its headers of impersonation. */
let asked: { client: string; impersonation: string[] }[] = [];

function note({ socket, rawHeaders }: IncomingMessage): void {
  const impersonation = rawHeaders.flatMap((name, i) =>
    i % 2 === 0 && name.startsWith('Impersonate-') ? [`${name}: ${rawHeaders[i + 1] ?? ''}`] : [],
  );
  // Empty where the client showed none.
  const shown: Partial<PeerCertificate> = socket instanceof TLSSocket ? socket.getPeerCertificate() : {};
  asked.push({ client: String(shown.subject?.CN ?? ''), impersonation: impersonation.toSorted() });
}

before(async () => {
  [api, proxy] = await Promise.all([listening(), connectProxy()]);
  answering(api);
});

function answering({ server }: Listening): void {
  server.on('request', (request, response) => {
    note(request);
    response.end('{}');
  });
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => {
    note(request);
    socket.end('HTTP/1.1 403 Refused\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  });
}

beforeEach(() => {
  asked = [];
});
after(async () => {
  await closed(api);
  await proxy.close();
  rmSync(folder, { recursive: true });
});

/** A client of a kubeconfig whose user and cluster have these keys. */
function clientOf(user: object, cluster: object = {}, of: Listening = api): Transport {
  const config = JSON.parse(kubeconfigText(of)) as {
    users: { user: object }[];
    clusters: { cluster: object }[];
  };
  for (const one of config.users) one.user = user;
  for (const one of config.clusters) one.cluster = { ...one.cluster, ...cluster };
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, JSON.stringify(config));
  return new Transport(loadKubeConfig(file));
}

/** A call, a watch, and two connections into a pod, which are refused. */
async function everyWay(client: Transport): Promise<void> {
  await client.exchange(GET);
  (await client.open(GET)).destroy();
  const refused = (error: unknown): boolean => error instanceof KubeError && error.reason === 'forbidden';
  await assert.rejects(openForward(client.config, { ...POD, port: 1 }, { deadlineMs: 5_000 }), refused);
  const exec = { ...POD, container: 'c', command: ['true'], timeoutMs: 5_000 };
  await assert.rejects(execIn(client.config, exec), refused);
}

test('should show the certificate that the account has now, directly and through a proxy', async () => {
  const certificates = [await certificateFor('first'), await certificateFor('second')];
  for (const cluster of [{}, { 'proxy-url': proxy.url }]) {
    asked = [];
    let client: Transport | null = null;
    for (const { key, cert } of certificates) {
      writeFileSync(join(folder, 'client.crt'), cert);
      writeFileSync(join(folder, 'client.key'), key);
      client ??= clientOf({ 'client-certificate': 'client.crt', 'client-key': 'client.key' }, cluster);
      await everyWay(client);
    }
    client?.close();
    const expected = ['first', 'second'].flatMap((name) => Array<string>(4).fill(name));
    assert.deepEqual(
      asked.map((one) => one.client),
      expected,
      JSON.stringify(cluster),
    );
  }
});

test('should trust a kubeconfig that names an intermediate authority alone, as kubectl does', async (t) => {
  const chained = await listening({ chained: true });
  t.after(() => closed(chained));
  answering(chained);
  for (const cluster of [{}, { 'proxy-url': proxy.url }]) {
    asked = [];
    const client = clientOf({ token: 't' }, cluster, chained);
    await everyWay(client);
    client.close();
    assert.equal(asked.length, 4, JSON.stringify(cluster));
  }
  const stranger = clientOf({ token: 't' }, {}, { ...chained, ca: api.ca });
  await assert.rejects(stranger.exchange(GET), /unable to (verify the first|get local issuer) certificate/);
  stranger.close();
});

test('should ask as the user, UID, groups and extras that the kubeconfig names', async () => {
  const client = clientOf({
    token: 't',
    as: 'jane',
    'as-uid': '7',
    'as-groups': ['developers', 'admins'],
    'as-user-extra': { 'example.com/scopes': ['view', 'edit'] },
  });
  await everyWay(client);
  client.close();
  const said = [
    'Impersonate-Extra-example.com%2Fscopes: edit',
    'Impersonate-Extra-example.com%2Fscopes: view',
    'Impersonate-Group: admins',
    'Impersonate-Group: developers',
    'Impersonate-Uid: 7',
    'Impersonate-User: jane',
  ];
  assert.deepEqual(
    asked.map(({ impersonation }) => impersonation),
    Array(4).fill(said),
  );
});

test('should refuse a kubeconfig whose impersonation cannot be followed, and name the key', () => {
  for (const [user, said] of [
    [
      { 'as-groups': ['admins'] },
      /impersonation: as-uid, as-groups or as-user-extra is given without a user/,
    ],
    [{ as: 'jane', 'as-groups': 'admins' }, /impersonation: as-groups: /],
    [{ as: 'jane', 'as-user-extra': { scopes: 'view' } }, /impersonation: as-user-extra\.scopes: /],
  ] as const)
    assert.throws(
      () => clientOf({ token: 't', ...user }),
      (error) => error instanceof KubeError && error.reason === 'invalid' && said.test(error.message),
      String(said),
    );
});
