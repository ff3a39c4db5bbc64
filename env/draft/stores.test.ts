/** What a draft says of the members of stores, and of the workloads that hold their data. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { OPERATORS } from './_testing/clusters.ts';
import { draftedOn } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { namespace, workload } from './_testing/objects.ts';

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
    ...{ kind: 'StatefulSet', at: `search/orders-es-${name}`, replicas, container: 'elasticsearch' },
    image: 'docker.elastic.co/elasticsearch/elasticsearch:9.1.0',
    ...{ ports: { https: 9200 }, data: { 'elasticsearch-data': '/usr/share/elasticsearch/data' } },
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
