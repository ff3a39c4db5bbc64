import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment, Trust } from '../../env/schema.ts';
import { CertificateServer, expired, otherAuthority } from '../../host/_testing/refused-certificates.ts';
import { apiServer } from './_testing/api-server.ts';
import { situationOf } from './_testing/situation.ts';
import { certificates } from './certificates.ts';
import type { Item } from './item.ts';

const server = await apiServer({});
after(() => server.close());
const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-doctor-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const authority = path.join(folder, 'ca.crt');
writeFileSync(authority, server.ca);

const { telemetry: _, prometheus: _p, ai: _a, apiAddress: _s, ...staging } = await loadEnvironment('staging');
const port = Number(new URL(server.url).port);

async function served(serverName: string, trust: Trust, at = port): Promise<Item> {
  const { edge: _e, ...topology } = staging.topology;
  const one = { name: 'edge', host: '127.0.0.1', port: at, serverName, trust };
  const environment = { ...staging, topology: { ...topology, certificates: [one] } } as Environment;
  const items = await certificates.look(situationOf(environment, null));
  return items.find(({ what }) => what.startsWith('certificate edge')) ?? assert.fail();
}

test('should take a certificate of the declared authority for the declared name', async () => {
  const { state, detail } = await served('api.example.com', { file: authority });
  assert.deepEqual([state, detail], ['ok', 'valid for 39 days']);
});

test('should name another name, another authority, and an address without TLS', async () => {
  assert.match(
    (await served('other.example.com', { file: authority })).detail,
    /it is not for other\.example\.com/,
  );
  assert.match((await served('api.example.com', 'system')).detail, /not of the declared authority/);
  assert.match(
    (await served('api.example.com', { file: authority }, 1)).detail,
    /no TLS there: .*ECONNREFUSED/,
  );
  assert.equal((await served('api.example.com', { file: '/no/such/file' })).state, 'unknown');
});

test('should name a certificate that has expired, and have it renewed', async () => {
  const signer = otherAuthority(folder);
  const over = await CertificateServer.listening(expired(folder, signer, 'api.example.com'));
  const { state, detail, add } = await served('api.example.com', { file: signer }, over.port);
  await over.close();
  assert.deepEqual([state, add], ['missing', 'have it renewed']);
  assert.match(detail, /^expired \d{4}-/);
});
