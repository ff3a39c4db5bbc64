/** Workloads as the API server lists them, through observers and judges. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Judgement } from '../../../reports/record/judgement.ts';
import { judgedOver } from '../_testing/observing.ts';

const labels = { app: 'api' };
const LISTED = { apiVersion: 'v1', kind: 'Pod' };

interface Placed {
  node?: string;
  phase?: string;
  /** Beside those of its template. */
  containers?: readonly { name: string; image: string }[];
  initContainers?: readonly { name: string; image: string }[];
  /** In place of that of a pod all of whose containers run. */
  status?: object;
}

/** A pod of the Deployment; kubelet drops the status of the containers of a pod that it evicts. */
const podOf = (
  { node, phase = 'Running', containers = [], initContainers = [], status }: Placed,
  at: number,
) => ({
  ...LISTED,
  metadata: {
    namespace: 'tender',
    name: `api-5d8-${at}`,
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { ...labels, 'pod-template-hash': '5d8' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'api-5d8', controller: true }],
  },
  spec: {
    ...(node !== undefined && { nodeName: node }),
    containers: [{ name: 'api', image: 'api:1' }, ...containers],
    initContainers,
  },
  status: status ?? {
    phase,
    ...(phase === 'Running' && {
      containerStatuses: [{ name: 'api' }, ...containers].map(started),
      initContainerStatuses: initContainers.map(started),
    }),
  },
});

const started = ({ name }: { name: string }) => ({ name, ready: true, restartCount: 0, imageID: 'i' });
const waits = (name: string, reason: string, imageID = '') => ({
  name,
  ready: false,
  restartCount: 0,
  imageID,
  state: { waiting: { reason } },
});

interface Deployed {
  replicas: { min: number; max: number };
  /** As `spec.replicas` has it. */
  wanted: number;
  pods: readonly Placed[];
  /** As the disruption controller counts; `minAvailable: 1` when left out. */
  budget?: { expectedPods: number; desiredHealthy: number };
}

function over(check: string, { replicas, wanted, pods, budget }: Deployed): Promise<Judgement> {
  const meta = { namespace: 'tender', name: 'api', generation: 1 };
  const running = pods.filter(({ phase = 'Running' }) => phase === 'Running').length;
  const counted = { replicas: running, readyReplicas: running, updatedReplicas: running };
  const workload = { kind: 'Deployment', namespace: 'tender', name: 'api', replicas, serves: true };
  return judgedOver(`topology/workloads/${check}`, {
    settings: {
      workloads: [workload],
      stores: {},
      closed: { namespaces: ['tender'], ignore: [] },
      registry: { prefixes: ['api'], pinned: 'tag' },
    },
    objects: [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'tender' } },
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: meta,
        spec: {
          replicas: wanted,
          template: { metadata: { labels }, spec: { containers: [{ name: 'api', image: 'api:1' }] } },
        },
        status: { observedGeneration: 1, ...counted },
      },
      {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: meta,
        spec: { minAvailable: 1, selector: { matchLabels: labels } },
        status: budget ?? { expectedPods: running, desiredHealthy: 1 },
      },
      ...pods.map(podOf),
    ] as { apiVersion: string; kind: string }[],
  });
}

describe('pods that have ended and are still listed', () => {
  const two = { replicas: { min: 2, max: 2 }, wanted: 2 };
  const onBoth = [{ node: 'a' }, { node: 'b' }];

  it('should not count for replicas on another node', async () => {
    for (const phase of ['Failed', 'Succeeded']) {
      const pods = [{ node: 'a' }, { node: 'a' }, { node: 'b', phase }];
      const { verdict, reason } = await over('spread', { ...two, pods });
      assert.equal(verdict, 'fail', phase);
      assert.match(reason, /placement of Deployment tender\/api: expected 2 different nodes/);
    }
    assert.equal((await over('spread', { ...two, pods: onBoth })).verdict, 'pass');
  });

  it('should leave no check of a healthy workload undecided, however many there are', async () => {
    const evicted = Array.from({ length: 20 }, () => ({ node: 'b', phase: 'Failed' }));
    for (const check of ['declared', 'images', 'spread']) {
      const { verdict, reason } = await over(check, { ...two, pods: [...onBoth, ...evicted] });
      assert.equal(verdict, 'pass', `${check}: ${reason}`);
    }
  });
});

