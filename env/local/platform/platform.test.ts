/** Both makes of the platform as they would be applied, without a cluster. What starts them, and the checks of each run, prove the rest. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
import { judgedOver } from '../../../suites/topology/_testing/observing.ts';
import type { Stood } from '../../draft/_testing/api-server.ts';
import { healthy, pod, withPods } from '../../draft/_testing/objects.ts';
import { loadEnvironment } from '../../loader.ts';
import type { ImageSet } from '../images/index.ts';
import { ALL, contextWith, fileOf, imageSet, objectsWith } from './_testing/platform.ts';
import { platformFingerprint, platformObjects } from './index.ts';
import type { KubeObject } from './objects.ts';
import { platformParts } from './parts.ts';
import { STORES } from './stores.ts';

type Applied = KubeObject & { spec: { replicas: number; template: { spec: PodSpec } } };
interface PodSpec {
  securityContext: { runAsNonRoot?: boolean };
  hostNetwork?: boolean;
  affinity?: unknown;
  topologySpreadConstraints?: unknown;
  containers: readonly { name: string; securityContext: { capabilities: { drop: readonly string[] } } }[];
}

const workloadsIn = (objects: readonly KubeObject[]): Applied[] =>
  objects.filter(({ kind }) => ['Deployment', 'StatefulSet'].includes(kind)) as Applied[];

/** What everything of an instance is called by `--with`, and the file of PostgreSQL that says who may log in. */
const MAKES = [
  { instance: 'local', words: ALL, logins: ['postgres-config', 'patroni.yml'] },
  {
    instance: 'local-small',
    words: ALL.filter((word) => word !== 'gpu'),
    logins: ['postgres-config', 'patroni.yml'],
  },
  { instance: 'rehearsal', words: ALL.filter((word) => word !== 'ai'), logins: ['pg-setup', 'pg_hba.conf'] },
] as const;
const CHECKS = ['images', 'probes', 'resources'].map((name) => `topology/workloads/${name}`);

/** The objects with their pods; a DaemonSet has one on each node. */
function running(objects: readonly KubeObject[], nodes: readonly { name: string }[]): Stood[] {
  const sets = objects.filter(({ kind }) => kind === 'DaemonSet') as Applied[];
  const pods = sets.flatMap(({ kind, metadata: { namespace = '', name }, spec: { template } }) => {
    const of = { namespace, spec: template.spec, owner: { kind, name, controller: true } };
    return nodes.map((node) => pod({ ...of, name: `${name}-${node.name}` }));
  });
  return healthy([...withPods(objects as unknown as Stood[]), ...pods]);
}

