import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment, Workload } from '../../env/schema.ts';
import { situationOf } from './_testing/situation.ts';
import type { Item, Situation } from './item.ts';
import { workloads } from './workloads.ts';

const staging = await loadEnvironment('staging');
const [pattern] = staging.topology.workloads;
const KUBE = (): Promise<never> => Promise.reject(new Error('not expected'));

type Named = Pick<Workload, 'kind' | 'namespace' | 'name'>;
const named = (kind: Named['kind'], namespace: string, name: string): Named => ({ kind, namespace, name });

function declaring(names: readonly Named[]): Environment {
  const declared = names.map((one) => ({ ...(pattern ?? assert.fail()), ...one }));
  return { ...staging, topology: { ...staging.topology, workloads: declared } };
}

/** What doctor says of these in a cluster that has `there`; `asked` are the kinds that were listed. @param unseen why a kind cannot be */
async function lookedAt(
  names: readonly Named[],
  there: readonly Named[],
  unseen: Readonly<Record<string, string>> = {},
): Promise<{ items: Item[]; asked: string[] }> {
  const asked: string[] = [];
  const list = ({ kind: wanted }: { kind: string }): Promise<unknown> => {
    asked.push(wanted);
    const unavailable = unseen[wanted];
    if (unavailable !== undefined) return Promise.resolve({ items: [], unavailable });
    const items = there
      .filter(({ kind }) => wanted.endsWith(`/${kind}`))
      .map(({ kind, namespace, name }) => ({ kind, metadata: { namespace, name } }));
    return Promise.resolve({ items });
  };
  const situation = situationOf(declaring(names), KUBE);
  const { reached } = situation;
  const cluster = { list } as unknown as NonNullable<Situation['reached']>['cluster'];
  const items = await workloads.look({
    ...situation,
    reached: { ...(reached ?? assert.fail()), cluster },
  });
  return { items, asked };
}

const API = named('Deployment', 'shop', 'orders-api');

test('should say once that every declared workload is there', async () => {
  const { items, asked } = await lookedAt([API], [API]);
  assert.deepEqual(items, [{ what: 'topology.workloads', state: 'ok', detail: 'all 1 are there' }]);
  assert.deepEqual(asked, ['apps/v1/Deployment', 'apps/v1/StatefulSet', 'apps/v1/DaemonSet']);
});

test('should ask for Rollouts where one is declared', async () => {
  const rollout = named('Rollout', 'shop', 'orders-api');
  const { items, asked } = await lookedAt([rollout], [rollout]);
  assert.equal(items[0]?.state, 'ok');
  assert.ok(asked.includes('argoproj.io/v1alpha1/Rollout'));
});

test('should not call missing what could not be listed', async () => {
  const rollout = named('Rollout', 'shop', 'web');
  const absent = named('Deployment', 'shop', 'billing');
  const of = async (why: string) =>
    (await lookedAt([rollout, absent], [API], { 'argoproj.io/v1alpha1/Rollout': why })).items;
  const items = await of('forbidden: list argoproj.io/v1alpha1/Rollout: 403 no right');
  assert.deepEqual(
    items.map(({ what, state }) => [what, state]),
    [
      ['Rollout shop/web', 'unknown'],
      ['Deployment shop/billing', 'missing'],
    ],
  );
  assert.match(items[0]?.detail ?? '', /^Rollouts could not be listed: forbidden: .* 403 no right$/);
  const [uninstalled] = await of('notFound: list argoproj.io/v1alpha1/Rollout: 404');
  assert.equal(uninstalled?.state, 'missing', 'of a kind that is not installed there is none');
});

for (const [what, wanted, there, detail, add] of [
  [
    'a name that is written otherwise',
    named('Deployment', 'shop', 'order-api'),
    [API, named('StatefulSet', 'shop', 'redis')],
    'not there; namespace shop has Deployment orders-api, StatefulSet redis',
    'topology.workloads[0] as the cluster has it; Deployment shop/orders-api is there: was it meant?',
  ],
  [
    'another kind of the same name',
    named('Deployment', 'shop', 'redis'),
    [named('StatefulSet', 'shop', 'redis'), named('Deployment', 'shop', 'redis0')],
    'not there; namespace shop has Deployment redis0, StatefulSet redis',
    'topology.workloads[0] as the cluster has it; StatefulSet shop/redis is there: was it meant?',
  ],
  [
    'another namespace',
    named('Deployment', 'shop-old', 'orders-api'),
    [API],
    'namespace shop-old has no workload at all',
    'topology.workloads[0] as the cluster has it; Deployment shop/orders-api is there: was it meant?',
  ],
  [
    'nothing like it',
    named('Deployment', 'shop', 'billing'),
    [API],
    'not there; namespace shop has Deployment orders-api',
    'topology.workloads[0] as the cluster has it',
  ],
] as const)
  test(`should name what is not there, and what may be meant: ${what}`, async () => {
    const { items } = await lookedAt([wanted], there);
    const { kind, namespace, name } = wanted;
    assert.deepEqual(items, [{ what: `${kind} ${namespace}/${name}`, state: 'missing', detail, add }]);
  });

test('should not propose what is declared itself', async () => {
  const { items } = await lookedAt([API, named('Deployment', 'shop', 'order-api')], [API]);
  assert.equal(items.length, 1);
  assert.equal(items[0]?.add, 'topology.workloads[1] as the cluster has it');
});

test('should look at nothing where no check reads workloads, and guess nothing without a cluster', async () => {
  const environment = declaring([API]);
  const idle = await workloads.look({ ...situationOf(environment, KUBE), running: [] });
  assert.deepEqual(
    idle.map(({ state }) => state),
    ['not needed'],
  );
  const apart = await workloads.look(situationOf(environment, null));
  assert.deepEqual(
    apart.map(({ state }) => state),
    ['unknown'],
  );
  assert.deepEqual(await workloads.look(situationOf(declaring([]), KUBE)), []);
});
