import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import { TestApi } from '../safety/_testing/api.ts';
import { situationOf } from './_testing/situation.ts';
import type { Item } from './item.ts';
import { ownObjects } from './own-objects.ts';

const staging = await loadEnvironment('staging');
const local = await loadEnvironment('local-small');
const CORE = '/api/v1/namespaces';
const UNDO = `${CORE}/plumbline-system/serviceaccounts/plumbline-undo`;
const SWITCH = `${CORE}/plumbline-system/configmaps/plumbline-stop`;

/** What deploy/rbac.yaml makes. */
function applied(level = 'privileged'): TestApi {
  const api = new TestApi();
  for (const name of ['plumbline-system', 'plumbline-canary']) api.put(`${CORE}/${name}`, {});
  const labels = { 'pod-security.kubernetes.io/enforce': level };
  api.put(`${CORE}/plumbline-drill`, { metadata: { labels } });
  api.put(`${CORE}/plumbline-system/configmaps/plumbline-journal`, {});
  const annotations = { 'plumbline.dev/undoes-in': 'plumbline-canary, plumbline-drill' };
  api.put(UNDO, { metadata: { annotations } });
  api.put('/apis/coordination.k8s.io/v1/namespaces/plumbline-system/leases/plumbline', {});
  return api;
}

const wrong = (items: readonly Item[]): string[] =>
  items.filter(({ state }) => state !== 'ok').map(({ what, state }) => `${state}: ${what}`);

test('should find all that deploy/rbac.yaml makes, and name each that is not there', async () => {
  assert.deepEqual(wrong(await ownObjects.look(situationOf(staging, applied().call))), []);
  const paths = [...applied().objects.keys()];
  assert.equal(paths.length, 6);
  for (const path of paths) {
    const api = applied();
    api.objects.delete(path);
    const [found, ...more] = wrong(await ownObjects.look(situationOf(staging, api.call)));
    assert.match(found ?? '', new RegExp(`^missing: .*${path.split('/').at(-1)}`));
    assert.deepEqual(more, []);
  }
});

test('should not take an account of the undo Job that nobody gave rights for enough', async () => {
  const api = applied();
  api.put(UNDO, {});
  const [item] = (await ownObjects.look(situationOf(staging, api.call))).filter(
    ({ state }) => state !== 'ok',
  );
  assert.equal(item?.state, 'missing');
  assert.match(item.detail, /it has no annotation plumbline\.dev\/undoes-in/);
});

test('should name the namespaces in which the Job may not undo what planned checks make', async () => {
  const undoing = async (namespaces: string, selection = {}): Promise<Item | undefined> => {
    const api = applied();
    api.put(UNDO, { metadata: { annotations: { 'plumbline.dev/undoes-in': namespaces } } });
    const items = await ownObjects.look(situationOf(staging, api.call, selection));
    return items.find(({ what }) => what.startsWith('ServiceAccount'));
  };
  const lacking = await undoing('plumbline-canary');
  assert.equal(lacking?.state, 'missing');
  assert.match(lacking.detail, /permit it to undo in plumbline-canary .*, not in plumbline-drill$/);
  assert.equal((await undoing('plumbline-canary plumbline-drill'))?.state, 'ok');
});

test('should not need an account of the undo Job where no planned check makes anything that it would undo', async () => {
  const api = applied();
  api.objects.delete(UNDO);
  const { undoImage: _, ...drills } = staging.drills;
  const read = situationOf({ ...staging, drills }, api.call, { checks: ['topology/nodes/pools'] });
  const items = await ownObjects.look(read);
  const item = items.find(({ what }) => what.startsWith('ServiceAccount'));
  assert.equal(item?.state, 'not needed');
  assert.deepEqual(
    items.filter(({ state }) => state === 'missing'),
    [],
  );
});

test('should not need namespaces in which no planned check makes anything', async () => {
  const api = applied();
  for (const name of ['plumbline-canary', 'plumbline-drill']) api.objects.delete(`${CORE}/${name}`);
  const read = { checks: ['topology/nodes/pools'] };
  assert.deepEqual(wrong(await ownObjects.look(situationOf(staging, api.call, read))), [
    'not needed: namespace plumbline-canary (canaries)',
    'not needed: namespace plumbline-drill (privileged pods of drills)',
    'not needed: ServiceAccount plumbline-system/plumbline-undo',
  ]);
});

test('should say that privileged pods are refused, or that nobody knows', async () => {
  const [refused] = wrong(await ownObjects.look(situationOf(staging, applied('baseline').call)));
  assert.match(refused ?? '', /^missing: namespace plumbline-drill/);
  const unlabelled = applied();
  unlabelled.put(`${CORE}/plumbline-drill`, {});
  const [unknown] = wrong(await ownObjects.look(situationOf(staging, unlabelled.call)));
  assert.match(unknown ?? '', /^unknown: namespace plumbline-drill/);
});

test('should ask with the class of canaries only where checks of devices make some', async () => {
  const { gpu } = staging;
  assert.ok(gpu !== undefined);
  const cni = { name: 'bridge' };
  const network = {
    cni,
    policyEnforced: false,
    clusterDomain: 'cluster.local',
    probeImage: 'registry.test/busybox:1',
  };
  const topology = { ...staging.topology, network };
  const environment = { ...staging, topology, gpu: { ...gpu, priorityClass: 'polite' } };
  const asked = async (checks: string[]): Promise<string> => {
    const bodies: unknown[] = [];
    const { call } = applied();
    const asking: typeof call = (request) => {
      if (request.path.includes('dryRun')) bodies.push(request.body);
      return call(request);
    };
    await ownObjects.look(situationOf(environment, asking, { checks }));
    assert.equal(bodies.length, 1);
    return JSON.stringify(bodies);
  };
  assert.match(await asked(['gpu/schedule']), /"priorityClassName":"polite"/);
  assert.doesNotMatch(await asked(['topology/network/reachability']), /priorityClassName/);
});

test('should say that the kill switch is set and why, also where a run makes its own namespaces', async () => {
  const api = applied();
  api.put(SWITCH, { data: { reason: 'night' } });
  for (const environment of [staging, local]) {
    const found = await ownObjects.look(situationOf(environment, api.call));
    assert.match(found.find(({ state }) => state === 'missing')?.detail ?? '', /"night"/);
  }
});

test('should change nothing, and ask by a dry run whether a pod of canaries is let in', async () => {
  const probeImage = 'registry.test/busybox:1';
  const cni = { name: 'bridge' };
  const network = { cni, policyEnforced: false, clusterDomain: 'cluster.local', probeImage };
  const environment = { ...staging, topology: { ...staging.topology, network } };
  const posted = async (api: TestApi, selection = {}): Promise<string[]> => {
    await ownObjects.look(situationOf(environment, api.call, selection));
    return api.requests.flatMap(({ method, path }) => (method === 'GET' ? [] : [`${method} ${path}`]));
  };
  assert.deepEqual(await posted(applied()), [`POST ${CORE}/plumbline-canary/pods?dryRun=All`]);
  assert.deepEqual(await posted(applied(), { checks: ['topology/nodes/pools'] }), [], 'no canary is planned');
  const without = applied();
  without.objects.delete(`${CORE}/plumbline-canary`);
  assert.deepEqual(await posted(without), [], 'there is no namespace');
});
