import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment, Trust } from '../../env/schema.ts';
import { CertificateServer, expired, otherAuthority } from '../../host/_testing/refused-certificates.ts';
import { setVariable } from '../../host/_testing/variable.ts';
import { apiServer } from './_testing/api-server.ts';
import { situationOf } from './_testing/situation.ts';
import { certificates } from './certificates.ts';
import type { Item, Reached } from './item.ts';

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

/** A cluster whose API server is at the port of the test. */
function reachedBy(
  proxyUrl: string | undefined,
  { ca = server.ca, skipTLSVerify }: { ca?: string | null; skipTLSVerify?: boolean } = {},
): Reached {
  const { reached } = situationOf(staging, () => Promise.reject(new Error('not expected')));
  const config = { getCurrentCluster: () => ({ proxyUrl, skipTLSVerify }) };
  const transport = { server: server.url, config };
  return { ...reached, cluster: { authority: () => ca, client: { transport } } } as unknown as Reached;
}

test('should hold the certificate of the API server to no authority where the kubeconfig verifies none', async () => {
  const of = async (more: { ca: null; skipTLSVerify?: boolean }): Promise<Item> => {
    const situation = { ...situationOf(staging, null), reached: reachedBy(undefined, more) };
    const items = await certificates.look(situation);
    return items.find(({ what }) => what.startsWith('API server at')) ?? assert.fail();
  };
  assert.match((await of({ ca: null })).detail, /not of the declared authority/, 'no public one signed it');
  const skipped = await of({ ca: null, skipTLSVerify: true });
  assert.deepEqual([skipped.state, skipped.detail], ['ok', 'valid for 39 days']);
});

test('should say that it cannot look at a certificate behind a proxy, and not that it is missing', async (t) => {
  const { edge: _e, ...topology } = staging.topology;
  const declared = {
    name: 'API server',
    host: '127.0.0.1',
    port,
    serverName: 'api.example.com',
    trust: 'cluster' as const,
  };
  const prometheus = { url: 'https://prometheus.example.com', trust: 'system' };
  const environment = {
    ...staging,
    prometheus,
    topology: { ...topology, certificates: [declared] },
  } as Environment;
  const looked = (proxyUrl?: string): Promise<Item[]> =>
    certificates.look({ ...situationOf(environment, null), reached: reachedBy(proxyUrl) });
  setVariable(t, 'HTTPS_PROXY', 'http://someone:s3cret@proxy.example.com:3128');
  setVariable(t, 'NO_PROXY', '');
  const of = (items: Item[], what: string): Item =>
    items.find((one) => one.what.includes(what)) ?? assert.fail(what);
  const behind = await looked('http://someone:s3cret@proxy.example.com:3128');
  for (const what of ['API server at', 'certificate API server at', 'prometheus at']) {
    const { state, detail } = of(behind, what);
    assert.equal(state, 'unknown', what);
    assert.match(detail, /^it is reached through the proxy proxy\.example\.com:3128/);
  }
  assert.doesNotMatch(JSON.stringify(behind), /s3cret/);
  assert.equal(of(await looked(), 'certificate API server at').state, 'ok');
});

test('should need no certificate at an address that nothing planned asks', async () => {
  const at = { url: 'https://127.0.0.1:1', trust: 'system' };
  const topology = {
    ...staging.topology,
    certificates: [{ name: 'edge', host: '127.0.0.1', port: 1, trust: 'system' }],
    edge: { ...(staging.topology.edge ?? assert.fail()), ...at },
  };
  const declaring = {
    ...staging,
    apiAddress: '127.0.0.1:2',
    prometheus: at,
    telemetry: { otlp: at },
    topology,
  };
  const missingOf = async (of: object, checks: string[]): Promise<string[]> => {
    const items = await certificates.look(situationOf(of as Environment, null, { checks }));
    return items.filter(({ state }) => state !== 'not needed').map(({ what }) => what);
  };
  const nodes = ['topology/nodes/pools'];
  assert.deepEqual(await missingOf(declaring, nodes), ['telemetry.otlp at 127.0.0.1:1']);
  const readOnly = { ...declaring, readOnly: true };
  assert.deepEqual(await missingOf(readOnly, nodes), []);
  assert.deepEqual(await missingOf(readOnly, ['topology/cluster/versions']), [
    'apiAddress at 127.0.0.1:2',
    'certificate edge at 127.0.0.1:1',
  ]);
  assert.deepEqual(await missingOf(readOnly, ['topology/edge/path']), []);
});
