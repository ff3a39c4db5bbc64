import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeRequest } from '../../runner/safety/timers/undo-kube.ts';
import { Tenant } from './tenant.ts';

const NODES = '/api/v1/nodes';
const SIX_ACTIONS = 6;

/** A cluster with two open workers and a tainted control plane, in which a node that was closed once stays marked. */
function cluster({ left = false, silent = 0 } = {}) {
  const node = (name: string, more: object = {}, annotations: object = {}) => ({
    metadata: { name, annotations },
    spec: more,
  });
  const nodes = [
    node('cp-1', { taints: [{}] }),
    node('worker-1', {}, left ? { 'second-tenant.example/rolling': 'true' } : {}),
    node('worker-2'),
  ];
  const pods = ['worker-1', 'worker-2'].map((nodeName, at) => ({
    metadata: { name: `shop-${at}` },
    spec: { nodeName },
  }));
  const asked: KubeRequest[] = [];
  const said: string[] = [];
  const tenant = new Tenant(
    async (request) => {
      await Promise.resolve();
      const [path = '', by] = request.path.split('?');
      asked.push({ ...request, path });
      const isChange = request.method === 'POST' || request.method === 'PATCH';
      assert.equal(by, isChange ? 'fieldManager=second-tenant' : undefined);
      if (silent-- > 0) return { status: 503, body: 'busy' };
      const closed = nodes.find(({ metadata }) => path === `${NODES}/${metadata.name}`);
      if (closed !== undefined) closed.metadata.annotations = marked(request.body);
      const items = request.path === NODES ? nodes : pods;
      return { status: 200, body: request.method === 'GET' ? { items } : {} };
    },
    { image: 'image', say: (what) => said.push(what) },
  );
  const patches = (path: string) =>
    asked.filter((one) => one.method === 'PATCH' && one.path === path).map(({ body }) => body);
  return { tenant, asked, said, patches };
}

const marked = (patch: unknown): object =>
  JSON.stringify(patch).includes('null') ? {} : { 'second-tenant.example/rolling': 'true' };

const cordoned = (closed: true | null) => ({
  metadata: { annotations: { 'second-tenant.example/rolling': closed === null ? null : 'true' } },
  spec: { unschedulable: closed },
});

describe('a second tenant', () => {
  it('should deploy, scale, roll one open node, evict, and take away no pod of others', async () => {
    const { tenant, asked, said, patches } = cluster();
    await tenant.begin();
    for (let at = 0; at < SIX_ACTIONS; at++) await tenant.act();
    assert.deepEqual(said.slice(1), [
      'deployed release 1',
      'scaled to 4 pods',
      'cordoned worker-1',
      'evicted shop-0',
      'uncordoned worker-1',
      'evicted shop-0',
      'scaled to 2 pods',
    ]);
    assert.deepEqual(patches(`${NODES}/worker-1`), [cordoned(true), cordoned(null)]);
    const changed = asked.filter(({ method }) => method !== 'GET').map(({ path }) => path);
    for (const path of changed)
      assert.match(path, /^\/api\/v1\/namespaces$|\/namespaces\/second-tenant\/|\/nodes\/worker-1$/);
  });

  it('should open the node that a killed tenant left closed, at its begin', async () => {
    const { tenant, patches } = cluster({ left: true });
    await tenant.begin();
    assert.deepEqual(patches(`${NODES}/worker-1`), [cordoned(null)]);
  });

  it('should end what it did once it is answered again', async () => {
    const { tenant, asked, patches } = cluster({ left: true, silent: 1 });
    await tenant.end();
    assert.deepEqual(patches(`${NODES}/worker-1`), [cordoned(null)]);
    assert.equal(asked.filter(({ method }) => method === 'DELETE').length, 1);
  });

  it('should say what was refused, and go on', async () => {
    const said: string[] = [];
    const refusing = new Tenant(() => Promise.resolve({ status: 503, body: 'busy' }), {
      image: 'image',
      say: (what) => said.push(what),
    });
    await refusing.act();
    assert.match(said.join(), /^not done: Error: .*503 "busy"/);
    await assert.rejects(refusing.begin(), /503/);
  });
});
