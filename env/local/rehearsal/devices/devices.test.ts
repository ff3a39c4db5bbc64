import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { loadEnvironment } from '../../../loader.ts';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { imagesFor, platformObjects, toolsFor } from '../../platform/index.ts';
import type { PlatformContext } from '../../platform/index.ts';
import { devices } from './index.ts';

const WORDS = ['gpu'];
const CONTEXT = contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS));
const OBJECTS = platformObjects(CONTEXT);

interface Template {
  readonly automountServiceAccountToken: boolean;
  readonly hostNetwork?: boolean;
  readonly securityContext: unknown;
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations?: unknown;
  readonly volumes: readonly { readonly name: string; readonly hostPath: { readonly path: string } }[];
  readonly containers: readonly [
    {
      readonly image: string;
      readonly args: readonly string[];
      readonly readinessProbe?: unknown;
      readonly livenessProbe?: unknown;
      readonly securityContext: unknown;
      readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
      readonly volumeMounts: readonly { readonly name: string; readonly readOnly?: boolean }[];
    },
  ];
}

function plugin(): Template {
  const { spec, metadata } = named(OBJECTS, 'DaemonSet', 'cards') ?? assert.fail('no DaemonSet');
  assert.equal(metadata.namespace, 'accelerators');
  return (spec as { template: { spec: Template } }).template.spec;
}

const argument = (name: string): string | undefined =>
  plugin()
    .containers[0].args.find((one) => one.startsWith(`--${name}=`))
    ?.slice(`--${name}=`.length);

test('should be there only with its word, with a program and an image of its own', () => {
  const without = platformObjects(contextWith(['redis'], 'rehearsal', imageSet('rehearsal', ['redis'])));
  assert.ok(!without.some(({ metadata }) => metadata.name === 'cards'));
  const images = (words: string[]): boolean =>
    imagesFor('rehearsal', words).some(({ name }) => name === 'device-plugin');
  assert.deepEqual([images(WORDS), images(['redis'])], [true, false]);
  assert.ok(toolsFor('rehearsal', WORDS).includes('gpu'));
});

test('should write into folders of kubelet and the runtime, as root without any of its powers', () => {
  const { metadata } = named(OBJECTS, 'Namespace', 'accelerators') ?? assert.fail('no namespace');
  assert.equal(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'privileged');
  const { containers, volumes, ...pod } = plugin();
  assert.deepEqual(pod.securityContext, {
    runAsUser: 0,
    runAsGroup: 0,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  assert.deepEqual(
    [pod.automountServiceAccountToken, pod.hostNetwork, pod.tolerations],
    [false, undefined, undefined],
  );
  const [{ securityContext, volumeMounts, readinessProbe, livenessProbe, image, resources }] = containers;
  assert.deepEqual(securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  assert.match(image, /^registry\.plumbline\.test:5000\/device-plugin:/);
  assert.ok(readinessProbe !== undefined && livenessProbe !== undefined);
  assert.equal(resources.limits['memory'], '64Mi');
  const ofNode = volumes.map(
    ({ name, hostPath }) =>
      [hostPath.path, volumeMounts.find((one) => one.name === name)?.readOnly === true] as const,
  );
  assert.deepEqual(ofNode, [
    ['/var/lib/kubelet/device-plugins', false],
    ['/var/lib/kubelet/pod-resources', true],
    ['/var/run/cdi', false],
  ]);
  const own = OBJECTS.filter((one) => one.metadata.namespace === 'accelerators' && !/^Role/.test(one.kind));
  assert.doesNotMatch(JSON.stringify(own), /tender|app\.kubernetes\.io|nvidia|PLUMBLINE|\{\{|undefined/);
});

test('should be declared as it is: the resource, its nodes, and devices that nothing but their nodes names', async () => {
  const { gpu, topology } = await loadEnvironment('rehearsal', { with: WORDS });
  assert.ok(gpu !== undefined);
  assert.deepEqual([gpu.resource, String(gpu.devicesPerNode)], [argument('resource'), argument('devices')]);
  assert.deepEqual(
    [argument('cdi-dir'), argument('variable'), gpu.simulated],
    ['/var/run/cdi', undefined, true],
  );
  assert.deepEqual(gpu.plugin, { namespace: 'accelerators', name: 'cards' });
  const pool = topology.pools.find(({ name }) => name === gpu.pool) ?? assert.fail('no pool');
  assert.deepEqual(plugin().nodeSelector, pool.labels);
  const nodes = CONTEXT.nodes.filter(({ labels }) =>
    Object.entries(pool.labels).every(([key, value]) => labels[key] === value),
  );
  assert.deepEqual([pool.count.min, pool.count.max], [nodes.length, nodes.length]);
  assert.deepEqual(pool.taints, nodes[0]?.taints);
  const declared = topology.workloads.find(({ name }) => name === 'cards');
  assert.deepEqual([declared?.replicas.min, declared?.part], [nodes.length, 'gpu']);
});

test('should be scraped at every pod, and let nobody else in', () => {
  const config = parse(fileOf(OBJECTS, 'metrics-setup', 'prometheus.yml')) as {
    scrape_configs: { job_name: string; dns_sd_configs?: { names: string[]; port: number }[] }[];
  };
  const [found] = config.scrape_configs.find((one) => one.job_name === 'cards')?.dns_sd_configs ?? [];
  assert.deepEqual([found?.names, found?.port], [['cards.accelerators.svc.cluster.local'], 9400]);
  const { spec } = named(OBJECTS, 'Service', 'cards') ?? assert.fail('no Service');
  const { clusterIP, ports } = spec as { clusterIP: string; ports: [{ port: number }] };
  assert.deepEqual([clusterIP, ports[0].port, argument('listen')], ['None', 9400, ':9400']);
  const policy = named(OBJECTS, 'NetworkPolicy', 'cards')?.['spec'] as {
    egress?: unknown;
    ingress: unknown[];
  };
  assert.equal(policy.egress, undefined);
  assert.match(
    JSON.stringify(policy.ingress),
    /^\[\{"from":\[\{.*"app":"metrics".*\}\],"ports":\[\{"port":9400\}\]\}\]$/,
  );
});

test('should wait until every node of the pool offers its devices', async () => {
  const asked: string[] = [];
  let looks = 0;
  const context: PlatformContext = {
    ...CONTEXT,
    kubectl: (argv) => {
      asked.push(argv.join(' '));
      looks += 1;
      return Promise.resolve(`worker-2=2 worker-3=${looks === 1 ? '' : '2'} `);
    },
  };
  await devices.works?.(context, { objects: OBJECTS, secrets: {} });
  assert.match(
    asked[0] ?? '',
    /^get nodes -l plumbline\.dev\/pool=accelerated .*allocatable\.vendor\\\.example\/accelerator/,
  );
  assert.equal(asked.length, 2, 'the first look saw only one of both');
});