describe('what a webhook puts into pods', () => {
  const two = { replicas: { min: 2, max: 2 }, wanted: 2 };

  it('should be judged by its image as what the template has', async () => {
    for (const [image, expected] of [
      ['api-mesh/proxy:1', 'pass'],
      ['docker.io/istio/proxyv2:latest', 'fail'],
    ] as const) {
      const containers = [{ name: 'istio-proxy', image }];
      const pods = [{ node: 'a', containers }, { node: 'b' }];
      const { verdict, reason } = await over('images', { ...two, pods });
      assert.equal(verdict, expected, reason);
      if (expected === 'fail')
        assert.match(reason, /container istio-proxy in Pod tender\/api-5d8-0; the first: .*seen docker\.io/);
    }
  });
});

describe('the images of pods', () => {
  const one = { replicas: { min: 1, max: 1 }, wanted: 1 };
  const init = [{ name: 'migrate', image: 'api-migrate:1' }];
  const ended = {
    name: 'migrate',
    ready: true,
    restartCount: 0,
    imageID: 'i',
    state: { terminated: { reason: 'Completed' } },
  };
  const pending = (containerStatuses: object[], initContainerStatuses: object[] = []): object => ({
    phase: 'Pending',
    containerStatuses,
    initContainerStatuses,
  });
  const judged = (status: object | undefined, initContainers: Placed['initContainers'] = []) =>
    over('images', { ...one, pods: [{ node: 'a', initContainers, ...(status && { status }) }] });

  it('should be left open before a container has one, whether it can be pulled or not', async () => {
    const creating = waits('api', 'ContainerCreating');
    const initializing = waits('api', 'PodInitializing');
    const waiting = waits('migrate', 'PodInitializing');
    for (const [status, initContainers, of] of [
      [{ phase: 'Pending' }, [], 'api'],
      [pending([creating]), [], 'api'],
      [pending([initializing], [waiting]), init, 'api, migrate'],
      [pending([initializing], [ended]), init, 'api'],
      [pending([started({ name: 'api' })], [waits('migrate', 'PodInitializing')]), init, 'migrate'],
    ] as const) {
      const { verdict, reason } = await judged(status, initContainers);
      assert.equal(verdict, 'inconclusive', reason);
      assert.equal(
        reason,
        `could not be seen: images of Pod tender/api-5d8-0: expected pulled, seen no image id yet of ${of}`,
      );
    }
  });

  it('should be failed where kubelet says that one cannot be pulled, of an init container too', async () => {
    for (const reason of ['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'RegistryUnavailable']) {
      const of = await judged(pending([waits('api', reason)]));
      assert.equal(of.verdict, 'fail', reason);
      assert.match(of.reason, new RegExp(`expected pulled, seen api: ${reason}`));
      const first = await judged(
        pending([waits('api', 'PodInitializing')], [waits('migrate', reason)]),
        init,
      );
      assert.match(first.reason, new RegExp(`expected pulled, seen migrate: ${reason}`));
    }
  });

  it('should be seen of what runs, of what has ended, and of what is to be started again', async () => {
    for (const status of [
      undefined,
      pending([started({ name: 'api' })], [ended]),
      pending([waits('api', 'CrashLoopBackOff', 'i')], [ended]),
    ]) {
      const { verdict, reason } = await judged(status, init);
      assert.equal(verdict, 'pass', reason);
    }
  });
});

describe('a workload with other pods than it wants', () => {
  const of = (wanted: number, ...nodes: (string | undefined)[]) =>
    over('spread', {
      replicas: { min: 2, max: 4 },
      wanted,
      budget: { expectedPods: wanted, desiredHealthy: 1 },
      pods: nodes.map((node) => (node === undefined ? { phase: 'Pending' } : { node })),
    });

  it('should be left open while one is on no node yet, which may come to that of another', async () => {
    const { verdict, reason } = await of(3, 'a', 'b', undefined);
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /expected 2 different nodes, seen 2 pods on nodes, 3 wanted/);
    const together = await of(3, 'a', 'a', undefined);
    assert.match(together.reason, /^placement of .*: expected 2 different nodes, seen api-5d8-0 on a/);
  });

  it('should be judged while a rollout doubles them, and left open with more than that', async () => {
    assert.equal((await of(2, 'a', 'b', 'c', 'a')).verdict, 'pass');
    const { verdict, reason } = await of(2, 'a', 'b', 'c', 'a', 'b');
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /seen 5 pods on nodes, 2 wanted/);
  });
});

