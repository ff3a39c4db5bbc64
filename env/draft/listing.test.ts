/** How the cluster that is drafted is reached, and what is not seen of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { connectProxy } from '../../host/_testing/connect-proxy.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import { REFERENCE } from './_testing/clusters.ts';
import { parsed } from './_testing/drafted.ts';
import { draftFile, listCluster } from './index.ts';
import type { Listing } from './index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-listing-'));
let server: ListingApiServer;
before(async () => {
  server = await ListingApiServer.start();
  server.objects = REFERENCE;
});
after(() => {
  server.stop();
  rmSync(folder, { recursive: true });
});

type Cluster = Record<string, unknown>;

/** Lists the reference by a kubeconfig whose cluster is changed first. */
async function listedBy(change: (cluster: Cluster) => Cluster): Promise<Listing> {
  const config = JSON.parse(readFileSync(server.kubeconfig, 'utf8')) as { clusters: { cluster: Cluster }[] };
  for (const one of config.clusters) one.cluster = change(one.cluster);
  const kubeconfig = path.join(folder, 'kubeconfig');
  writeFileSync(kubeconfig, JSON.stringify(config));
  return listCluster({ kubeconfig, signal: new AbortController().signal });
}

const textOf = (listing: Listing): string =>
  draftFile(listing, {
    ...{ name: 'shop', kubeconfig: server.kubeconfig, namespaces: [], kind: 'staging' },
    ...{ command: 'plumbline init', schema: 'environment.schema.json' },
  }).text;

test('should not declare the certificate of an API server that a proxy leads to', async () => {
  const proxy = await connectProxy();
  const listing = await listedBy((cluster) => ({ ...cluster, 'proxy-url': proxy.url }));
  await proxy.close();
  assert.ok(proxy.asked.length > 0);
  const text = textOf(listing);
  assert.match(text, /TODO it was reached through the proxy 127\.0\.0\.1:\d+: is it reached directly /);
  assert.deepEqual(parsed(text).topology.certificates, []);
  assert.doesNotMatch(text, /s3cret/);
});
