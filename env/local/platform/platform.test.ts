import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImageSet } from '../images/index.ts';
import { loadEnvironment } from '../../loader.ts';
import { ALL, contextWith, imageSet, objectsWith } from './_testing/platform.ts';
import { platformFingerprint, platformObjects } from './index.ts';
import type { KubeObject } from './objects.ts';
import { platformParts } from './parts.ts';
import { CANARY_JOB, scrapedIn } from './prometheus/services.ts';
import { placeholders } from './secrets.ts';
import { STORES } from './stores.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
  readonly securityContext: {
    readonly privileged?: boolean;
    readonly capabilities: { readonly drop: string[] };
  };
  readonly resources: { readonly requests: Record<string, string>; readonly limits: Record<string, string> };
}

interface Workload {
  readonly replicas: number;
  readonly template: {
    readonly spec: {
      readonly containers: Container[];
      readonly securityContext: { readonly runAsNonRoot: boolean };
      readonly hostNetwork?: boolean;
      readonly affinity?: unknown;
      readonly topologySpreadConstraints?: unknown;
    };
  };
}

const allObjects = (): KubeObject[] => objectsWith(ALL);

function workloads(): { name: string; spec: Workload }[] {
  return allObjects()
    .filter((object) => object.kind === 'Deployment' || object.kind === 'StatefulSet')
    .map((object) => ({ name: object.metadata.name, spec: object['spec'] as Workload }));
}

test('should give every container probes, requests, limits, no rights and a pinned image of the own registry', () => {
  const containers = workloads().flatMap(({ spec }) => spec.template.spec.containers);
  assert.ok(containers.length > Object.keys(STORES).length);
  for (const container of containers) {
    assert.ok(
      container.readinessProbe !== undefined && container.livenessProbe !== undefined,
      container.name,
    );
    const { requests, limits } = container.resources;
    assert.deepEqual(
      [Object.keys(requests).sort(), Object.keys(limits).sort()],
      [
        ['cpu', 'memory'],
        ['cpu', 'memory'],
      ],
      container.name,
    );
    assert.match(container.image, /^registry\.plumbline\.test:5000\/[^:]+:[^:@]+@sha256:[0-9a-f]{64}$/);
    assert.deepEqual(
      [container.securityContext.privileged, container.securityContext.capabilities.drop],
      [undefined, ['ALL']],
    );
  }
});

for (const instance of ['local', 'local-small', 'rehearsal'] as const)
  test(`should declare of every container of ${instance} the image that it is provisioned with`, async () => {
    const { topology } = await loadEnvironment(instance, { with: ['all'] });
    const words = ALL.filter(
      (word) => instance === 'local' || word !== (instance === 'rehearsal' ? 'ai' : 'gpu'),
    );
    const objects = platformObjects(contextWith(words, instance, imageSet(instance, words)));
    for (const { kind, namespace, name, image } of topology.workloads) {
      const found = objects.find(
        (one) => one.kind === kind && one.metadata.namespace === namespace && one.metadata.name === name,
      );
      assert.ok(found, name);
      const { containers } = (found['spec'] as Workload).template.spec;
      const seen = containers.map((one) => [one.name, /^[^/]+\/(.+):1@/.exec(one.image)?.[1]] as const);
      const declared = seen.map(([container]) => [
        container,
        typeof image === 'object' ? image[container] : image,
      ]);
      assert.deepEqual(declared, seen, name);
    }
  });

test('should run nothing as root or in the node’s namespaces', () => {
  for (const { name, spec } of workloads()) {
    assert.deepEqual(
      [spec.template.spec.securityContext.runAsNonRoot, spec.template.spec.hostNetwork],
      [true, undefined],
      name,
    );
  }
});

test('should spread everything that has replicas and allow one disruption of it, not all', () => {
  const budgets = allObjects().filter((object) => object.kind === 'PodDisruptionBudget');
  for (const { name, spec } of workloads().filter((workload) => workload.spec.replicas > 1)) {
    assert.ok(
      spec.template.spec.affinity !== undefined || spec.template.spec.topologySpreadConstraints !== undefined,
      name,
    );
    const budget = budgets.find((object) => object.metadata.name === name)?.['spec'] as
      { minAvailable: number } | undefined;
    assert.equal(budget?.minAvailable, spec.replicas - 1, name);
  }
});

test('should name every object once', () => {
  const names = allObjects().map(
    ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
  );
  assert.deepEqual(
    names.filter((name, at) => names.indexOf(name) !== at),
    [],
  );
});

test('should change its fingerprint with an image and with what is provisioned, and with nothing else', () => {
  const images = imageSet();
  const other = {
    ...images,
    postgres: { ...images['postgres'], pinned: 'registry.plumbline.test:5000/postgres:2' },
  } as ImageSet;
  const only = ['postgres'];
  const print = platformFingerprint(contextWith(only));
  assert.equal(platformFingerprint(contextWith(only)), print);
  assert.notEqual(platformFingerprint(contextWith(['postgres', 'redis'])), print);
  assert.notEqual(platformFingerprint(contextWith(only, 'local-small', other)), print);
});

