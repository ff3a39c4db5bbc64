/** Drafts held against the clusters that they were made of, by the checks themselves: what is healthy and has not changed passes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgedOver } from '../../suites/topology/_testing/observing.ts';
import { objectsOf } from '../../suites/topology/_testing/rabbitmq-operator.ts';
import type { EnvironmentFile } from '../schema.ts';
import { ListingApiServer } from './_testing/api-server.ts';
import type { Stood } from './_testing/api-server.ts';
import { draftedOn } from './_testing/drafted.ts';
import { healthy, namespace, node, objectAt, pod, service, workload } from './_testing/objects.ts';

const server = await ListingApiServer.forTests();

/** The verdict of a check by a file on a cluster, and why. */
async function verdictOf(
  check: string,
  { topology, stores }: Pick<EnvironmentFile, 'topology' | 'stores'>,
  objects: readonly Stood[],
): Promise<string> {
  const { verdict, reason } = await judgedOver(check, {
    settings: { ...topology, stores, writes: false },
    objects: healthy(objects),
  });
  return `${verdict}: ${reason}`;
}

const BASE: readonly Stood[] = [
  ...['kube-system', 'shop'].map(namespace),
  node('w-1', { 'example.com/pool': 'general' }),
];

const PERSISTENT = 'topology/storage/persistent';

test('should not hold what lies above the data of a RabbitMQ of its operator against claims', async () => {
  const objects = [...BASE, ...(objectsOf() as Stood[])];
  const { file, text } = await draftedOn(server, objects);
  assert.deepEqual(
    file.topology.workloads.map(({ name, store }) => [name, store]),
    [['orders-server', undefined]],
  );
  assert.match(
    text,
    /until then it is not known whether any of its data is at \/var\/lib\/rabbitmq\/, where no claim is mounted\n +# store: rabbitmq/,
  );
  // What the file would say of it without that.
  const [first] = file.topology.workloads;
  assert.ok(first);
  const topology = { ...file.topology, workloads: [{ ...first, store: 'rabbitmq' as const }] };
  assert.match(await verdictOf(PERSISTENT, { ...file, topology }, objects), /^fail: .*seen emptyDir/);
});

const DECLARED = 'topology/workloads/declared';
const POOLS = 'topology/nodes/pools';

/** So many nodes under a label, and a DaemonSet with a pod on each. */
function nodesOf(count: number, label: string): Stood[] {
  return [
    namespace('shop'),
    ...Array.from({ length: count }, (_, at) => node(`w-${at}`, { [label]: 'general' })),
    ...workload({ kind: 'DaemonSet', at: 'shop/agent', image: 'agent:1', replicas: count }),
    ...workload({ kind: 'Deployment', at: 'shop/api', image: 'api:1', replicas: 2 }),
  ];
}

