/** What a draft takes for telemetry, and not for a store or a network plugin. TODO is what a draft says to its user (probes/drafting.ts). */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { draftedOn } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { namespace, node, service, workload } from './_testing/objects.ts';

const server = await ListingApiServer.forTests();
const drafted = (...objects: readonly Stood[]): Promise<Drafted> => draftedOn(server, [...BASE, ...objects]);

const named = (name: string) => ({ 'app.kubernetes.io/name': name });
const set = (at: string, image: string, replicas = 1): Stood[] =>
  workload({ kind: 'StatefulSet', at, image, replicas });

/** An application with its store, and a Prometheus elsewhere. */
const BASE: readonly Stood[] = [
  ...['kube-system', 'shop', 'watch'].map(namespace),
  node('w-1', { 'example.com/pool': 'general' }),
  ...workload({ kind: 'Deployment', at: 'shop/api', image: 'registry.example.com/shop/api:1' }),
  service('shop/api', { http: 80 }, named('api')),
  ...set('shop/orders', 'docker.io/library/postgres:17'),
  ...set('watch/prometheus', 'quay.io/prometheus/prometheus:v3.7'),
];

const ELASTICSEARCH = 'docker.elastic.co/elasticsearch/elasticsearch:9.1.0';
const ARCHIVE: readonly Stood[] = [
  ...set('watch/archive', ELASTICSEARCH, 3),
  service('watch/archive', { http: 9200 }, named('archive'), '10.96.0.7'),
];
/** A shipper that only what it mounts gives away. */
const shipping = (...nodePaths: string[]): Stood[] =>
  workload({ kind: 'DaemonSet', at: 'kube-system/own-net-lines', image: 'own/lines:1', nodePaths });
const SHIPPER = shipping('/var/lib/own', '/var/log/pods/');

test('should take an Elasticsearch beside parts of telemetry for the archive of logs, and for no store', async () => {
  const { completed, text, found } = await drafted(...ARCHIVE, ...SHIPPER);
  assert.deepEqual(Object.keys(completed.stores), ['postgres']);
  const { logs } = completed.telemetry ?? assert.fail('no telemetry');
  assert.deepEqual([logs?.kind, logs?.url], ['elasticsearch', 'http://archive.watch.svc:9200']);
  assert.deepEqual(logs?.shipper, { daemonSet: { namespace: 'kube-system', name: 'own-net-lines' } });
  assert.match(text, /StatefulSet watch\/archive is beside parts of telemetry, .*: no store of the platform/);
  assert.match(text, /9200 # where that name is not known, address: 10\.96\.0\.7:9200\n/);
  assert.match(text, /name: archive,.* # an archive of logs \(telemetry\.logs\), no disruption budget\n/);
  assert.deepEqual(found.slice(1, 2), ['stores: PostgreSQL (shop)']);
  assert.match(found[3] ?? '', /Elasticsearch \(an archive of logs\)/);
});

test('should keep an Elasticsearch as a store where nothing tells that it is an archive, and say so', async () => {
  const hint = /One that is an archive of logs belongs to telemetry\.logs, and is no store here\n/;
  const [withoutShipper, besideStore, apart] = [
    await drafted(...ARCHIVE),
    await drafted(...ARCHIVE, ...SHIPPER, ...set('watch/sessions', 'docker.io/library/redis:8')),
    await drafted(namespace('search'), ...set('search/catalog', ELASTICSEARCH), ...SHIPPER),
  ];
  for (const { completed, text } of [withoutShipper, besideStore, apart]) {
    assert.ok(completed.stores.elasticsearch);
    assert.match(text, hint);
  }
  assert.equal(withoutShipper.completed.telemetry, undefined);
});

test('should not propose what ships the lines of pods as network plugin', async () => {
  const { text } = await drafted(...SHIPPER);
  assert.match(text, /no network plugin was recognised .*: no DaemonSet was seen that may be it\n/);
  const other = await drafted(...shipping('/var/log/own', '/opt/cni/bin'));
  assert.match(other.text, /: one of kube-system\/own-net-lines may be it\n/);
});

test('should draft no address of API servers, which no check of a cluster that it does not provision needs', async () => {
  assert.doesNotMatch((await drafted()).text, /apiAddress/);
});
