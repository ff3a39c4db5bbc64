/** What holds for every store of the rehearsal that is a set of pods over TLS. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileOf, named } from '../../platform/_testing/platform.ts';
import type { PlatformContext } from '../../platform/context.ts';
import type { KubeObject } from '../../platform/objects.ts';
import type { Part } from '../../platform/part.ts';
import { placeholders } from '../../platform/secrets.ts';

interface Container {
  readonly name: string;
  readonly image: string;
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
  readonly resources: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>>>>;
  readonly securityContext: {
    readonly allowPrivilegeEscalation: boolean;
    readonly capabilities: { readonly drop: readonly string[] };
  };
}
interface Pod {
  readonly securityContext: {
    readonly runAsNonRoot: boolean;
    readonly seccompProfile: { readonly type: string };
  };
  readonly affinity: { readonly podAntiAffinity: unknown };
  readonly containers: readonly Container[];
}

/**
 * Fails unless the namespace is restricted, its workloads keep to that, are spread, and nothing in it is named like a thing of the reference platform.
 * @returns the names of the containers by those of the workloads
 */
export function assertIsRestricted(
  objects: readonly KubeObject[],
  namespace: string,
): Record<string, string[]> {
  const { metadata } = named(objects, 'Namespace', namespace) ?? assert.fail(`no namespace ${namespace}`);
  assert.equal(metadata.labels?.['pod-security.kubernetes.io/enforce'], 'restricted');
  const own = objects.filter((one) => one.metadata.namespace === namespace && !isRight(one));
  // Without the texts of files: documented scripts name our platform in their examples.
  assert.doesNotMatch(
    JSON.stringify(own.map((one) => ({ ...one, data: null }))),
    /tender|app\.kubernetes\.io|plumbline-(?:env|local)|\{\{|undefined/,
  );
  const workloads = own.filter(({ kind }) => ['StatefulSet', 'Deployment'].includes(kind));
  return Object.fromEntries(
    workloads.map((workload) => {
      const { containers, securityContext, affinity } = podOf(workload);
      assert.ok(securityContext.runAsNonRoot && securityContext.seccompProfile.type === 'RuntimeDefault');
      // One pod has nobody to be apart from.
      if ((workload['spec'] as { replicas: number }).replicas > 1)
        assert.match(JSON.stringify(affinity.podAntiAffinity), /requiredDuringScheduling/);
      containers.forEach(assertHasNoRights);
      return [workload.metadata.name, containers.map(({ name }) => name)];
    }),
  );
}

function isRight({ kind }: KubeObject): boolean {
  return /^Role/.test(kind);
}

/** The pod of a workload's template. */
export function podOf(workload: KubeObject): Pod {
  return (workload['spec'] as { template: { spec: Pod } }).template.spec;
}

function assertHasNoRights(container: Container): void {
  const { image, resources, securityContext: rights, name, readinessProbe, livenessProbe } = container;
  assert.deepEqual([rights.allowPrivilegeEscalation, rights.capabilities.drop], [false, ['ALL']], name);
  assert.match(image, /^registry\.plumbline\.test:5000\/[^:]+:[^:@]+@sha256:[0-9a-f]{64}$/);
  assert.ok(readinessProbe !== undefined && livenessProbe !== undefined, name);
  for (const amounts of [resources.requests, resources.limits])
    assert.deepEqual(Object.keys(amounts).sort(), ['cpu', 'memory'], name);
}

/** Fails where a password of the part is in an object that is no Secret, or in none. */
export function assertKeepsSecrets(part: Part, context: PlatformContext): void {
  const passwords = Object.fromEntries(part.passwords.map((name) => [name, `password ${name}.`]));
  const all = part.objects(context, passwords);
  const texts = (secret: boolean): string =>
    JSON.stringify(all.filter(({ kind }) => (kind === 'Secret') === secret));
  for (const password of Object.values(passwords)) {
    assert.ok(texts(true).includes(password), password);
    assert.ok(!texts(false).includes(password), password);
  }
}

/** Where a store has its certificate: the folder in the state folder, and its objects. */
interface Place {
  readonly folder: string;
  readonly map: string;
  readonly secret: string;
}

/** Fails unless the part makes a certificate, keeps it, and has it in these objects, with the key in the Secret alone. */
export async function assertTakesCertificate(
  t: TestContext,
  part: Part,
  context: PlatformContext,
  { folder, map, secret }: Place,
): Promise<void> {
  const stateDir = await mkdtemp(join(tmpdir(), 'plumbline-rehearsal-'));
  t.after(() => rm(stateDir, { recursive: true }));
  const here = { ...context, stateDir };
  const made = async (): Promise<KubeObject[]> => {
    await part.prepare?.(here);
    return part.objects(here, placeholders(part.passwords));
  };
  const objects = await made();
  const authority = fileOf(objects, map, 'ca.crt');
  assert.match(authority, /^-----BEGIN CERTIFICATE-----/);
  assert.equal(fileOf(objects, secret, 'ca.crt'), authority);
  assert.match(fileOf(objects, secret, 'tls.crt'), /^-----BEGIN CERTIFICATE-----/);
  assert.match(fileOf(objects, secret, 'tls.key'), /^-----BEGIN PRIVATE KEY-----/);
  assert.doesNotMatch(JSON.stringify(objects.filter(({ kind }) => kind !== 'Secret')), /PRIVATE KEY/);
  assert.ok((await readdir(join(stateDir, folder))).includes('ca.crt'));
  assert.deepEqual(await made(), objects, 'the certificate is kept');
}
