/** Drafts of whole clusters. TODO, where it stands here, is what a draft says to its user (probes/drafting.ts). */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { kindOf } from '../../probes/kubernetes/kinds.ts';
import { ListingApiServer, UID } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { draftedOn, listedOn, parsed } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { namespace, service, workload } from './_testing/objects.ts';
import { BARE, large, OPERATORS, REFERENCE } from './_testing/clusters.ts';
import type { DraftOptions, Listing } from './index.ts';
import { FURTHER, LISTED } from './listing.ts';
import type { ListedKind } from './listing.ts';

const CHECKOUT = path.join(import.meta.dirname, '..', '..');

interface Rule {
  apiGroups?: string[];
  resources?: string[];
  verbs: string[];
}

const server = await ListingApiServer.forTests();

const listed = (objects: readonly Stood[]): Promise<Listing> => listedOn(server, objects);
const drafted = (objects: readonly Stood[], more?: Partial<DraftOptions>): Promise<Drafted> =>
  draftedOn(server, objects, more);

test('should declare nodes, network and storage of a platform like the reference', async () => {
  const { file } = await drafted(REFERENCE);
  const { topology, gpu, cluster } = file;
  const { controlPlane, network, storage } = topology;
  assert.ok('pin' in cluster && gpu && controlPlane && network && storage);
  assert.equal(cluster.pin.kubeSystemUid, UID);
  assert.deepEqual([controlPlane.nodes, controlPlane.etcdMembers], [3, 3]);
  assert.deepEqual(
    topology.pools.map(({ name, count, labels, taints }) => [name, count.min, labels, taints]),
    [
      ['general', 3, { 'example.com/pool': 'general' }, []],
      ['gpu', 1, { 'example.com/pool': 'gpu' }, [{ key: 'nvidia.com/gpu', effect: 'NoSchedule' }]],
    ],
  );
  assert.deepEqual(network.cni, {
    name: 'calico',
    daemonSet: { namespace: 'kube-system', name: 'calico-node' },
  });
  assert.deepEqual([storage.className, storage.kinds], ['fast', ['csi']]);
  assert.deepEqual([gpu.resource, gpu.pool, gpu.devicesPerNode], ['nvidia.com/gpu', 'gpu', 2]);
  assert.deepEqual(gpu.plugin, { namespace: 'kube-system', name: 'nvidia-device-plugin' });
});

