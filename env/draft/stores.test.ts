/**
 * What a draft says of the members of stores, and of the workloads that hold their data. TODO, where it stands here, is what a draft says to its user
 * (probes/drafting.ts).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { OPERATORS } from './_testing/clusters.ts';
import { draftedOn } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { namespace, service, workload } from './_testing/objects.ts';
import type { Shape } from './_testing/objects.ts';

const server = await ListingApiServer.forTests();

const drafted = (objects: readonly Stood[]): Promise<Drafted> => draftedOn(server, objects);

test('should leave a workload without its store where only the servers know where its data is', async () => {
  const { file, text } = await drafted(OPERATORS);
  const of = (name: string) => file.topology.workloads.find((one) => one.name === name);
  assert.equal(of('orders-es-data')?.store, 'elasticsearch');
  assert.equal(of('billing-postgresql')?.store, undefined);
  assert.match(
    text,
    /until then it is not known where its data is \(nothing is mounted at \/var\/lib\/postgresql\)\n +# store: postgres/,
  );
  assert.equal(of('orders-redis-node')?.store, undefined);
  assert.match(text, /until then its volumes are of class slow/);
});

/** A node set of ECK, as `orders` of OPERATORS has two. */
function nodeSet(name: string, replicas: number): Stood[] {
  return workload({
    kind: 'StatefulSet',
    at: `search/orders-es-${name}`,
    replicas,
    container: 'elasticsearch',
    image: 'docker.elastic.co/elasticsearch/elasticsearch:9.1.0',
    ports: { https: 9200 },
    data: { 'elasticsearch-data': '/usr/share/elasticsearch/data' },
    labels: { 'elasticsearch.k8s.elastic.co/cluster-name': 'orders' },
    owner: { kind: 'Elasticsearch', name: 'orders' },
  });
}

test('should leave sets that are scaled to 0 out of the members of their store', async () => {
  const membersOf = async (objects: readonly Stood[]) => {
    const { completed } = await drafted(objects);
    const { members, statefulSet, statefulSets } = completed.stores.elasticsearch ?? assert.fail();
    const stored = completed.topology.workloads.filter(({ store }) => store === 'elasticsearch');
    return [members, statefulSet?.name ?? statefulSets?.sets, stored.map(({ name }) => name)];
  };
  const both = ['orders-es-data', 'orders-es-masters'];
  assert.deepEqual(await membersOf([...OPERATORS, ...nodeSet('cold', 0)]), [
    6,
    both.map((name) => ({ name, members: 3 })),
    both,
  ]);
  const one = [namespace('search'), ...nodeSet('cold', 0), ...nodeSet('hot', 3)];
  assert.deepEqual(await membersOf(one), [3, 'orders-es-hot', ['orders-es-hot']]);
  const none = [namespace('search'), ...nodeSet('cold', 0), ...nodeSet('hot', 0)];
  assert.deepEqual(await membersOf(none), [1, 'orders-es-cold', ['orders-es-cold', 'orders-es-hot']]);
  assert.match(
    (await drafted(none)).text,
    /until then it has no claims: it is scaled to 0\n +# store: elastic/,
  );
});

/** A StatefulSet of a store, each in the namespace `shop`. */
const set = (name: string, of: Omit<Shape, 'kind' | 'at'>): Stood[] =>
  workload({ kind: 'StatefulSet', at: `shop/${name}`, ...of });

const SHOP = ['kube-system', 'shop'].map(namespace);
const NAME = 'app.kubernetes.io/name';
const INSTANCE = 'app.kubernetes.io/instance';

test('should tell two clusters of StackGres apart by the label of its operator', async () => {
  const cluster = (name: string, replicas: number): Stood[] =>
    set(name, {
      image: 'quay.io/ongres/patroni:v4.0.4-pg17',
      replicas,
      labels: { app: 'StackGresCluster', 'stackgres.io/cluster-name': name },
    });
  const { completed, text } = await drafted([...SHOP, ...cluster('billing', 2), ...cluster('orders', 3)]);
  assert.deepEqual(completed.stores.postgres?.statefulSet, { namespace: 'shop', name: 'orders' });
  assert.match(text, /another PostgreSQL is there, StatefulSet shop\/billing with 2:/);
});

test('should tell two stores of one release apart by their names, and not the roles of one', async () => {
  const redis = (name: string, component: string, replicas: number): Stood[] =>
    set(`shop-${name}-${component}`, {
      image: 'docker.io/bitnami/redis:7.4',
      replicas,
      ports: { redis: 6379 },
      labels: { [INSTANCE]: 'shop', [NAME]: name, 'app.kubernetes.io/component': component },
    });
  const { completed, text } = await drafted([
    ...SHOP,
    ...[redis('redis-cache', 'master', 1), redis('redis-cache', 'replica', 2)].flat(),
    ...redis('redis-queue', 'master', 1),
  ]);
  assert.deepEqual(completed.stores.redis?.statefulSets?.sets, [
    { name: 'shop-redis-cache-master', members: 1 },
    { name: 'shop-redis-cache-replica', members: 2 },
  ]);
  assert.match(text, /another Redis is there, StatefulSet shop\/shop-redis-queue-master with 1:/);
});

