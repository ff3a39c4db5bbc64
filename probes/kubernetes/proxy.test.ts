import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { connectProxy } from '../../host/_testing/connect-proxy.ts';
import type { ConnectProxy } from '../../host/_testing/connect-proxy.ts';
import { setVariable } from '../../host/_testing/variable.ts';
import { closed, kubeconfigText, listening } from './_testing/listening.ts';
import type { Listening } from './_testing/listening.ts';
import { loadKubeConfig, Transport } from './transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-proxy-'));
const GET = { method: 'GET', verb: 'get', path: '/version', timeoutMs: 5_000 } as const;
let api: Listening;
let proxy: ConnectProxy;

before(async () => {
  [api, proxy] = await Promise.all([listening(), connectProxy()]);
  api.server.on('request', (_request, response) => response.end('{}'));
});
beforeEach(() => {
  proxy.asked.length = 0;
});
after(async () => {
  await closed(api);
  await proxy.close();
  rmSync(folder, { recursive: true });
});

/** The status of an answer of the API server under a name that only the proxy knows, and what it was asked for. */
async function asked(
  of: { proxyUrl?: string; url?: string } = {},
): Promise<{ status: number; tunnels: string[] }> {
  const { port } = new URL(api.url);
  const config = JSON.parse(kubeconfigText({ ...api, url: of.url ?? `https://api.example.com:${port}` })) as {
    clusters: { cluster: object }[];
  };
  const more = of.proxyUrl === undefined ? {} : { 'proxy-url': of.proxyUrl };
  for (const one of config.clusters) one.cluster = { ...one.cluster, ...more };
  const file = join(folder, 'kubeconfig');
  writeFileSync(file, JSON.stringify(config));
  const client = new Transport(loadKubeConfig(file));
  try {
    const { status } = await client.exchange(GET);
    return { status, tunnels: proxy.asked.map(({ what }) => what.replace(/:\d+$/, '')) };
  } finally {
    client.close();
  }
}

test('should reach the API server through the proxy that the environment names', async (t) => {
  setVariable(t, 'HTTPS_PROXY', proxy.url);
  setVariable(t, 'NO_PROXY', '10.0.0.0/8,.svc');
  const { status, tunnels } = await asked();
  assert.deepEqual([status, tunnels], [200, ['CONNECT api.example.com']]);
  assert.equal(proxy.asked[0]?.account, 'someone:s3cret');
});

test('should prefer the proxy of the kubeconfig, whatever the environment excepts', async (t) => {
  setVariable(t, 'HTTPS_PROXY', 'http://127.0.0.1:1');
  setVariable(t, 'NO_PROXY', '*');
  const { status, tunnels } = await asked({ proxyUrl: proxy.url });
  assert.deepEqual([status, tunnels], [200, ['CONNECT api.example.com']]);
});

test('should reach directly what is on this machine, and what NO_PROXY excepts', async (t) => {
  setVariable(t, 'HTTPS_PROXY', proxy.url);
  setVariable(t, 'NO_PROXY', 'example.com');
  assert.deepEqual(await asked({ url: api.url }), { status: 200, tunnels: [] });
  await assert.rejects(
    asked(),
    /get \/version at https:\/\/api\.example\.com:\d+: .*(?:ENOTFOUND|EAI_AGAIN)/,
  );
  assert.deepEqual(proxy.asked, []);
});

test('should name the proxy that stands in the way, without its account', async (t) => {
  setVariable(t, 'HTTPS_PROXY', 'http://someone:s3cret@127.0.0.1:1');
  setVariable(t, 'NO_PROXY', '');
  await assert.rejects(asked(), (error) => {
    assert.match(String(error), /at https:\/\/api\.example\.com:\d+ through the proxy 127\.0\.0\.1:1: /);
    assert.doesNotMatch(String(error), /s3cret/);
    return true;
  });
});