test('should declare its workloads, and permit nothing', async () => {
  const { file, text } = await drafted(REFERENCE);
  const { topology, namespaces } = file;
  assert.deepEqual(topology.registry, { prefixes: ['registry.example.com/shop/'], pinned: 'digest' });
  assert.deepEqual(topology.closed.namespaces, ['edge', 'monitoring', 'shop']);
  assert.deepEqual(
    topology.closed.ignore.map(({ kind, name }) => `${kind} ${name}`),
    ['Job backup-*', 'Job migrate'],
  );
  assert.deepEqual([namespaces.platform, namespaces.edge], ['shop', 'edge']);
  const of = (name: string): string => {
    const found = topology.workloads.find((one) => one.name === name);
    assert.ok(found);
    const { replicas, serves, gpu = 0, store = '-' } = found;
    return `${replicas.min} to ${replicas.max}, ${serves ? 'serves' : '-'}, gpu ${gpu}, ${store}`;
  };
  assert.equal(of('api'), '2 to 10, serves, gpu 0, -');
  assert.equal(of('worker'), '2 to 2, -, gpu 1, -');
  assert.equal(of('postgres'), '3 to 3, serves, gpu 0, postgres');
  assert.match(text, /name: worker.* # no disruption budget$/m);
  assert.deepEqual(Object.keys(file.stores), []);
  assert.deepEqual(Object.keys(file.profiles), ['smoke', 'nightly']);
  assert.deepEqual(file.permits, []);
});

test('should draft sections of its stores that are valid when they are no comments any more', async () => {
  const { completed } = await drafted(REFERENCE);
  const { postgres, redis, rabbitmq, elasticsearch, neo4j } = completed.stores;
  assert.ok(postgres && redis && rabbitmq && elasticsearch && neo4j);
  assert.deepEqual(postgres.statefulSet, { namespace: 'shop', name: 'postgres' });
  assert.deepEqual([postgres.container, postgres.members], ['server', 3]);
  assert.deepEqual(postgres.primary, { host: 'postgres-primary.shop.svc', port: 5432 });
  assert.deepEqual(postgres.services, { primary: 'postgres-primary', replica: 'postgres-replica' });
  assert.deepEqual(postgres.patroni, { port: 8008, scope: 'orders' });
  assert.deepEqual(redis.statefulSet?.name, 'redis');
  assert.deepEqual(redis.primary, { host: 'watchers.shop.svc', port: 26379 });
  assert.deepEqual(
    redis.sentinel?.addresses,
    [0, 1, 2].map((at) => ({ host: `watchers-${at}.shop.svc`, port: 26379 })),
  );
  assert.deepEqual(redis.peers, { labels: { 'app.kubernetes.io/name': 'watchers' } });
  assert.deepEqual([rabbitmq.primary.port, rabbitmq.management.port], [5672, 15672]);
  assert.deepEqual(elasticsearch.statefulSet, { namespace: 'shop', name: 'elasticsearch' });
  assert.deepEqual([neo4j.members, neo4j.enterprise], [1, undefined]);
});

/** One like the reference platform, with other products for its telemetry. */
function withTelemetry(...workloads: [at: string, image: string, port: number][]): Stood[] {
  const others = REFERENCE.filter(
    ({ metadata }) => !['jaeger', 'logstore'].some((name) => metadata.name.startsWith(name)),
  );
  const added = workloads.flatMap(([at, image, http]) => [
    ...workload({ kind: 'StatefulSet', at, image: `registry.example.com/${image}`, ports: { http } }),
    service(at, { http }, { 'app.kubernetes.io/name': at.split('/')[1] ?? '' }),
  ]);
  return [...others, ...added];
}

test('should propose OpenSearch and Zipkin, and name what nothing asks', async () => {
  const { completed, text } = await drafted(
    withTelemetry(
      ['monitoring/opensearch', 'opensearchproject/opensearch:3.2.0', 9200],
      ['monitoring/zipkin', 'openzipkin/zipkin-slim:3.6.1', 9411],
      ['monitoring/graylog', 'graylog/graylog:7.0', 9000],
    ),
  );
  const { logs, traces } = completed.telemetry ?? assert.fail('no telemetry');
  assert.deepEqual([logs?.kind, logs?.url], ['opensearch', 'http://opensearch.monitoring.svc:9200']);
  assert.deepEqual([traces?.kind, traces?.url], ['zipkin', 'http://zipkin.monitoring.svc:9411']);
  assert.match(text, /Graylog \(monitoring\) is there: nothing asks it yet/);
});

test('should propose what is asked beside the API server, and declare none of it', async () => {
  const { file, completed, text } = await drafted(REFERENCE);
  assert.deepEqual([file.prometheus, file.telemetry, file.topology.edge], [undefined, undefined, undefined]);
  const { prometheus, telemetry, topology } = completed;
  assert.ok(prometheus && telemetry && topology.edge);
  const { logs, traces, alerts, dashboards } = telemetry;
  assert.ok(logs && traces && alerts && dashboards);
  assert.equal(prometheus.url, 'http://prometheus.monitoring.svc:9090');
  assert.match(
    text,
    /# Where the cluster's names are not known and its Services are routed: address: 10\.96\.0\.10:9090\n/,
  );
  assert.equal(logs.url, 'http://logstore.monitoring.svc:9200');
  assert.deepEqual(logs.shipper, { daemonSet: { namespace: 'monitoring', name: 'filebeat' } });
  assert.deepEqual([traces.kind, traces.url], ['jaeger2', 'http://jaeger.monitoring.svc:16686']);
  assert.equal(alerts.url, 'http://alertmanager.monitoring.svc:9093');
  assert.equal(dashboards.url, 'http://grafana.monitoring.svc:80');
  assert.equal(topology.edge.url, 'https://shop.example.com');
  assert.deepEqual(topology.edge.backend?.deployment, { namespace: 'shop', name: 'api' });
  assert.deepEqual(
    completed.objectives.map(({ name, template }) => `${name}: ${template ?? '-'}`),
    ['api-requests: traefik', 'api-latency: traefik'],
  );
  assert.deepEqual(
    topology.certificates.map(({ name, serverName }) => [name, serverName]),
    [
      ['API server', 'api.example.com'],
      ['shop.example.com', undefined],
    ],
  );
});

test('should recognise stores of operators and charts, and neither poolers nor operators', async () => {
  const { file, completed, text } = await drafted(OPERATORS);
  const { postgres, redis, rabbitmq, elasticsearch } = completed.stores;
  assert.ok(postgres && redis && rabbitmq && elasticsearch);
  assert.deepEqual(postgres.pods, {
    namespace: 'databases',
    labels: { 'cnpg.io/cluster': 'orders', 'cnpg.io/podRole': 'instance' },
  });
  assert.deepEqual(postgres.services, { primary: 'orders-rw', replica: 'orders-ro' });
  assert.ok(postgres.tls);
  assert.match(text, /another PostgreSQL is there, StatefulSet databases\/billing-postgresql with 2/);
  assert.doesNotMatch(text, /PostgreSQL is there, Deployment/);
  assert.deepEqual(elasticsearch.statefulSets?.sets, [
    { name: 'orders-es-data', members: 3 },
    { name: 'orders-es-masters', members: 3 },
  ]);
  assert.equal(elasticsearch.primary.host, 'orders-es-http.search.svc');
  assert.ok(elasticsearch.tls);
  assert.deepEqual([rabbitmq.primary.port, rabbitmq.management.port], [5671, 15671]);
  assert.equal(rabbitmq.primary.host, 'orders.messaging.svc');
  assert.deepEqual(redis.primary, { host: 'orders-redis.caches.svc', port: 26379 });
  assert.ok(redis.sentinel && redis.tls);
  assert.equal(redis.storageClass, 'slow');
  assert.deepEqual(file.topology.closed.ignore, [
    { kind: 'Cluster', name: 'orders', reason: 'its Cluster was there' },
  ]);
  assert.deepEqual(
    file.topology.pools.map(({ name, count }) => [name, count.min, count.max]),
    [['workers', 0, 5000]],
  );
  assert.match(text, /No node of a control plane is among them/);
  // Whether this plugin enforces NetworkPolicy cannot be seen.
  assert.deepEqual([file.topology.network, completed.topology.network?.cni.name], [undefined, 'amazon-vpc']);
});

test('should draft a valid file of a cluster with nothing in it', async () => {
  const { file, text } = await drafted(BARE);
  assert.deepEqual(file.topology.workloads, []);
  assert.deepEqual(file.topology.pools, []);
  assert.deepEqual(file.topology.controlPlane?.nodes, 1);
  assert.match(text, /TODO no label tells the pool of 1 nodes \(worker\)/);
  assert.match(
    text,
    /TODO no network plugin was recognised by its image or name: no DaemonSet was seen that may be it\n.*# A plugin of files on the nodes alone/,
  );
  assert.match(text, /TODO no claim of a class of storage was seen/);
});

test('should name what may be a network plugin that it does not know', async () => {
  const unknown = (at: string): readonly Stood[] =>
    workload({ kind: 'DaemonSet', at, image: 'registry.example.com/own/net:1', replicas: 2 });
  const { text } = await drafted([
    ...BARE,
    namespace('agents'),
    ...['agents/collector', 'kube-system/kube-proxy', 'kube-system/own-net'].flatMap(unknown),
  ]);
  assert.match(text, /by its image or name: one of kube-system\/own-net, agents\/collector may be it/);
});

test('should take only the namespaces that were named, and refuse one that is not there', async () => {
  const { file } = await drafted(REFERENCE, { namespaces: ['edge'] });
  assert.deepEqual(
    file.topology.workloads.map(({ name }) => name),
    ['traefik'],
  );
  await assert.rejects(
    drafted(REFERENCE, { namespaces: ['edgy'] }),
    /no namespace edgy; it has: default, edge, /,
  );
});

test('should read 1,000 nodes and 10,000 pods in at most 60 calls, each a list or a get, and no Secret', async () => {
  const objects = large();
  assert.equal(objects.filter(({ kind }) => kind === 'Pod').length, 10_000);
  const started = performance.now();
  const { file } = await drafted(objects);
  assert.ok(performance.now() - started < 60_000);
  assert.equal(file.topology.workloads.length, 500);
  assert.equal(file.topology.pools.length, 2);
  assert.ok(server.asked.length <= 60, `${server.asked.length} calls`);
  assert.ok(server.asked.every((one) => one.startsWith('GET ') && !/secrets|configmaps|log/.test(one)));
});

test('should count its calls, one of them for what is not installed, and drop environment variables', async () => {
  const listing = await listed(REFERENCE);
  assert.equal(listing.calls, server.asked.length);
  assert.equal(listing.calls, LISTED.length + 4); // and CronJobs, the pin, the version, and which groups there are
  assert.doesNotMatch(JSON.stringify(listing.objects), /in-plain-text/);
});

/** Rules of a documented role. */
function rulesOf(file: string, role: string): Rule[] {
  const documents = parseAllDocuments(readFileSync(path.join(CHECKOUT, 'deploy', file), 'utf8'));
  const found = documents
    .map((one) => one.toJS() as { kind: string; metadata: { name: string }; rules?: Rule[] })
    .find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === role);
  return found?.rules ?? assert.fail(`no ${role} in deploy/${file}`);
}