describe('a workload that an autoscaler left at one pod or at none', () => {
  const keda = { replicas: { min: 0, max: 10 }, wanted: 0, pods: [] };
  const hpa = { replicas: { min: 1, max: 10 }, wanted: 1, pods: [{ node: 'a' }] };

  it('should be said to be there and not judged, its budget neither', async () => {
    for (const [deployed, budget] of [
      [keda, { expectedPods: 0, desiredHealthy: 0 }],
      [keda, { expectedPods: 0, desiredHealthy: 1 }],
      [hpa, { expectedPods: 1, desiredHealthy: 0 }],
      [hpa, { expectedPods: 1, desiredHealthy: 1 }],
    ] as const) {
      const { verdict, reason, seen } = await over('spread', { ...deployed, budget });
      assert.equal(verdict, 'pass', reason);
      const { wanted, replicas } = deployed;
      assert.ok(
        seen.includes(
          `Deployment tender/api is at ${wanted} of ${replicas.min} to 10: spread is judged from 2 pods on`,
        ),
        seen,
      );
    }
  });

  it('should be judged from two pods on', async () => {
    for (const { replicas } of [keda, hpa]) {
      const two = { replicas, wanted: 2 };
      const apart = { ...two, pods: [{ node: 'a' }, { node: 'b' }] };
      assert.equal((await over('spread', apart)).verdict, 'pass');
      const together = await over('spread', { ...two, pods: [{ node: 'a' }, { node: 'a' }] });
      assert.match(together.reason, /^placement of .*: expected 2 different nodes/);
      const blocked = { expectedPods: 2, desiredHealthy: 2 };
      assert.match((await over('spread', { ...apart, budget: blocked })).reason, /allows 0 of 2/);
    }
  });

  it('should fail where fewer are there than are declared at least', async () => {
    const { verdict, reason } = await over('spread', { ...hpa, wanted: 0, pods: [] });
    assert.equal(verdict, 'fail');
    assert.match(
      reason,
      /: pods .* of Deployment tender\/api; the first: expected pods on nodes, seen not there/,
    );
    const alone = { replicas: { min: 2, max: 10 }, wanted: 1, pods: [{ node: 'a' }] };
    assert.match((await over('spread', alone)).reason, /expected 2 different nodes/);
  });

  it('should not be decided while pods are on their way', async () => {
    for (const moving of [
      { ...keda, wanted: 1, pods: [{}] },
      { ...hpa, wanted: 3, pods: [{ node: 'a' }, {}, {}] },
      { ...hpa, wanted: 1, pods: [{ node: 'a' }, { node: 'a' }] },
    ]) {
      const { verdict, reason } = await over('spread', moving);
      assert.equal(verdict, 'inconclusive');
      assert.match(reason, /on nodes, \d wanted: it is being scaled/);
    }
  });
});
