/** The platform as it would be applied, without a cluster. */
import assert from 'node:assert/strict';
import type { ImageSet } from '../../images/index.ts';
import { addressesOf, nodesOf, type InstanceName } from '../../nodes/addressing.ts';
import type { PlatformContext } from '../context.ts';
import { imagesFor, platformObjects } from '../index.ts';
import type { KubeObject } from '../objects.ts';
import { PARTS } from '../parts.ts';
import { STORES } from '../stores.ts';

/** Everything that can be provisioned. */
export const ALL = [...Object.keys(STORES), ...Object.keys(PARTS)];
const DIGEST = `sha256:${'0'.repeat(64)}`;

/** Every image that an instance can need. */
export function imageSet(instance: InstanceName = 'local', words = ALL): ImageSet {
  const ref = (name: string): ImageSet[string] => {
    const reference = `registry.plumbline.test:5000/${name}:1`;
    return {
      name,
      tag: '1',
      digest: DIGEST,
      reference,
      pinned: `${reference}@${DIGEST}`,
      compressedBytes: 1,
      unpackedBytes: 1,
    };
  };
  return Object.fromEntries(imagesFor(instance, words).map(({ name }) => [name, ref(name)]));
}

export function contextWith(
  words: readonly string[],
  instance: InstanceName = 'local-small',
  images = imageSet(),
): PlatformContext {
  const size = instance === 'local' ? 'full' : 'small';
  return {
    instance,
    size,
    with: words,
    images,
    kubeconfig: '/state/kubeconfig',
    stateDir: '/state',
    addresses: addressesOf(instance),
    nodes: nodesOf(instance, size),
    kubectl: () => Promise.reject(new Error('no cluster in a unit test')),
    setLoadBalancerConfig: () => Promise.resolve(),
    onProgress: () => undefined,
  };
}

export function objectsWith(words: readonly string[], instance?: InstanceName): KubeObject[] {
  return platformObjects(contextWith(words, instance));
}

export function named(objects: readonly KubeObject[], kind: string, name: string): KubeObject | undefined {
  return objects.find((one) => one.kind === kind && one.metadata.name === name);
}

/** The text of a file of a ConfigMap or Secret. */
export function fileOf(objects: readonly KubeObject[], name: string, file: string): string {
  const { data, stringData } = objects.find(
    (one) => ['ConfigMap', 'Secret'].includes(one.kind) && one.metadata.name === name,
  ) as { data?: Record<string, string>; stringData?: Record<string, string> };
  return (data ?? stringData)?.[file] ?? assert.fail(`no ${file} in ${name}`);
}