function mayList(rules: readonly Rule[], kind: ListedKind): boolean {
  const { apiVersion, plural } = kindOf(kind);
  const group = apiVersion.includes('/') ? apiVersion.split('/')[0] : '';
  return rules.some(
    ({ apiGroups = [], resources = [], verbs }) =>
      apiGroups.includes(group ?? '') && resources.includes(plural) && verbs.includes('list'),
  );
}

test('should list only what the documented roles may list, and have them list nothing else', () => {
  const read = rulesOf('rbac.yaml', 'plumbline-read');
  assert.deepEqual(
    LISTED.filter((kind) => !mayList(read, kind)),
    [],
  );
  const further = [rulesOf('rbac.yaml', 'plumbline-operators'), rulesOf('init.yaml', 'plumbline-init')];
  assert.deepEqual(
    FURTHER.map((kind) => further.filter((rules) => mayList(rules, kind)).length),
    FURTHER.map(() => 1),
  );
  const own = rulesOf('init.yaml', 'plumbline-init');
  const granted = own.flatMap(({ resources = [] }) => resources);
  assert.deepEqual(
    granted.sort(),
    FURTHER.filter((kind) => mayList(own, kind))
      .map((kind) => kindOf(kind).plural)
      .sort(),
  );
  assert.deepEqual(new Set(own.flatMap(({ verbs }) => verbs)), new Set(['list']));
});