test('should tell two releases apart of a chart whose label `app` is the same in each', async () => {
  const release = (name: string, replicas: number): Stood[] =>
    set(`${name}-redis-ha-server`, {
      image: 'redis:7.4',
      replicas,
      ports: { redis: 6379 },
      labels: { app: 'redis-ha', release: name },
    });
  const { found } = await drafted([...SHOP, ...release('orders', 3), ...release('quotes', 3)]);
  assert.equal(found[1], 'stores: Redis (shop), Redis (shop)');
});

test('should know the database of the operator of Percona, whose image has the name of the operator', async () => {
  const image = (tag: string): string => `percona/percona-postgresql-operator:2.4.1${tag}`;
  const crunchy = (of: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries({ cluster: 'orders', ...of }).map(([key, value]) => [
        `postgres-operator.crunchydata.com/${key}`,
        value,
      ]),
    );
  const member = (instance: string): Stood[] =>
    set(instance, {
      image: image('-ppg16.3-postgres'),
      container: 'database',
      ports: { postgres: 5432 },
      beside: { pgbackrest: image('-ppg16.3-pgbackrest2.51-1') },
      labels: crunchy({ data: 'postgres', instance }),
    });
  const deployment = (name: string, of: Omit<Shape, 'kind' | 'at'>): Stood[] =>
    workload({ kind: 'Deployment', at: `shop/${name}`, ...of });
  const { completed, found } = await drafted([
    ...SHOP,
    ...['orders-instance1-abcd', 'orders-instance1-efgh'].flatMap(member),
    ...set('orders-repo-host', {
      image: image('-ppg16.3-pgbackrest2.51-1'),
      labels: crunchy({ data: 'pgbackrest' }),
    }),
    ...deployment('orders-pgbouncer', {
      image: image('-ppg16.3-pgbouncer1.22.1'),
      labels: crunchy({ role: 'pgbouncer' }),
    }),
    ...deployment('percona-postgresql-operator', { image: image('') }),
  ]);
  assert.equal(found[1], 'stores: PostgreSQL (shop)');
  const { members, container, pods } = completed.stores.postgres ?? assert.fail();
  assert.deepEqual([members, container], [2, 'database']);
  assert.deepEqual(pods, { namespace: 'shop', labels: crunchy({ data: 'postgres' }) });
});

/** Redis servers, and Sentinels with their Service, as Spotahome's operator names them. */
function servers(name: string, replicas: number): Stood[] {
  const labels = { [NAME]: name, 'app.kubernetes.io/component': 'redis' };
  return set(`rfr-${name}`, { image: 'redis:7.4', replicas, ports: { redis: 6379 }, labels });
}

function sentinels(name: string): Stood[] {
  const labels = { [NAME]: name, 'app.kubernetes.io/component': 'sentinel' };
  const [at, ports] = [`shop/rfs-${name}`, { sentinel: 26_379 }];
  return [
    ...workload({ kind: 'Deployment', at, image: 'redis:7.4', replicas: 3, ports, labels }),
    service(at, ports, labels),
  ];
}

test('should give a Redis the Sentinels of its own group, and none of another', async () => {
  const api = [...servers('api', 3), ...sentinels('api')];
  const both = await drafted([...SHOP, ...api, ...servers('orders', 5), ...sentinels('orders')]);
  const { primary, sentinel } = both.completed.stores.redis ?? assert.fail();
  const own = { host: 'rfs-orders.shop.svc', port: 26_379 };
  assert.deepEqual([primary, sentinel?.addresses], [own, [own]]);
  assert.doesNotMatch(both.text, /which of these Sentinels/);
  const plain = await drafted([...SHOP, ...api, ...servers('orders', 5)]);
  assert.equal(plain.completed.stores.redis?.sentinel, undefined);
});

test('should ask which Sentinels watch a Redis where there are several, none of them of its group', async () => {
  const ofOthers = await drafted([...SHOP, ...servers('orders', 3), ...sentinels('a'), ...sentinels('b')]);
  const asked = 'TODO which of these Sentinels watch it: Deployment rfs-a, Deployment rfs-b\\?';
  for (const key of ['primary', 'addresses', 'peers'])
    assert.match(ofOthers.text, new RegExp(`${key}: .* # ${asked}\n`));
  const one = await drafted([...SHOP, ...servers('orders', 3), ...sentinels('a')]);
  assert.deepEqual(one.completed.stores.redis?.primary, { host: 'rfs-a.shop.svc', port: 26_379 });
  assert.doesNotMatch(one.text, /which of these Sentinels/);
});
