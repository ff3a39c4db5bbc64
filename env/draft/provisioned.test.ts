/**
 * The platforms that Plumbline provisions itself, drafted as those of a stranger, and held against what their own files declare. TODO, where it stands
 * here, is what a draft says to its user (probes/drafting.ts).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memberSets } from '../../reports/record/facts/store-pods.ts';
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

test('should leave at most 35 lines of the rehearsal to its user, and say where its telemetry is', async () => {
  const { text, open, file, found } = await drafted('rehearsal', 'telemetry');
  const marked = text.split('\n').filter((line) => line.includes('# TODO'));
  assert.ok(marked.length <= 35, marked.join('\n'));
  assert.equal(open, marked.length);
  assert.match(
    text,
    /primary: .* # TODO no Service of all members was recognised: kubectl get services -n databases/,
  );
  assert.match(text, /# Found: Zipkin, Deployment watch\/spans, http:\/\/spans\.watch\.svc:9411\n/);
  assert.match(text, /shipper: \{ daemonSet: \{ namespace: shipping, name: lines \} \}/);
  assert.deepEqual(
    file.topology.pools.map(({ name, count }) => `${name}: ${count.min}`),
    ['accelerated: 2', 'burst: 2', 'general: 1'],
  );
  assert.deepEqual(file.topology.storage?.className, 'fast-local');
  assert.match(found[3] ?? '', /Prometheus/);
});
