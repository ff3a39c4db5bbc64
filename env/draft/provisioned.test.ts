/**
 * The platforms that Plumbline provisions itself, drafted as those of a stranger, and held against what their own files declare. TODO, where it stands
 * here, is what a draft says to its user (probes/drafting.ts).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberSets } from '../../reports/record/store-pods.ts';
import type { InstanceName } from '../local/nodes/addressing.ts';
import { loadEnvironment } from '../loader.ts';
import { STORES } from '../schema.ts';
import type { PartName, Stores } from '../schema.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import { draftedOn } from './_testing/drafted.ts';
import type { Drafted } from './_testing/drafted.ts';
import { clusterOf } from './_testing/provisioned.ts';

const server = await ListingApiServer.forTests();

const drafted = (instance: InstanceName, ...parts: PartName[]): Promise<Drafted> =>
  draftedOn(server, clusterOf(instance, ...parts));

/** Who the members are, in which container, and what manages them. */
function membersIn(stores: Stores): Record<string, unknown> {
  return Object.fromEntries(
    STORES.map((name) => {
      const declared = stores[name];
      assert.ok(declared, name);
      const sets = memberSets(declared).map((set) => `${set.namespace}/${set.name}: ${set.members}`);
      const managers = ['patroni', 'repmgr', 'sentinel', 'cluster', 'enterprise'].filter(
        (key) => key in declared,
      );
      return [name, { sets: sets.sort(), container: declared.container, managers, tls: 'tls' in declared }];
    }),
  );
}

for (const [instance, file] of [
  ['local', 'local'],
  ['rehearsal', 'rehearsal'],
] as const)
  test(`should recognise every store of ${file} as its own file declares it`, async () => {
    const { stores } = await loadEnvironment(file);
    assert.deepEqual(membersIn((await drafted(instance)).completed.stores), membersIn(stores));
  });

test('should not take a Service of one member, or of all, for the address of the primary', async () => {
  const without = clusterOf('rehearsal').filter(({ metadata }) => !metadata.name.startsWith('pg-pooler'));
  const { completed, text } = await draftedOn(server, without);
  assert.equal(completed.stores.postgres?.services, undefined);
  assert.match(
    text,
    /primary: .* # TODO no Service of all members was recognised: kubectl get services -n databases/,
  );
});

test('should take the only pooler before a store for what its clients write through', async () => {
  const { completed } = await drafted('rehearsal');
  assert.deepEqual(completed.stores.postgres?.primary, { host: 'pg-pooler.databases.svc', port: 6432 });
  assert.equal(completed.stores.postgres.services, undefined);
});

test('should name the ConfigMap of an authority, which nobody then has to fetch, where a store mounts one', async () => {
  const { completed } = await drafted('rehearsal');
  const configMap = { namespace: 'databases', name: 'pg-authority', key: 'ca.crt' };
  assert.deepEqual(completed.stores.postgres?.tls, { ca: { configMap } });
  assert.deepEqual(completed.stores.redis?.tls, { ca: { file: '/path/to/kv-ca.crt' } });
});

test('should find the edge of the rehearsal: a proxy of any use, its Service, and what answers behind it', async () => {
  const own = await loadEnvironment('rehearsal');
  const { file, completed, text } = await drafted('rehearsal');
  assert.deepEqual([file.namespaces.platform, file.namespaces.edge], ['bids', 'bids']);
  assert.match(text, /platform: bids # where Deployment bids\/\S+ is, which answers behind the edge\n/);
  const { edge } = completed.topology;
  assert.ok(edge && own.topology.edge);
  assert.equal(edge.url, 'https://bid-gateway.bids.svc.cluster.local');
  assert.equal(edge.address, own.topology.edge.address);
  assert.deepEqual(edge.backend?.deployment, own.topology.edge.backend?.deployment);
  assert.deepEqual(edge.trust, { file: '/path/to/bid-gateway-ca.crt' });
  assert.match(
    text,
    /TODO the certificate of the authority: kubectl get secret -n bids gateway-tls .*\n.* kubectl get configmaps -n bids\n/,
  );
  assert.match(
    text,
    /openssl s_client -connect 198\.18\.128\.81:443 -servername bid-gateway\.bids\.svc\.cluster\.local -showcerts </,
  );
  assert.deepEqual(new Set(completed.objectives.map(({ status }) => status)), new Set(['assumed']));
  assert.match(text, /target: 0\.999 # TODO a guess; .*\n# +status: assumed # `confirmed`, /);
  assert.equal(completed.application?.requests.look.method, 'GET');
  assert.deepEqual(
    completed.objectives.map(({ name, template }) => `${name}: ${template ?? '-'}`),
    ['bid-desk-requests: micrometer', 'bid-desk-latency: micrometer'],
  );
});

test('should find no edge in the rehearsal where its gateway is not there', async () => {
  const without = clusterOf('rehearsal').filter(({ metadata }) => !metadata.name.startsWith('bid-gateway'));
  const { completed, file, text } = await draftedOn(server, without);
  assert.equal(completed.topology.edge, undefined);
  assert.deepEqual([file.namespaces.platform, file.namespaces.edge], ['databases', 'databases']);
  assert.match(
    text,
    /platform: databases # no application was found .*: this has the most stores \(1, as \d others\)\n/,
  );
});

/** All that carry the word, also those that only speak of it. */
function markedIn(text: string): string[] {
  return text.split('\n').filter((line) => line.includes('TODO'));
}

test('should leave at most 25 lines of the rehearsal to its user, and load', async () => {
  const { text, open, file, completed } = await drafted('rehearsal', 'telemetry');
  const marked = markedIn(text);
  assert.ok(marked.length <= 25, marked.join('\n'));
  assert.ok(open > 10 && open <= marked.length);
  // What they are about is there: five stores, the edge and what is asked at it.
  assert.deepEqual(Object.keys(completed.stores).sort(), [...STORES].sort());
  assert.ok(completed.topology.edge !== undefined && completed.application !== undefined);
  const { traces, logs } = completed.telemetry ?? assert.fail('no telemetry');
  assert.equal(traces?.kind, 'zipkin');
  assert.match(
    text,
    /url: http:\/\/spans\.watch\.svc:9411 # where that name is not known, address: 198\.18\.128\.87:9411\n/,
  );
  assert.deepEqual([logs?.kind, logs?.url], ['elasticsearch', 'http://archive.watch.svc:9200']);
  assert.deepEqual(logs?.shipper, { daemonSet: { namespace: 'shipping', name: 'lines' } });
  assert.doesNotMatch(text, /another Elasticsearch is there|shipping\/lines may be it|apiAddress/);
  assert.deepEqual(
    file.topology.pools.map(({ name, count }) => `${name}: ${count.min}`),
    ['accelerated: 2', 'burst: 2', 'general: 1'],
  );
  assert.deepEqual(file.topology.storage?.className, 'fast-local');
});
