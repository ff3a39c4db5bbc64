/** How the cluster that is drafted is reached, and what is not seen of it. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { connectProxy } from '../../host/_testing/connect-proxy.ts';
import { ListingApiServer, UID } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { clusterNamed } from './_testing/clusters.ts';
import { parsed } from './_testing/drafted.ts';
import { objectAt } from './_testing/objects.ts';
import { draftFile, listCluster } from './index.ts';
import type { DraftedFile, Listing } from './index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-listing-'));
const SCALED = {
  apiVersion: 'keda.sh/v1alpha1',
  kind: 'ScaledObject',
  metadata: { name: 'worker', namespace: 'shop' },
};
const REFERENCE = clusterNamed('reference');
const server = await ListingApiServer.forTests();
server.objects = REFERENCE;
after(() => {
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

const draftOf = (listing: Listing): DraftedFile =>
  draftFile(listing, {
    name: 'shop',
    kubeconfig: server.kubeconfig,
    namespaces: [],
    kind: 'staging',
    command: 'plumbline init',
    schema: 'environment.schema.json',
  });

test('should not declare the certificate of an API server that a proxy leads to', async () => {
  const proxy = await connectProxy();
  const listing = await listedBy((cluster) => ({ ...cluster, 'proxy-url': proxy.url }));
  await proxy.close();
  assert.ok(proxy.asked.length > 0);
  const { text } = draftOf(listing);
  assert.match(text, /TODO it was reached through the proxy 127\.0\.0\.1:\d+: is it reached directly /);
  assert.deepEqual(parsed(text).topology.certificates, []);
  assert.doesNotMatch(text, /s3cret/);
});

test('should draft a cluster whose kubeconfig names no authority, pinned by its UID alone', async () => {
  const listing = await listedBy(({ 'certificate-authority-data': _, ...cluster }) => ({
    ...cluster,
    'insecure-skip-tls-verify': true,
  }));
  const { text, whole } = draftOf(listing);
  const { cluster, topology } = parsed(text);
  assert.deepEqual('pin' in cluster && cluster.pin, { kubeSystemUid: UID });
  assert.deepEqual(topology.certificates, [], 'the kubeconfig does not say whose its certificate must be');
  assert.match(text, /TODO the kubeconfig does not verify the API server \(insecure-skip-tls-verify\)/);
  const [ofServer] = parsed(whole).topology.certificates;
  assert.deepEqual(ofServer?.trust, { file: '/path/to/api-server-ca.crt' });
});

test('should declare the certificate of an API server that a public authority signed', async () => {
  const reached = await listedBy((cluster) => cluster);
  const pin = { uid: UID, caSha256: null, authorities: [], server: 'https://api.example.com:6443' };
  const listing = { ...reached, pin };
  const [one] = parsed(draftOf(listing).text).topology.certificates;
  assert.deepEqual([one?.host, one?.port, one?.trust], ['api.example.com', 6443, 'cluster']);
});

test('should go on where something that somebody installed cannot be listed, and end where a part of Kubernetes cannot', async () => {
  server.objects = [...REFERENCE, SCALED];
  server.broken.add('keda.sh/v1alpha1/ScaledObject');
  try {
    const listing = await listedBy((cluster) => cluster);
    assert.match(
      listing.refused.get('keda.sh/v1alpha1/ScaledObject') ?? '',
      /^server: .*500 conversion webhook/,
    );
    assert.equal(listing.refused.size, 1);
    assert.match(draftOf(listing).text, /TODO NOT SEEN: keda\.sh\/v1alpha1\/ScaledObject: server: /);
    server.broken.add('apps/v1/Deployment');
    await assert.rejects(
      listedBy((cluster) => cluster),
      /the cluster cannot be asked: server: .*apps\/v1\/deployments/,
    );
  } finally {
    server.broken.clear();
    server.objects = REFERENCE;
  }
});

/** What an account does not see that may not list Rollouts, and the calls about their group. */
async function withoutRollouts(...objects: Stood[]): Promise<{ unseen: string[]; asked: string[] }> {
  server.objects = [...REFERENCE, ...objects];
  server.asked.length = 0;
  server.forbidden.add('argoproj.io/v1alpha1/Rollout');
  try {
    const { refused } = await listedBy((cluster) => cluster);
    const asked = server.asked.filter((one) => one.includes('argoproj'));
    return { unseen: [...refused.keys()], asked };
  } finally {
    server.forbidden.clear();
    server.objects = REFERENCE;
  }
}

test('should ask the group of Argo for its kinds where the account may not list Rollouts', async () => {
  const asked = ['GET /apis/argoproj.io/v1alpha1/rollouts', 'GET /apis/argoproj.io/v1alpha1'];
  const application = objectAt('argoproj.io/v1alpha1', 'Application', 'shop/own', {});
  assert.deepEqual(await withoutRollouts(application), { unseen: [], asked });
  const rollout = objectAt('argoproj.io/v1alpha1', 'Rollout', 'shop/quotes', {});
  const unseen = ['argoproj.io/v1alpha1/Rollout'];
  assert.deepEqual(await withoutRollouts(application, rollout), { unseen, asked });
  assert.deepEqual(await withoutRollouts(), { unseen: [], asked: [] });
});

test('should ask once what is installed, and for nothing that is not', async () => {
  server.objects = [...REFERENCE, SCALED];
  server.asked.length = 0;
  try {
    await listedBy((cluster) => cluster);
    assert.deepEqual(
      server.asked.filter((one) => /\/apis$|argoproj|keda/.test(one)),
      ['GET /apis', 'GET /apis/keda.sh/v1alpha1/scaledobjects'],
    );
  } finally {
    server.objects = REFERENCE;
  }
});

test('should say that it does not see what is there in a version alone that it does not read', async () => {
  server.objects = [...REFERENCE, { ...SCALED, apiVersion: 'keda.sh/v2' }];
  try {
    const { refused } = await listedBy((cluster) => cluster);
    const why = 'the API server has keda.sh/v2, and only keda.sh/v1alpha1 is read';
    assert.deepEqual([...refused], [['keda.sh/v1alpha1/ScaledObject', why]]);
  } finally {
    server.objects = REFERENCE;
  }
});
