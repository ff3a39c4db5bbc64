import type { Workload } from '../../../env/schema.ts';
import { NO_SIDECAR } from '../../../reports/record/names/no-sidecar.ts';
import { isInjected } from '../../../reports/record/names/topology-names.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { KubeObject, ObjectRef } from '../../harness/protocol.ts';
import { findWorkloads, setting } from './declared.ts';

/** Nobody's user: canaries have no rights and need none. */
const USER = 65534;

/** What every canary pod has: no rights, small limits, nothing to wait for when it ends. */
export const POD_DEFAULTS = {
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  terminationGracePeriodSeconds: 0,
  securityContext: {
    runAsNonRoot: true,
    runAsUser: USER,
    runAsGroup: USER,
    fsGroup: USER,
    seccompProfile: { type: 'RuntimeDefault' },
  },
} as const;

export const CONTAINER_DEFAULTS = {
  resources: { requests: { cpu: '5m', memory: '8Mi' }, limits: { cpu: '200m', memory: '32Mi' } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  },
} as const;

/** Metadata of a canary pod, or of the template of one: with what keeps the proxies of meshes out of it. */
export function podMetadata<T extends Partial<KubeObject['metadata']>>(metadata: T) {
  const labels = { ...metadata.labels, ...NO_SIDECAR.labels };
  return { ...metadata, labels, annotations: { ...metadata.annotations, ...NO_SIDECAR.annotations } };
}

/** Policies often ask this label of pods. No pod's own name: that of a node may be in it, and is longer than a label. */
const NAMED = { 'app.kubernetes.io/name': 'plumbline-canary' };

/** A pod of one container that is never restarted, with the defaults of every canary; labels, `container` and `spec` are merged over them. */
export function canaryPod(
  metadata: KubeObject['metadata'],
  container: Record<string, unknown>,
  spec: Record<string, unknown> = {},
): KubeObject {
  const containers = [{ ...CONTAINER_DEFAULTS, ...container }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: podMetadata({ ...metadata, labels: { ...NAMED, ...metadata.labels } }),
    spec: { ...POD_DEFAULTS, restartPolicy: 'Never', containers, ...spec },
  };
}

/** Metadata of an object that a check creates; its labels name the check. */
export function canaryMetadata(
  ctx: CheckContext,
  name: string,
  labels: Record<string, string> = {},
): KubeObject['metadata'] {
  return { name, namespace: canaryNamespace(ctx), labels: { ...canaryLabels(ctx), ...labels } };
}

export function canaryLabels({ id }: Pick<CheckContext, 'id'>): Record<string, string> {
  return { 'app.kubernetes.io/managed-by': 'plumbline', 'plumbline.dev/check': id.replaceAll('/', '.') };
}

export function canaryNamespace(ctx: CheckContext): string {
  return setting(ctx, 'namespaces').canary;
}

/** The declared image with busybox, or the image of the first workload that serves and names one; null if there is neither. */
export async function canaryImage(ctx: CheckContext): Promise<string | null> {
  const declared = setting(ctx, 'network')?.probeImage;
  if (declared !== undefined) return declared;
  const found = await findWorkloads(ctx, (workload: Workload) => workload.serves);
  const images = found.flatMap(({ object }) => object?.spec.template.spec.containers[0]?.image ?? []);
  return images.find((image) => !isInjected(image)) ?? null;
}

export function refOf(object: KubeObject): ObjectRef {
  const { apiVersion, kind, metadata } = object;
  return {
    apiVersion,
    kind,
    name: metadata.name,
    ...(metadata.namespace !== undefined && { namespace: metadata.namespace }),
  };
}

/**
 * Affinity of pods that go to these nodes and to no other. By the names of their objects: a cloud may give a node another hostname label.
 * The API server refuses an affinity without a term, and a term with two names.
 * @throws Error without a node
 */
export function onNodes(names: readonly string[]): object {
  if (names.length === 0) throw new Error('an affinity needs at least one node');
  return requiring(
    names.map((name) => ({ matchFields: [{ key: 'metadata.name', operator: 'In', values: [name] }] })),
  );
}

/** Affinity of pods that go to no node of others, for the spec of a pod; empty where the environment declares none. */
export function offOthers({ settings }: Pick<CheckContext, 'settings'>): { affinity?: object } {
  const { others = [] } = settings.nodes ?? settings.topology?.nodes ?? {};
  if (others.length === 0) return {};
  // A node of others has all labels of one entry. One that is none lacks a label of each, so a term is a choice of one label of each entry.
  const terms = others.reduce<object[][]>(
    (chosen, { labels }) =>
      chosen.flatMap((term) =>
        Object.entries(labels).map(([key, value]) => [...term, { key, operator: 'NotIn', values: [value] }]),
      ),
    [[]],
  );
  return { affinity: requiring(terms.map((matchExpressions) => ({ matchExpressions }))) };
}

function requiring(nodeSelectorTerms: readonly object[]): object {
  return { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } };
}
