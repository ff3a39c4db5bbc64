import type { KubeObject } from '../../../harness/protocol.ts';
import type { ControlContext } from '../../../harness/control.ts';
import { CONTAINER_DEFAULTS, POD_DEFAULTS, podMetadata } from '../../_objects/canary.ts';
import { canary, CANARY } from '../../../_breaking/objects.ts';

const NAME = 'control-forgetful-volume';
const PROBE = `${NAME}-probe`;
/** Label of the pods of topology/storage/persistent. The policy changes only those, whatever else runs. */
const MARK = { 'plumbline.dev/check': 'topology.storage.persistent' };
/** An API server acts on a new policy when its informers have it: within a second on an idle one. */
const IN_FORCE_MS = 30_000;

/**
 * Makes the volumes of the check's own pods lose their data: when such a pod is created, the API server replaces its claim by an
 * emptyDir. The check itself is not changed.
 */
export async function forgetfulVolume(ctx: ControlContext): Promise<void> {
  await ctx.apply([policy(), binding()]);
  await ctx.until('the API server to swap claims for emptyDirs', () => isInForce(ctx), {
    timeoutMs: IN_FORCE_MS,
  });
}

function policy(): KubeObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: NAME, labels: { 'app.kubernetes.io/managed-by': 'plumbline' } },
    spec: {
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      matchConstraints: {
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': CANARY } },
        objectSelector: { matchLabels: MARK },
        resourceRules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
        ],
      },
      matchConditions: [
        {
          name: 'has-a-claim',
          expression:
            'has(object.spec.volumes) && size(object.spec.volumes) > 0 && has(object.spec.volumes[0].persistentVolumeClaim)',
        },
      ],
      mutations: [
        {
          patchType: 'JSONPatch',
          jsonPatch: {
            expression:
              '[JSONPatch{op: "replace", path: "/spec/volumes/0", value: Object.spec.volumes{name: object.spec.volumes[0].name, emptyDir: Object.spec.volumes.emptyDir{}}}]',
          },
        },
      ],
    },
  };
}

function binding(): KubeObject {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: NAME, labels: { 'app.kubernetes.io/managed-by': 'plumbline' } },
    spec: { policyName: NAME },
  };
}

/** Creates a pod that is never scheduled and looks what became of its volume. */
async function isInForce(ctx: ControlContext): Promise<true | null> {
  const pod = canary('v1', 'Pod', PROBE, {
    spec: {
      schedulingGates: [{ name: 'plumbline.dev/never' }],
      ...POD_DEFAULTS,
      containers: [{ ...CONTAINER_DEFAULTS, name: 'none', image: 'none' }],
      volumes: [{ name: 'data', persistentVolumeClaim: { claimName: 'none' } }],
    },
  });
  const ref = { apiVersion: 'v1', kind: 'Pod', namespace: CANARY, name: PROBE } as const;
  const labels = { ...pod.metadata.labels, ...MARK };
  await ctx.apply([{ ...pod, metadata: podMetadata({ ...pod.metadata, labels }) }]);
  const made = await ctx.get(ref);
  await ctx.delete(ref);
  return made?.spec.volumes?.[0]?.['emptyDir'] === undefined ? null : true;
}