for (const { instance, words, logins } of MAKES)
  describe(`the platform of ${instance}`, () => {
    const stateDir = join(tempFolder(), instance);
    const context = { ...contextWith(words, instance, imageSet(instance, words)), stateDir };
    const parts = platformParts(instance, words);
    let objects: KubeObject[] = [];
    before(async () => {
      for (const part of parts) await part.prepare?.(context);
      objects = platformObjects(context);
    });

    it('should keep passwords and private keys in Secrets alone, and use each password', () => {
      const names = parts.flatMap(({ passwords }) => passwords);
      const secrets = Object.fromEntries(names.map((name) => [name, `password ${name}.`]));
      const applied = parts.flatMap((part) => part.objects(context, secrets));
      const [kept, plain] = [true, false].map((isSecret) =>
        JSON.stringify(applied.filter(({ kind }) => (kind === 'Secret') === isSecret)),
      );
      for (const password of Object.values(secrets)) {
        assert.ok(kept?.includes(password), `nothing uses ${password}`);
        assert.ok(!plain?.includes(password), `${password} is in no Secret alone`);
      }
      assert.doesNotMatch(plain ?? '', /PRIVATE KEY/);
      for (const line of (plain ?? '').split('\\n'))
        assert.doesNotMatch(line, /redis-cli.* (?:-a|--pass) /, 'a password on a command line');
    });

    it('should let nobody from another host into PostgreSQL without a password', () => {
      const rules = fileOf(objects, logins[0], logins[1]).match(/^[ -]*(?:local|host).* \S+$/gm) ?? [];
      assert.ok(rules.length > 2);
      for (const rule of rules) assert.match(rule, /local .* peer$|host(?:ssl)? .* scram-sha-256$/);
    });

    it('should name every object once, and apply again what it has applied', () => {
      const names = objects.map(
        ({ kind, metadata }) => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`,
      );
      assert.deepEqual(names, [...new Set(names)]);
      assert.deepEqual(platformObjects(context), objects);
    });

    it('should run nothing as root, on the network of a node, or with a right', () => {
      for (const { metadata, spec } of workloadsIn(objects)) {
        const { securityContext, hostNetwork, containers } = spec.template.spec;
        assert.deepEqual([securityContext.runAsNonRoot, hostNetwork], [true, undefined], metadata.name);
        for (const one of containers)
          assert.deepEqual(one.securityContext.capabilities.drop, ['ALL'], one.name);
      }
    });

    for (const check of CHECKS)
      it(`should pass ${check}`, async () => {
        const { topology, stores } = await loadEnvironment(instance, { with: words });
        const settings = { ...topology, stores, writes: false };
        const settled = running(objects, context.nodes);
        const { verdict, reason } = await judgedOver(check, { settings, objects: settled, settled });
        assert.equal(verdict, 'pass', reason);
      });
  });

describe('the reference platform', () => {
  it('should spread everything that has replicas and allow one disruption of it, not all', () => {
    const objects = objectsWith(ALL);
    const budgets = objects.filter((object) => object.kind === 'PodDisruptionBudget');
    for (const { metadata, spec } of workloadsIn(objects).filter((one) => one.spec.replicas > 1)) {
      const { affinity, topologySpreadConstraints } = spec.template.spec;
      assert.ok(affinity !== undefined || topologySpreadConstraints !== undefined, metadata.name);
      const budget = budgets.find((one) => one.metadata.name === metadata.name)?.['spec'];
      assert.equal((budget as { minAvailable: number }).minAvailable, spec.replicas - 1, metadata.name);
    }
  });

  it('should share no password between two stores', () => {
    const names = Object.values(STORES).flatMap(({ passwords }) => passwords);
    assert.deepEqual([...new Set(names)], names);
  });

  it('should change its fingerprint with an image and with what is provisioned, and with nothing else', () => {
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

  it('should say which stores and parts there are when one is unknown, and what a part needs', () => {
    assert.throws(
      () => platformParts('local', ['oracle']),
      /no store or part of local is called "oracle"; there are postgres, .*, telemetry, ai, gpu$/,
    );
    assert.throws(() => platformParts('local', ['postgres', 'ai']), /the part ai needs redis, rabbitmq/);
  });

  const CLUSTER_WIDE = /^(?:Namespace|StorageClass|IngressClass|APIService|ClusterRole(?:Binding)?)$/;
  for (const words of [
    ...Object.keys(STORES).map((store) => [store]),
    ['postgres', 'telemetry'],
    ['gpu'],
    ALL,
  ])
    it(`should have its images, fill every placeholder, and give every object its labels and namespace, with ${words.join(', ')}`, () => {
      const context = contextWith(words, 'local', imageSet('local', words));
      for (const { kind, metadata, ...object } of platformObjects(context)) {
        const name = `${kind} ${metadata.name}`;
        assert.doesNotMatch(JSON.stringify([metadata, object]), /\{\{|undefined/, name);
        assert.equal(metadata.labels?.['app.kubernetes.io/managed-by'], 'plumbline-env', name);
        assert.equal(metadata.labels['app.kubernetes.io/part-of'], 'tender-platform', name);
        assert.ok(metadata.labels['app.kubernetes.io/name'], name);
        assert.equal(metadata.namespace === undefined, CLUSTER_WIDE.test(kind), name);
      }
    });
});

describe('the platform of the rehearsal', () => {
  const words = ['postgres'];
  const objects = platformObjects(contextWith(words, 'rehearsal', imageSet('rehearsal', words)));

  it('should have nothing that is named or labelled like a thing of the reference platform', () => {
    const cluster = /^(?:local-path-provisioner|metrics-server|v1beta1\.metrics\.k8s\.io)$/;
    const theirs = new Set(objectsWith(words).map(({ metadata }) => metadata.name));
    const same = objects.filter(({ metadata: { name } }) => !cluster.test(name) && theirs.has(name));
    assert.deepEqual(same, []);
    // Without the texts of files: documented scripts name our platform in their examples.
    const own = objects.filter(
      ({ kind, metadata }) => metadata.namespace === 'databases' && !/^Role/.test(kind),
    );
    assert.doesNotMatch(
      JSON.stringify(own.map((one) => ({ ...one, data: null }))),
      /tender|patroni|app\.kubernetes\.io|plumbline-(?:env|local)/,
    );
  });

  it('should hold its workloads to what a restricted namespace wants', () => {
    const namespaces = new Set(workloadsIn(objects).map(({ metadata }) => metadata.namespace));
    for (const { metadata } of objects.filter(
      ({ kind, metadata: { name } }) => kind === 'Namespace' && namespaces.has(name),
    ))
      assert.equal(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted', metadata.name);
    assert.ok(namespaces.size > 2);
  });
});
