import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { KubeObject, ListResult } from '../../harness/protocol.ts';
import type { CheckContext } from '../../harness/context.ts';
import { ScaleFollower } from './follow.ts';
import type { Scaled } from './follow.ts';
import { loadOf, specOf, statusOf } from './hpa.ts';
import type { Autoscaler } from './hpa.ts';
import { PodFollower } from './pods.ts';

const ROLLOUT = 'argoproj.io/v1alpha1/Rollout';
const HPA = 'autoscaling/v2/HorizontalPodAutoscaler';
const SCALED_OBJECT = 'keda.sh/v1alpha1/ScaledObject';

interface Told {
  kind: string;
  [field: string]: unknown;
}

/** A cluster whose lists may be changed while it is followed. */
function clusterOf(lists: Record<string, ListResult>): { ctx: CheckContext; told: Told[]; asked: unknown[] } {
  const told: Told[] = [];
  const asked: unknown[] = [];
  const ctx = {
    signal: new AbortController().signal,
    cluster: {
      list: (of: { kind: string }) => {
        asked.push(of);
        return Promise.resolve(lists[of.kind] ?? { items: [] });
      },
    },
    record: (kind: string, fields: Record<string, unknown> = {}) => told.push({ kind, ...fields }),
  };
  return { ctx: ctx as unknown as CheckContext, told, asked };
}

const object = (
  apiVersion: string,
  kind: string,
  rest: Record<string, unknown>,
  name = 'api',
): KubeObject => ({ apiVersion, kind, metadata: { name, namespace: 'shop', uid: name }, ...rest });

/** As Argo Rollouts writes it (`RolloutObject`): the generation that it has seen is a number in a string. */
const rollout = (status: Record<string, unknown>): KubeObject =>
  object('argoproj.io/v1alpha1', 'Rollout', {
    spec: { replicas: 2, selector: { matchLabels: { app: 'api' } } },
    status: { observedGeneration: '7', ...status },
  });

const autoscaler = (more: Record<string, unknown> = {}): KubeObject =>
  object('autoscaling/v2', 'HorizontalPodAutoscaler', {
    spec: {
      scaleTargetRef: { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', name: 'api' },
      minReplicas: 2,
      maxReplicas: 6,
    },
    status: { desiredReplicas: 2, currentReplicas: 2 },
    ...more,
  });

/** A pod as the controller of Rollouts makes it: its ReplicaSet is named after the Rollout and the hash in a label. */
const pod = (name: string, status: Record<string, unknown>, of = 'api-5f9d'): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    uid: `uid-${name}`,
    labels: { 'rollouts-pod-template-hash': '5f9d' },
    ownerReferences: [{ kind: 'ReplicaSet', name: of, uid: 'x', controller: true }],
  },
  spec: { containers: [] },
  status,
});

const TARGET: Scaled = { kind: 'Rollout', namespace: 'shop', name: 'api' };

async function followedOnce(lists: Record<string, ListResult>, target: Scaled): Promise<Told[]> {
  const { ctx, told } = clusterOf(lists);
  const follower = new ScaleFollower(ctx, target);
  await follower.start();
  await follower.end();
  return told;
}

describe('a Rollout that an autoscaler resizes', () => {
  it('should be counted by its own status, with its phase', async () => {
    const items = [
      rollout({
        replicas: 3,
        readyReplicas: 2,
        phase: 'Progressing',
        message: 'more replicas need to be updated',
      }),
    ];
    const told = await followedOnce({ [ROLLOUT]: { items }, [HPA]: { items: [autoscaler()] } }, TARGET);
    assert.deepEqual(
      told.find(({ kind }) => kind === 'scaled-pods'),
      { kind: 'scaled-pods', ready: 2, total: 3 },
    );
    assert.equal(told.find(({ kind }) => kind === 'rollout')?.['phase'], 'Progressing');
  });

  it('should not be taken for a Deployment of that name, nor its autoscaler for one of that', async () => {
    const deployment = object('apps/v1', 'Deployment', { spec: {}, status: { replicas: 9 } });
    const lists = { 'apps/v1/Deployment': { items: [deployment] }, [HPA]: { items: [autoscaler()] } };
    const kinds = (told: Told[]): string[] => told.map(({ kind }) => kind);
    assert.deepEqual(kinds(await followedOnce(lists, TARGET)), ['target-missing', 'hpa-watched']);
    const other = await followedOnce(lists, { ...TARGET, kind: 'Deployment' });
    assert.ok(kinds(other).includes('hpa-missing'));
  });
});

