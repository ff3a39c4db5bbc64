/** The platforms that Plumbline provisions itself, drafted as those of a stranger, and held against what their own files declare. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { memberSets } from '../../reports/record/store-pods.ts';
import { contextWith, imageSet } from '../local/platform/_testing/platform.ts';
import { platformObjects } from '../local/platform/index.ts';
import type { InstanceName } from '../local/nodes/addressing.ts';
import { loadEnvironment, parseEnvironment } from '../loader.ts';
import { STORES } from '../schema.ts';
import type { Stores } from '../schema.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { node, withPods } from './_testing/objects.ts';
import { draftFile, listCluster } from './index.ts';

let server: ListingApiServer;
before(async () => {
  server = await ListingApiServer.start();
});
after(() => {
  server.stop();
});

/** A draft in which everything that is commented out is data. */
async function completed(instance: InstanceName): Promise<{ file: string; stores: Stores }> {
  const words: string[] = [...STORES];
  const objects = platformObjects(
    contextWith(words, instance, imageSet(instance, words)),
  ) as unknown as Stood[];
  const own = objects.filter(({ kind }) => kind !== 'Node');
  server.objects = [...withPods(own), node('worker', { 'plumbline.dev/pool': 'general' })];
  const listing = await listCluster({ kubeconfig: server.kubeconfig, signal: new AbortController().signal });
  const { whole } = draftFile(listing, {
    ...{
      name: 'drafted',
      kubeconfig: server.kubeconfig,
      namespaces: [],
      command: 'plumbline init',
      schema: 's',
    },
    kind: 'staging',
  });
  return { file: whole, stores: parseEnvironment(whole, 'env/drafted.yaml').data.stores };
}

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
    assert.deepEqual(membersIn((await completed(instance)).stores), membersIn(stores));
  });

test('should not take a Service of one member, or of all, for the address of the primary', async () => {
  const { file, stores } = await completed('rehearsal');
  assert.equal(stores.postgres?.services, undefined);
  assert.match(
    file,
    /primary: .* # TODO no Service of all members was recognised: kubectl get services -n databases/,
  );
});
