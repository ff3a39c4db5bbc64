import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { KubeCall } from '../provider-safety.ts';
import { situationOf } from './_testing/situation.ts';
import { images } from './images.ts';
import { registryOf } from './_testing/registry.ts';
import type { Item } from './item.ts';

const loaded = await loadEnvironment('staging');
const { topology } = loaded;
/** Nothing of these is asked of a registry: the names have none. */
const staging = {
  ...loaded,
  gpu: undefined,
  topology: {
    ...topology,
    network: { ...(topology.network ?? assert.fail()), probeImage: 'tools/busybox:1' },
  },
  drills: { ...loaded.drills, nodeImage: 'tools/node-tools:1', undoImage: 'tools/node:24' },
};

/** Two pages of pods, and a node that lists its images. */
const kube: KubeCall = ({ path }) => {
  const { pathname, searchParams } = new URL(path, 'https://api');
  if (pathname === '/api/v1/nodes') {
    const status = { images: [{ names: ['tools/busybox@sha256:0', 'tools/busybox:1'] }] };
    return Promise.resolve({ status: 200, body: { items: [{ metadata: { name: 'n1' }, status }] } });
  }
  const second = searchParams.get('continue') === 'more';
  const containers = [{ image: second ? 'tools/node-tools:1' : 'other:1' }];
  const items = [{ spec: { nodeName: 'n2', containers }, status: { phase: 'Running' } }];
  return Promise.resolve({ status: 200, body: { metadata: { continue: second ? '' : 'more' }, items } });
};

const stateOf = (items: readonly Item[], key: string): string =>
  items.find(({ what }) => what.startsWith(key))?.state ?? 'not there';

test('should know an image that a node has, or a pod runs, and no other', async () => {
  const items = await images.look(situationOf(staging, kube));
  assert.equal(stateOf(items, 'topology.network.probeImage'), 'ok');
  assert.equal(stateOf(items, 'drills.nodeImage'), 'ok');
  assert.equal(stateOf(items, 'drills.undoImage'), 'unknown');
  const undo = items.find(({ what }) => what.startsWith('drills.undoImage'));
  assert.match(undo?.add ?? '', /^crictl pull tools\/node:24 /);
});

test('should not need images of pods that no planned check starts', async () => {
  const items = await images.look(situationOf(staging, kube, { checks: ['topology/nodes/pools'] }));
  assert.deepEqual([...new Set(items.map(({ state }) => state))], ['not needed']);
});

test('should say why nothing is known of the nodes', async () => {
  const refusing: KubeCall = () => Promise.resolve({ status: 403, body: {} });
  const items = await images.look(situationOf(staging, refusing));
  const probe = items.find(({ what }) => what.startsWith('topology.network.probeImage'));
  assert.match(probe?.detail ?? '', /GET \/api\/v1\/nodes: 403/);
});

test('should say what the registry of an image says, and what to do', async () => {
  const registry = await registryOf({ 'tools/node': { manifest: { status: 404 } } });
  const undoImage = `${registry.host}/tools/node:24`;
  const environment = { ...staging, drills: { ...staging.drills, undoImage } };
  const find = async (): Promise<Item> => {
    const items = await images.look(situationOf(environment, kube));
    return items.find(({ what }) => what.startsWith('drills.undoImage')) ?? assert.fail();
  };
  const absent = await find();
  assert.deepEqual([absent.state, absent.add], ['missing', 'push it, or correct drills.undoImage']);
  assert.match(absent.detail, /^no node has it yet; 127\.0\.0\.1:\d+ does not have it \(404\)$/);
  await registry.close();
  const unreachable = await find();
  assert.equal(unreachable.state, 'unknown');
  assert.match(unreachable.detail, /could not be asked from this machine: the connection is refused/);
  assert.match(unreachable.add ?? '', /^crictl pull 127/);
});