describe('a ScaledObject that makes the autoscaler', () => {
  const scaledObject = (
    more: Record<string, unknown>,
    annotations: Record<string, string> = {},
  ): KubeObject => ({
    ...object(
      'keda.sh/v1alpha1',
      'ScaledObject',
      {
        spec: { scaleTargetRef: { kind: 'Rollout', name: 'api' }, minReplicaCount: 0, maxReplicaCount: 6 },
        status: {
          conditions: [
            { type: 'Ready', status: 'True' },
            { type: 'Active', status: 'False' },
          ],
        },
        ...more,
      },
      'orders',
    ),
    metadata: { name: 'orders', namespace: 'shop', annotations },
  });
  const named = { ...TARGET, scaledObject: 'orders' };
  const lists = (one: KubeObject): Record<string, ListResult> => ({
    [ROLLOUT]: { items: [rollout({ replicas: 0 })] },
    [HPA]: {
      items: [autoscaler({ spec: { ...Object(autoscaler()['spec']), minReplicas: 1 } })],
    },
    [SCALED_OBJECT]: { items: [one] },
  });

  it('should give the least number of pods, which the autoscaler itself does not know', async () => {
    const told = await followedOnce(lists(scaledObject({})), named);
    const spec = told.find(({ kind }) => kind === 'hpa-spec');
    assert.deepEqual([spec?.['min'], spec?.['ownMin']], [0, 1]);
    assert.equal(told.find(({ kind }) => kind === 'scaled-object')?.['cooldownS'], 300);
    const seen = told.find(({ kind }) => kind === 'scaled-object');
    assert.deepEqual(
      [seen?.['name'], seen?.['active'], seen?.['fallback'], seen?.['paused']],
      ['shop/orders', 'False', 'not said', null],
    );
  });

  it('should not be read where the environment does not name it', async () => {
    const { ctx, asked, told } = clusterOf(lists(scaledObject({})));
    const follower = new ScaleFollower(ctx, TARGET);
    await follower.start();
    await follower.end();
    const spec = told.find(({ kind }) => kind === 'hpa-spec') ?? assert.fail();
    assert.deepEqual([spec['min'], 'ownMin' in spec], [1, false]);
    assert.ok(!JSON.stringify(asked).includes('keda'));
  });

  it('should be known to be paused by what its value says', async () => {
    const paused = async (annotations: Record<string, string>): Promise<unknown> =>
      (await followedOnce(lists(scaledObject({}, annotations)), named)).find(
        ({ kind }) => kind === 'scaled-object',
      )?.['paused'];
    assert.equal(await paused({ 'autoscaling.keda.sh/paused': 'true' }), 'autoscaling.keda.sh/paused=true');
    assert.equal(await paused({ 'autoscaling.keda.sh/paused': 'yes' }), 'autoscaling.keda.sh/paused=yes');
    assert.equal(await paused({ 'autoscaling.keda.sh/paused': 'false' }), null);
    assert.equal(
      await paused({ 'autoscaling.keda.sh/paused-replicas': '0' }),
      'autoscaling.keda.sh/paused-replicas=0',
    );
  });

  it('should be said to be missing, or not to be read', async () => {
    const none = await followedOnce({ ...lists(scaledObject({})), [SCALED_OBJECT]: { items: [] } }, named);
    assert.ok(none.some(({ kind, name }) => kind === 'scaled-object-missing' && name === 'shop/orders'));
    for (const scaleTargetRef of [{ name: 'api' }, { kind: 'Rollout', name: 'web' }]) {
      const other = await followedOnce(lists(scaledObject({ spec: { scaleTargetRef } })), named);
      assert.ok(
        other.some(({ kind }) => kind === 'scaled-object-missing'),
        'it scales something else',
      );
    }
    const refused = await followedOnce(
      { ...lists(scaledObject({})), [SCALED_OBJECT]: { items: [], unavailable: 'forbidden' } },
      named,
    );
    assert.ok(refused.some(({ kind, what }) => kind === 'unavailable' && what === SCALED_OBJECT));
  });
});