const RESIZED = ['karpenter.sh/nodepool', 'eks.amazonaws.com/nodegroup', 'cloud.google.com/gke-nodepool'];
for (const label of RESIZED)
  test(`should hold for one node more, and for none, where ${label} tells the pool`, async () => {
    const { file, text } = await draftedOn(server, nodesOf(60, label));
    assert.match(text, /replicas: \{ min: 1, max: 5000 \}.* # one on each node that takes it/);
    for (const count of [60, 61, 3]) {
      const objects = nodesOf(count, label);
      assert.match(await verdictOf(DECLARED, file, objects), /^pass: /, String(count));
      assert.match(await verdictOf(POOLS, file, objects), /^pass: /, String(count));
    }
  });

test('should take the counts of now for those of a pool that nobody resizes, unless an autoscaler runs', async () => {
  const label = 'example.com/pool';
  const autoscaler = workload({
    kind: 'Deployment',
    at: 'kube-system/autoscaler',
    image: 'registry.k8s.io/autoscaling/cluster-autoscaler:v1.33.0',
  });
  const countIn = async (objects: readonly Stood[]) => {
    const { file, text } = await draftedOn(server, objects);
    return [file.topology.pools[0]?.count, /write count: \{ min: 1, max: 9 \}/.test(text)];
  };
  assert.deepEqual(await countIn(nodesOf(3, label)), [{ min: 3, max: 3 }, true]);
  assert.deepEqual(await countIn([...nodesOf(3, label), ...autoscaler]), [{ min: 0, max: 5000 }, false]);
});

test('should let a DaemonSet of some nodes have none, and not one of all', async () => {
  const agent = (nodeSelector: Record<string, string>): Stood[] =>
    nodesOf(3, 'karpenter.sh/nodepool').map((one) => {
      if (one.kind !== 'DaemonSet') return one;
      const { template, ...others } = one['spec'] as { template: { spec: object } };
      return {
        ...one,
        spec: { ...others, template: { ...template, spec: { ...template.spec, nodeSelector } } },
      };
    });
  const leastOf = async (selector: Record<string, string>) => {
    const { file } = await draftedOn(server, agent(selector));
    return file.topology.workloads.find(({ kind }) => kind === 'DaemonSet')?.replicas.min;
  };
  assert.equal(await leastOf({ 'kubernetes.io/os': 'linux' }), 1);
  assert.equal(await leastOf({ accelerator: 'gpu' }), 0);
  const { file } = await draftedOn(server, agent({}));
  const without = agent({}).filter(
    ({ kind, metadata }) => kind !== 'Pod' || !metadata.name.startsWith('agent'),
  );
  const stopped = without.map((one) =>
    one.kind === 'DaemonSet' ? { ...one, status: { desiredNumberScheduled: 0 } } : one,
  );
  assert.match(await verdictOf(DECLARED, file, stopped), /^fail: .*expected 1 to 5000, seen 0/);
});

/** A pod of an object of this kind; of nothing where the kind is Pod. */
function podOf(kind: string, owner: string, name = `${owner}-pod`): Stood {
  return pod({
    namespace: 'shop',
    name: kind === 'Pod' ? owner : name,
    spec: { containers: [] },
    ...(kind !== 'Pod' && { owner: { kind, name: owner, uid: 'u', controller: true } }),
  });
}

const REPORT: Stood = {
  ...objectAt('batch/v1', 'CronJob', 'shop/report', {
    jobTemplate: {
      spec: { template: { spec: { containers: [{ env: [{ name: 'PASSWORD', value: 'in-plain-text' }] }] } } },
    },
  }),
};
const LASTING = nodesOf(1, 'example.com/pool');

test('should leave alone the Jobs of a CronJob that has none when its cluster is drafted', async () => {
  const { file, listing } = await draftedOn(server, [...LASTING, REPORT]);
  assert.deepEqual(file.topology.closed.ignore, [
    { kind: 'Job', name: 'report-*', reason: 'of the CronJob report' },
  ]);
  assert.doesNotMatch(JSON.stringify(listing.objects), /in-plain-text/);
  const later = [...LASTING, REPORT, podOf('Job', 'report-29400000')];
  assert.match(await verdictOf(DECLARED, file, later), /^pass: /);
  assert.match(
    await verdictOf(DECLARED, file, [...later, podOf('Job', 'other-29400000')]),
    /^fail: Job shop\/other-29400000: expected nothing undeclared/,
  );
});

test('should leave alone what comes and goes under other names, and nothing else', async () => {
  const now = [
    podOf('Pod', 'shell-x7k2p'),
    podOf('Pod', 'toolbox'),
    podOf('Workflow', 'etl-h7xqz'),
    podOf('TaskRun', 'build-1'),
    podOf('ReplicationController', 'cart-3'),
    podOf('Job', 'migrate-41'),
    podOf('Cluster', 'orders-17'),
  ];
  const tomorrow = [
    podOf('Pod', 'shell-b4c9d'),
    podOf('Pod', 'toolbox'),
    podOf('Workflow', 'nightly-2'),
    podOf('TaskRun', 'scan-qqw22'),
    podOf('ReplicationController', 'cart-4'),
    podOf('Job', 'migrate-42'),
    podOf('Cluster', 'orders-17'),
  ];
  const { file } = await draftedOn(server, [...LASTING, ...now]);
  assert.deepEqual(
    file.topology.closed.ignore.map(({ kind, name }) => `${kind} ${name}`),
    [
      'Cluster orders-17',
      'Job migrate-*',
      'Pod shell-*',
      'Pod toolbox',
      'ReplicationController cart-*',
      'TaskRun *',
      'Workflow *',
    ],
  );
  const objects = [...LASTING, ...tomorrow];
  assert.match(await verdictOf(DECLARED, file, objects), /^pass: /);
  for (const one of [podOf('Pod', 'shell'), podOf('Pod', 'toolbox-2'), podOf('Cluster', 'orders-18')])
    assert.match(await verdictOf(DECLARED, file, [...objects, one]), /^fail: /, one.metadata.name);
});

const IMAGES = 'topology/workloads/images';

/** What the chart `gateway` of Istio makes: a template with `image: auto`, which injection fills in each pod (its documentation, "Installing Gateways"). */
function istioGateway(...images: string[]): Stood[] {
  const at = 'istio-ingress/gateway';
  const labels = { app: 'gateway', istio: 'gateway' };
  const [replicas, waiting] = [images.length, images.values()];
  const made = workload({
    kind: 'Deployment',
    at,
    image: 'auto',
    container: 'istio-proxy',
    replicas,
    labels,
  });
  const filled = made.map((one) =>
    one.kind === 'Pod'
      ? { ...one, spec: { containers: [{ name: 'istio-proxy', image: waiting.next().value }] } }
      : one,
  );
  const ports = { 'status-port': 15_021, http2: 80, https: 443 };
  const door = service(at, ports, labels);
  return [
    namespace('istio-ingress'),
    ...filled,
    { ...door, spec: { ...(door['spec'] as object), type: 'LoadBalancer' } },
  ];
}

const PROXY = 'docker.io/istio/proxyv2:1.28.0';

test('should take the images of the pods where a gateway of Istio leaves them to injection', async () => {
  const objects = [...LASTING, ...istioGateway(PROXY, PROXY)];
  const { file, completed, text } = await draftedOn(server, objects);
  assert.deepEqual(file.topology.registry, {
    prefixes: ['api', 'agent', 'docker.io/istio/'].sort(),
    pinned: 'tag',
  });
  assert.equal(file.namespaces.edge, 'istio-ingress');
  assert.equal(completed.topology.edge?.hops[0]?.contains, 'istio-envoy');
  assert.match(text, /At the edge: Deployment istio-ingress\/gateway \(Istio gateway\)/);
  assert.match(await verdictOf(IMAGES, file, objects), /^pass: /);
  const other = [...LASTING, ...istioGateway(PROXY, 'elsewhere.test/proxyv2:latest')];
  assert.match(
    await verdictOf(IMAGES, file, other),
    /^fail: 3 of 17: registry, pin, repository of Deployment istio-ingress\/gateway container istio-proxy in Pod istio-ingress\/gateway-1; /,
  );
});

/** What the injector of a mesh makes of a pod. */
function meshed(one: Stood): Stood {
  if (one.kind !== 'Pod') return one;
  const { containers, ...spec } = one['spec'] as { containers: object[] };
  return {
    ...one,
    spec: {
      ...spec,
      containers: [...containers, { name: 'istio-proxy', image: PROXY }],
      initContainers: [{ name: 'istio-init', image: 'mirror.test/istio/proxyv2:1.28.0' }],
    },
  };
}

test('should take the images of what a webhook put into pods, init containers too', async () => {
  const image = `registry.example.com/shop/web@sha256:${'a'.repeat(64)}`;
  const web = workload({ kind: 'Deployment', at: 'shop/web', image, replicas: 2 });
  const objects = [...BASE, ...web.map(meshed)];
  const { file } = await draftedOn(server, objects);
  assert.deepEqual(file.topology.registry, {
    prefixes: ['docker.io/istio/', 'mirror.test/istio/', 'registry.example.com/shop/'],
    pinned: 'tag',
  });
  assert.match(await verdictOf(IMAGES, file, objects), /^pass: /);
});

test('should know no image of a gateway of Istio that has no pod', async () => {
  const objects = [...LASTING, ...istioGateway()];
  const { file } = await draftedOn(server, objects);
  assert.deepEqual(file.topology.registry?.prefixes, ['agent', 'api']);
  assert.match(
    await verdictOf(IMAGES, file, objects),
    /^inconclusive: .*registry of Deployment istio-ingress\/gateway container istio-proxy: .*seen no pod/,
  );
});

test('should count an infra node of OpenShift among infra nodes alone, although it has the role of workers', async () => {
  const role = (name: string) => ({ [`node-role.kubernetes.io/${name}`]: '' });
  const taints = [{ key: 'node-role.kubernetes.io/infra', effect: 'NoSchedule' }];
  const nodes = [
    ...['m-1', 'm-2', 'm-3'].map((name) =>
      node(name, { ...role('control-plane'), ...role('master'), ...role('worker') }),
    ),
    ...['i-1', 'i-2', 'i-3'].map((name) => node(name, { ...role('infra'), ...role('worker') }, { taints })),
    ...['w-1', 'w-2', 'w-3', 'w-4'].map((name) => node(name, role('worker'))),
  ];
  const { file, text } = await draftedOn(server, nodes);
  assert.deepEqual(
    file.topology.pools.map(({ name, count, withoutLabels, taints: own }) => [
      name,
      count.min,
      withoutLabels,
      own,
    ]),
    [
      ['infra', 3, [], taints],
      ['worker', 4, ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/infra'], []],
    ],
  );
  assert.doesNotMatch(text, /are these two pools/);
  assert.match(await verdictOf(POOLS, file, nodes), /^pass: /);
  const [infra, worker] = file.topology.pools;
  assert.ok(infra && worker);
  const topology = { ...file.topology, pools: [infra, { ...worker, withoutLabels: [] }] };
  assert.match(
    await verdictOf(POOLS, { ...file, topology }, nodes),
    /^fail: 4 of 25: pool worker, .*; the first: expected 4 nodes, seen 10/,
  );
  const fewer = nodes.filter(({ metadata }) => metadata.name !== 'w-4');
  assert.match(await verdictOf(POOLS, file, fewer), /^fail: /, 'an infra node does not stand for it');
});
