import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Seen } from '../_testing/histories.ts';
import type { CheckContext } from '../harness/context.ts';
import { recordClaims } from './_pool/claims.ts';
import { asked, gpu, holds, node, REFUSED } from './_testing/histories.ts';

const DRIVER = 'gpu.nvidia.com';
const DECLARED = { claims: { driver: DRIVER } };

const claim = (name: string, more: Record<string, unknown> = {}): Seen => [
  'gpu-claim',
  {
    claim: `ai/${name}`,
    pod: `ai/of-${name}`,
    node: 'gpu-1',
    shared: [],
    detail: '',
    devices: [`${DRIVER}/gpu-1/gpu-0`],
    ...more,
  },
];
const OPEN = { devices: null, detail: 'the API server answered 403' };
const two = (): Seen[] => [node(), asked(), holds('a'), holds('b'), asked('canary/a', 'canary/b')];

describe('devices that are given through claims', () => {
  it('should not be missed as an extended resource of the node', () => {
    const plugin: Seen = ['gpu-plugin', { ready: 1, wanted: 1, nodes: ['gpu-1'] }];
    const none = node({ allocatable: null });
    assert.equal(
      gpu('allocatable', [none, plugin]).verdict,
      'fail',
      'without claims nothing offers a device',
    );
    const claimed = gpu('allocatable', [none, plugin, claim('c')]);
    assert.equal(claimed.verdict, 'inconclusive');
    assert.match(
      claimed.reason,
      /seen 0, and pods with ResourceClaims: ai\/c \(gpu\.nvidia\.com\/gpu-1\/gpu-0\)/,
    );
    const unread = gpu('allocatable', [none, plugin, claim('c', OPEN)]);
    assert.match(unread.reason, /ai\/c \(the API server answered 403\)/);
  });

  it('should not be held by two claims, unless the allocation says that they are shared', () => {
    const of = (...claims: Seen[]): ReturnType<typeof gpu> =>
      gpu('exclusive', [node(), asked(), ...claims], DECLARED, { writes: false });
    const twice = of(claim('c'), claim('d'));
    assert.equal(twice.verdict, 'fail');
    assert.match(
      twice.reason,
      /device gpu\.nvidia\.com\/gpu-1\/gpu-0: expected allocated to one claim, seen ai\/c, ai\/d/,
    );
    const shared = { shared: [`${DRIVER}/gpu-1/gpu-0`] };
    assert.notEqual(of(claim('c', shared), claim('d', shared)).verdict, 'fail');
    const other = { devices: [`${DRIVER}/gpu-1/gpu-1`] };
    assert.notEqual(of(claim('c'), claim('d', other)).verdict, 'fail');
    const together = of(claim('c'), claim('c', { pod: 'ai/second' }));
    assert.notEqual(together.verdict, 'fail', 'pods of one claim share what it was allocated');
  });

  it('should leave open what cannot be read or compared', () => {
    assert.equal(gpu('exclusive', two(), DECLARED).verdict, 'pass', gpu('exclusive', two(), DECLARED).reason);
    const unread = gpu('exclusive', [...two(), claim('c', OPEN)], DECLARED);
    assert.equal(unread.verdict, 'inconclusive');
    assert.match(unread.reason, /claim ai\/c of pod ai\/of-c: .*the API server answered 403/);
    const both = gpu('exclusive', [...two(), claim('c')], DECLARED);
    assert.match(both.reason, /some are requested as nvidia\.com\/gpu, some through claims/);
    assert.equal(both.verdict, 'inconclusive');
    const undeclared = gpu('exclusive', [...two(), claim('c', OPEN)]);
    assert.equal(undeclared.verdict, 'pass', 'a claim of who knows what, where none is declared');
  });

  it('should not fail a pod that found no device while claims may hold them', () => {
    const refused = [node(), asked(), holds('gpu-lands', REFUSED), asked()];
    assert.equal(gpu('schedule', refused).verdict, 'fail');
    const claimed = gpu('schedule', [...refused, claim('c', OPEN)]);
    assert.equal(claimed.verdict, 'inconclusive');
    assert.match(claimed.reason, /claims may hold the devices: ai\/c/);
  });
});

describe('recordClaims', () => {
  const body = (driver: string): string =>
    JSON.stringify({
      metadata: { name: 'c' },
      status: {
        allocation: { devices: { results: [{ request: 'r', driver, pool: 'gpu-1', device: 'gpu-0' }] } },
      },
    });
  async function recorded(
    answer: (path: string) => { status: number; body: string },
    { claims = ['c'], declared = DECLARED }: { claims?: (string | null)[]; declared?: object } = {},
  ): Promise<{ told: Record<string, unknown>[]; paths: string[] }> {
    const told: Record<string, unknown>[] = [];
    const paths: string[] = [];
    const ctx = {
      settings: { gpu: { resource: 'nvidia.com/gpu', ...declared } },
      cluster: {
        raw: (path: string) => {
          paths.push(path);
          return Promise.resolve(answer(path));
        },
      },
      record: (kind: string, fields: Record<string, unknown>) => told.push({ kind, ...fields }),
    };
    const pod = {
      name: 'ai/p',
      requested: 0,
      tolerations: [],
      isStatic: false,
      claims,
      priority: 0,
      preempts: true,
    };
    await recordClaims(ctx as unknown as CheckContext, 'gpu-1', [pod]);
    return { told, paths };
  }

  it('should ask each version of the API until one is served', async () => {
    const { told, paths } = await recorded((path) =>
      path.includes('/v1beta1/') ? { status: 200, body: body(DRIVER) } : { status: 404, body: '' },
    );
    assert.deepEqual(
      paths.map((path) => path.split('/')[3]),
      ['v1', 'v1beta2', 'v1beta1'],
    );
    assert.deepEqual(told[0]?.['devices'], [`${DRIVER}/gpu-1/gpu-0`]);
    assert.equal(paths[0], '/apis/resource.k8s.io/v1/namespaces/ai/resourceclaims/c');
  });

  it('should leave out claims of other devices, and say why one is unknown', async () => {
    assert.deepEqual((await recorded(() => ({ status: 200, body: body('nic.vendor.com') }))).told, []);
    const said = async (...of: Parameters<typeof recorded>): Promise<unknown> =>
      (await recorded(...of)).told[0]?.['detail'];
    const refuses = (): { status: number; body: string } => ({ status: 403, body: '' });
    assert.match(String(await said(refuses)), /answered 403: grant get on resourceclaims/);
    assert.match(String(await said(() => ({ status: 200, body: '{}' }))), /no allocation of devices/);
    assert.match(String(await said(refuses, { claims: [null] })), /has no ResourceClaim yet/);
    const undeclared = await recorded(refuses, { declared: {} });
    assert.match(String(undeclared.told[0]?.['detail']), /gpu\.claims is not declared/);
    assert.deepEqual(undeclared.paths, [], 'without a declaration nothing is asked');
  });
});