test('should say which stores and parts there are when one is unknown, and what a part needs', () => {
  assert.throws(
    () => platformParts('local', ['oracle']),
    /no store or part of local is called "oracle"; there are postgres, .*, telemetry, ai, gpu$/,
  );
  assert.throws(() => platformParts('local', ['postgres', 'ai']), /the part ai needs redis, rabbitmq/);
});

test('should lead a way in to the backend, and to nothing where there is none', () => {
  const names = (words: string[]): string[] => platformParts('local', words).map(({ name }) => name);
  assert.ok(names(['postgres']).includes('edge'));
  assert.ok(!names(['redis']).includes('edge'));
});

test('should send telemetry and tenders on only where there is somebody to take them', () => {
  const environmentOf = (words: string[]): string =>
    JSON.stringify(
      objectsWith(words).filter(({ metadata }) => ['tender-api', 'gateway'].includes(metadata.name)),
    );
  assert.doesNotMatch(environmentOf(['postgres']), /OTLP_URL|HANDS_OVER|AI_UPSTREAM/);
  const everything = environmentOf(ALL);
  for (const name of ['OTLP_URL', 'HANDS_OVER', 'AI_UPSTREAM']) assert.match(everything, new RegExp(name));
});

test('should keep the device plugin on its pool, with two folders of kubelet and no other right', () => {
  const plugin = allObjects().find(
    ({ kind, metadata }) => kind === 'DaemonSet' && metadata.name === 'device-plugin',
  );
  const { template } = plugin?.['spec'] as {
    template: { spec: Record<string, unknown> & { containers: Container[] } };
  };
  const [container] = template.spec.containers;
  assert.ok(container?.readinessProbe !== undefined && container.livenessProbe !== undefined);
  assert.deepEqual(container.securityContext.capabilities.drop, ['ALL']);
  assert.equal(container.securityContext.privileged, undefined);
  assert.deepEqual(template.spec['nodeSelector'], { 'plumbline.dev/pool': 'gpu' });
  assert.deepEqual(template.spec['tolerations'], [
    { key: 'nvidia.com/gpu', operator: 'Exists', effect: 'NoSchedule' },
  ]);
  const mounted = (template.spec['volumes'] as { hostPath: { path: string } }[]).map(
    ({ hostPath }) => hostPath.path,
  );
  assert.deepEqual(mounted, ['/var/lib/kubelet/device-plugins', '/var/lib/kubelet/pod-resources']);
});

test('should keep the stand-in of the model where no drill takes it along with a worker', () => {
  const stub = allObjects().find(
    ({ kind, metadata }) => kind === 'Deployment' && metadata.name === 'llm-stub',
  );
  const { template } = stub?.['spec'] as { template: { spec: Record<string, unknown> } };
  const key = 'node-role.kubernetes.io/control-plane';
  assert.deepEqual(template.spec['nodeSelector'], { [key]: '' });
  assert.deepEqual(template.spec['tolerations'], [{ key, operator: 'Exists', effect: 'NoSchedule' }]);
});

test('should give every scraped service of the platform the Service by which its pods are found, with the port that is scraped', () => {
  const ports = new Map(
    allObjects().map(({ kind, metadata, spec }) => [
      `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      (spec as { ports?: { port: number }[] } | undefined)?.ports?.[0]?.port,
    ]),
  );
  for (const { job, namespace, port } of scrapedIn({ with: ALL }))
    if (job !== CANARY_JOB) assert.equal(ports.get(`Service ${namespace}/${job}-pods`), port, job);
});

const CLUSTER_WIDE = [
  'Namespace',
  'StorageClass',
  'IngressClass',
  'APIService',
  'ClusterRole',
  'ClusterRoleBinding',
];
const SETS = [...Object.keys(STORES).map((store) => [store]), ['postgres', 'telemetry'], ['gpu'], ALL];

for (const words of SETS)
  test(`should fill every placeholder, and give every object its labels and namespace, with ${words.join(', ')}`, () => {
    const objects = (['local', 'local-small'] as const).flatMap((instance) => objectsWith(words, instance));
    for (const { kind, metadata, ...object } of objects) {
      const name = `${kind} ${metadata.name}`;
      assert.doesNotMatch(JSON.stringify([metadata, object]), /\{\{|undefined/, name);
      assert.equal(metadata.labels?.['app.kubernetes.io/managed-by'], 'plumbline-env', name);
      assert.equal(metadata.labels['app.kubernetes.io/part-of'], 'tender-platform', name);
      assert.ok(metadata.labels['app.kubernetes.io/name'], name);
      assert.equal(metadata.namespace === undefined, CLUSTER_WIDE.includes(kind), name);
    }
  });

test('should keep passwords in Secrets alone', () => {
  const { any } = placeholders(['any']);
  for (const { kind, metadata, ...object } of allObjects())
    if (kind !== 'Secret') assert.ok(!JSON.stringify(object).includes(any), metadata.name);
});
