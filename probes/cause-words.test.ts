/** Every store says in the same plain words why it cannot be asked, whatever its client library calls it. Over real TLS. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { certificateFor } from '../host/_testing/certificate.ts';
import { CertificateServer, expired, otherAuthority } from '../host/_testing/refused-certificates.ts';
import { askText } from './asking.ts';
import type { Bounds, StoreTarget, StoreTlsFiles } from './store/store-driver.ts';
import { storeDriver, STORES } from './stores.ts';

const NAME = 'store.test';
/** Shaking hands takes some ms; the machine may be busy. */
const HANDSHAKE_MS = 5000;
/** For a server that never answers. */
const SILENT_MS = 400;

const folder = mkdtempSync(join(tmpdir(), 'plumbline-causes-'));
const authority = otherAuthority(folder);
const trusted = readFileSync(authority, 'utf8');
let valid: CertificateServer;
let over: CertificateServer;
let own: { key: string; cert: string };
const silent = createServer((socket) => sockets.push(socket));
const sockets: Socket[] = [];

before(async () => {
  own = await certificateFor(NAME);
  valid = await CertificateServer.listening(own);
  over = await CertificateServer.listening(expired(folder, authority, NAME));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  await valid.close();
  await over.close();
  for (const socket of sockets) socket.destroy();
  silent.close();
  rmSync(folder, { recursive: true });
});

function targetAt(port: number, tls: StoreTlsFiles): StoreTarget {
  const declared = {
    members: 1,
    wait: { replicas: 0, milliseconds: 100 },
    management: { port },
    patroni: undefined,
  };
  const account = { database: 'plumbline', user: 'plumbline', password: 'secret' };
  return {
    connection: { host: '127.0.0.1', port, ...account, tls, declared },
    members: () => Promise.resolve([{ name: 'member-0', address: '127.0.0.1', port }]),
  };
}

/** What is said where the store is described, and where its servers are read one by one. */
async function saidBy(store: string, target: StoreTarget, bounds: Bounds): Promise<string[]> {
  const driver = storeDriver(store);
  const described = await driver.describe(target, bounds).then(() => 'described', askText);
  const servers = await driver.servers(target, bounds).then(
    (found) => found.map(({ failed }) => failed ?? 'read'),
    (error: unknown) => [askText(error)],
  );
  return [described, ...servers];
}

interface Case {
  cause: string;
  port: () => number;
  tls: () => StoreTlsFiles;
  words: RegExp;
  deadlineMs?: number;
}
const CASES: readonly Case[] = [
  {
    cause: 'another authority',
    port: () => valid.port,
    tls: () => ({ ca: trusted, serverName: NAME }),
    words: /^its certificate is not of the declared certificate authority \(tls\.ca\): /,
  },
  {
    cause: 'another name',
    port: () => valid.port,
    tls: () => ({ ca: own.cert, serverName: 'elsewhere.test' }),
    words: /^its certificate is for other names than the declared one \(tls\.serverName\): /,
  },
  {
    cause: 'an expired certificate',
    port: () => over.port,
    tls: () => ({ ca: trusted, serverName: NAME }),
    words: /^its certificate has expired: /,
  },
  {
    cause: 'no answer',
    port: () => (silent.address() as AddressInfo).port,
    tls: () => ({ ca: trusted, serverName: NAME }),
    words: /^no answer: /,
    deadlineMs: SILENT_MS,
  },
];

for (const store of STORES)
  for (const { cause, port, tls, words, deadlineMs = HANDSHAKE_MS } of CASES)
    test(`${store} should say: ${cause}`, async () => {
      for (const said of await saidBy(store, targetAt(port(), tls()), { deadlineMs }))
        assert.match(said, words);
    });
