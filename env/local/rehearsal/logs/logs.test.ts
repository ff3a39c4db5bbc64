import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { logFieldsOf } from '../../../../probes/logs/index.ts';
import { loadEnvironment } from '../../../loader.ts';
import { contextWith, fileOf, imageSet, named } from '../../platform/_testing/platform.ts';
import { imagesFor, platformObjects } from '../../platform/index.ts';
import { assertIsRestricted } from '../_testing/stores.ts';

const WORDS = ['postgres', 'telemetry'];
const OBJECTS = platformObjects(contextWith(WORDS, 'rehearsal', imageSet('rehearsal', WORDS)));
const CONFIG = fileOf(OBJECTS, 'lines-setup', 'rsyslog.conf');

interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string };
}
interface Template {
  readonly hostNetwork?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly automountServiceAccountToken: boolean;
  readonly securityContext: { readonly runAsUser: number };
  readonly nodeSelector: Readonly<Record<string, string>>;
  readonly tolerations: readonly unknown[];
  readonly volumes: readonly Volume[];
  readonly containers: readonly [
    {
      readonly image: string;
      readonly securityContext: unknown;
      readonly volumeMounts: readonly { readonly name: string; readonly readOnly?: boolean }[];
    },
  ];
}

function shipper(): Template {
  const { spec, metadata } = named(OBJECTS, 'DaemonSet', 'lines') ?? assert.fail('no DaemonSet');
  assert.equal(metadata.namespace, 'shipping');
  return (spec as { template: { spec: Template } }).template.spec;
}

test('should run a store beside the others of the namespace, and only with telemetry', () => {
  assert.deepEqual(assertIsRestricted(OBJECTS, 'watch')['archive'], ['node']);
  const without = platformObjects(
    contextWith(['postgres'], 'rehearsal', imageSet('rehearsal', ['postgres'])),
  );
  for (const name of ['archive', 'lines'])
    assert.ok(!without.some(({ metadata }) => metadata.name === name), name);
  const images = imagesFor('rehearsal', WORDS).map(({ name }) => name);
  assert.ok(images.includes('rsyslog') && images.includes('elasticsearch'));
});

test('should read the lines of every node that has a kubelet, as root without any of its powers', () => {
  const { metadata } = named(OBJECTS, 'Namespace', 'shipping') ?? assert.fail('no namespace');
  assert.equal(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'privileged');
  const { securityContext, tolerations, nodeSelector, containers, volumes, ...pod } = shipper();
  assert.deepEqual([securityContext.runAsUser, pod.automountServiceAccountToken], [0, false]);
  assert.deepEqual([tolerations, nodeSelector], [[{ operator: 'Exists' }], { 'kubernetes.io/os': 'linux' }]);
  assert.equal(pod.hostNetwork, undefined);
  const [{ securityContext: rights, volumeMounts, image }] = containers;
  assert.deepEqual(rights, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  assert.match(image, /^registry\.plumbline\.test:5000\/rsyslog:/);
  const ofNode = volumes.flatMap(({ name, hostPath }) =>
    hostPath === undefined
      ? []
      : [[hostPath.path, volumeMounts.find((one) => one.name === name)?.readOnly === true] as const],
  );
  assert.deepEqual(ofNode, [
    ['/var/log/pods', true],
    ['/var/lib/lines', false],
  ]);
});

test('should send to the store that is declared, into the indices that are declared', async () => {
  const { telemetry } = await loadEnvironment('rehearsal', { with: WORDS });
  const logs = telemetry?.logs ?? assert.fail('no logs');
  const { url, index, shipper: by } = logs;
  const { spec } = named(OBJECTS, 'Service', 'archive') ?? assert.fail('no Service');
  const { clusterIP, ports } = spec as { clusterIP: string; ports: [{ port: number }] };
  assert.equal(url, `http://${clusterIP}:${ports[0].port}`);
  assert.match(CONFIG, /server="archive\.watch\.svc\.cluster\.local" serverport="9200"/);
  assert.equal(index, 'lines-*');
  assert.match(CONFIG, /set \$\.index = "lines-" /);
  assert.deepEqual(by, { daemonSet: { namespace: 'shipping', name: 'lines' } });
});

test('should have every declared field where rsyslog puts it, and no name of the reference platform', async () => {
  const { telemetry } = await loadEnvironment('rehearsal', { with: WORDS });
  const fields = logFieldsOf(telemetry?.logs ?? assert.fail('no logs'));
  for (const [name, { source, line }] of Object.entries(fields)) {
    const set = `set $!${source.replaceAll('.', '!')} =`;
    const inLine = source.startsWith('app.');
    assert.ok(inLine ? CONFIG.includes('parse_json($!line, "\\$!app")') : CONFIG.includes(set), name);
    if (inLine) assert.equal(source, `app.${line.replace(/^app\./, '')}`, name);
  }
  const own = await loadEnvironment('local', { with: WORDS });
  const reference = logFieldsOf(own.telemetry?.logs ?? assert.fail('no logs'));
  const places = new Set(Object.values(reference).map(({ source }) => source));
  assert.deepEqual(
    Object.values(fields).filter(({ source }) => places.has(source)),
    [],
  );
});

test('should lose no line where it can be helped: on disk before it counts as read, sent until it is there, once', () => {
  const rulesets = [...CONFIG.matchAll(/^ruleset\(name="(\w+)"([^{]*)\{/gm)];
  const queued = rulesets.filter(([, , settings = '']) =>
    /queue\.type="Disk"[^{]*queue\.checkpointInterval="1"/.test(settings),
  );
  assert.deepEqual(
    queued.map(([, name]) => name),
    ['pods', 'answered'],
  );
  // Ended for want of time, a queue drops what is being sent; killed before, it does not.
  const [, , settings = ''] = rulesets[0] ?? [];
  const endsMs = Number(/queue\.timeoutShutdown="(\d+)"/.exec(settings)?.[1]);
  assert.ok(endsMs > shipper().terminationGracePeriodSeconds * 1000, String(endsMs));
  const inputs = CONFIG.match(/^input\([^)]*\)/gm) ?? [];
  assert.equal(inputs.length, 2);
  for (const input of inputs) {
    assert.match(input, /freshStartTail="off" persistStateAfterSubmission="on" maxSubmitAtOnce="16"/);
    assert.doesNotMatch(input, /persistStateInterval/);
  }
  for (const setting of [
    'action.resumeRetryCount="-1"',
    'retryfailures="on"',
    'writeoperation="create"',
    'dynBulkId="on"',
    'ratelimit.interval="0"',
  ])
    assert.ok(CONFIG.includes(setting), setting);
});

test('should be a single node, which refuses no request for the garbage in its heap', () => {
  const node = parse(fileOf(OBJECTS, 'archive-node', 'elasticsearch.yml')) as Record<string, unknown>;
  assert.equal(node['discovery.type'], 'single-node');
  assert.equal(node['transport.host'], '127.0.0.1');
  assert.equal(node['indices.breaker.total.use_real_memory'], false);
});