/** Takes the first `#` away from the lines of a block, as its reader does, and from `store:` of workloads. */
function uncommented(text: string, block: string): string {
  const lines = text.split('\n');
  const from = lines.indexOf(`# ${block}:`);
  assert.ok(from > 0, block);
  const to = lines.indexOf('', from);
  return lines
    .map((line, at) =>
      at >= from && at < to ? line.replace(/^# ?/, '') : line.replace(/^( +)# store:/, '$1store:'),
    )
    .join('\n');
}

test('should have the stores when somebody takes the # away before their lines', async () => {
  for (const objects of [REFERENCE, OPERATORS]) {
    const { text, completed } = await drafted(objects);
    assert.deepEqual(parsed(uncommented(text, 'stores')).stores, completed.stores);
  }
});

test('should not say of nodes that could not be listed that there are none', async () => {
  server.forbidden.add('v1/Node');
  try {
    const { text, found } = await drafted(REFERENCE);
    assert.match(text, /# Nodes were not seen: pools and controlPlane are left out\./);
    assert.doesNotMatch(text, /No node of a control plane/);
    assert.match(found[0] ?? '', /^nodes not seen, \d+ workloads in /);
  } finally {
    server.forbidden.clear();
  }
});

test('should say what could not be listed, and draft the rest', async () => {
  server.forbidden.add('v1/PersistentVolume');
  try {
    const { file, text } = await drafted(REFERENCE);
    assert.match(text, /TODO NOT SEEN: v1\/PersistentVolume: forbidden: /);
    assert.equal(file.topology.storage, undefined);
    assert.equal(file.topology.workloads.length, 15);
  } finally {
    server.forbidden.clear();
  }
});