describe('PodFollower', () => {
  it('should record each state of each pod of the workload once, when it is first seen', async () => {
    const pods: KubeObject[] = [];
    const lists = { 'v1/Pod': { items: pods } as unknown as ListResult };
    const { ctx, told, asked } = clusterOf(lists);
    const follower = new PodFollower(ctx, TARGET);
    const look = async (...items: KubeObject[]): Promise<string[]> => {
      pods.splice(0, pods.length, ...items);
      const before = told.length;
      assert.equal(await follower.look({ app: 'api' }), null);
      return told.slice(before).map((one) => `${String(one['pod'])} ${String(one['state'])}`);
    };
    const scheduled = { conditions: [{ type: 'PodScheduled', status: 'True' }] };
    const ready = { conditions: [...scheduled.conditions, { type: 'Ready', status: 'True' }] };
    const stranger = pod('b', {}, 'another-5f9d');
    assert.deepEqual(await look(pod('a', {}), stranger), ['a created']);
    assert.deepEqual(await look(pod('a', {}), stranger), []);
    assert.deepEqual(await look(pod('a', scheduled)), ['a scheduled']);
    assert.deepEqual(await look(pod('a', ready), pod('c', ready)), [
      'a ready',
      'c created',
      'c scheduled',
      'c ready',
    ]);
    const going = pod('c', ready);
    assert.deepEqual(
      await look(pod('a', {}), { ...going, metadata: { ...going.metadata, deletionTimestamp: 'now' } }),
      ['c gone'],
    );
    assert.deepEqual(await look(), ['a gone']);
    assert.deepEqual(asked[0], { kind: 'v1/Pod', namespace: 'shop', labels: { app: 'api' } });
  });

  it('should say why it saw none', async () => {
    const { ctx } = clusterOf({ 'v1/Pod': { items: [], unavailable: 'forbidden' } });
    assert.equal(await new PodFollower(ctx, TARGET).look({}), 'forbidden');
  });
});

it('should be known whether the window for scaling down was stated', () => {
  const windowOf = (scaleDown?: object) => {
    const { stabilisationDownS, stabilisationDownStated } = specOf(
      autoscaler({
        spec: { ...Object(autoscaler()['spec']), ...(scaleDown && { behavior: { scaleDown } }) },
      }) as unknown as Autoscaler,
    );
    return [stabilisationDownS, stabilisationDownStated];
  };
  assert.deepEqual(windowOf(), [300, false]);
  assert.deepEqual(windowOf({ selectPolicy: 'Max' }), [300, false]);
  assert.deepEqual(windowOf({ stabilizationWindowSeconds: 300 }), [300, undefined]);
  assert.deepEqual(windowOf({ stabilizationWindowSeconds: 0 }), [0, undefined]);
});

describe('metrics of an autoscaler', () => {
  const byMetrics = (metrics: object[], currentMetrics: object[] | null): Autoscaler =>
    autoscaler({
      spec: { scaleTargetRef: { kind: 'Rollout', name: 'api' }, maxReplicas: 6, metrics },
      status: { desiredReplicas: 2, currentReplicas: 2, currentMetrics },
    }) as unknown as Autoscaler;
  const requests = (on: string, more: object): object => ({
    type: 'Object',
    object: { metric: { name: 'requests' }, describedObject: { kind: 'Ingress', name: on }, ...more },
  });
  const target = (value: string): object => ({ target: { type: 'Value', value } });

  it('should be told apart where several have one name, by the order of the status', () => {
    const one = byMetrics(
      [requests('main', target('100')), requests('admin', target('10'))],
      [requests('main', { current: { value: '50' } }), requests('admin', { current: { value: '30' } })],
    );
    assert.deepEqual(statusOf(one).metrics, [
      { name: 'Object requests Ingress/main', value: 50, target: 100 },
      { name: 'Object requests Ingress/admin', value: 30, target: 10 },
    ]);
    assert.deepEqual(
      specOf(one).metrics,
      statusOf(one).metrics.map(({ name }) => name),
    );
    assert.equal(loadOf(one), 3);
    const alike = byMetrics([requests('main', target('1')), requests('main', target('2'))], null);
    assert.equal(new Set(specOf(alike).metrics).size, 2);
  });

  it('should be unknown where the status leaves one out that cannot be told', () => {
    const one = byMetrics(
      [requests('main', target('100')), requests('admin', target('10'))],
      [requests('admin', { current: { value: '30' } })],
    );
    assert.deepEqual(
      statusOf(one).metrics.map(({ value }) => value),
      [null, null],
    );
  });

  it('should say how each is held, and from which share above its target on pods are added', () => {
    const external = { type: 'External', external: { metric: { name: 'q' }, target: { averageValue: '5' } } };
    const shape = { type: 'Pods', pods: { metric: { name: 'later' }, target: { type: 'Later' } } };
    const cpu = {
      type: 'ContainerResource',
      containerResource: { name: 'cpu', container: 'app', target: { averageUtilization: 70 } },
    };
    const one = byMetrics([cpu, external, requests('main', target('1')), shape], null);
    assert.deepEqual(specOf(one).measures, [
      { type: 'ContainerResource', by: 'Utilization' },
      { type: 'External', by: 'AverageValue' },
      { type: 'Object', by: 'Value' },
      { type: 'Pods', by: null },
    ]);
    assert.equal(specOf(one).toleranceUp, undefined);
    one.spec.behavior = { scaleUp: { tolerance: '50m' } };
    assert.equal(specOf(one).toleranceUp, 0.05);
    assert.equal(statusOf(one).metrics.at(-1)?.target, null);
  });
});
