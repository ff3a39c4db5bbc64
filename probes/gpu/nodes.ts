import { z } from 'zod';
import { parseJson } from '../../host/json.ts';
import type { NodeObject } from '../kubernetes/objects.ts';
import { claimNames, claimsOfPod } from './claims.ts';
import { namespacedName } from '../kubernetes/kube-object.ts';

export interface Taint {
  key: string;
  value?: string;
  effect: string;
}

/** Capacity and allocatable amount of a resource on a node; null: the node does not report it. */
export function offerOf(
  { status }: Pick<NodeObject, 'status'>,
  resource: string,
): { capacity: number | null; allocatable: number | null } {
  const { capacity, allocatable } = status;
  return { capacity: countOf(capacity?.[resource]), allocatable: countOf(allocatable?.[resource]) };
}

/** Extended resources are whole numbers, of which the API server writes thousands as `1k`. */
function countOf(quantity: string | undefined): number | null {
  if (quantity === undefined) return null;
  const found = /^(\d+)(k?)$/.exec(quantity);
  return found === null ? null : Number(found[1]) * (found[2] === 'k' ? 1000 : 1);
}

/** A pod with its requests and tolerations, which the runner's cache drops. */
export interface NodePod {
  /** `namespace/name` */
  name: string;
  /** How much of the resource it asks for. */
  requested: number;
  tolerations: Toleration[];
  /** Started by the node's kubelet from a file: the scheduler, and so no taint for it, ever had a say. */
  isStatic: boolean;
  /** Names of its ResourceClaims; null for one that was not made yet. */
  claims: (string | null)[];
  /** As admission resolved it; 0 where it names no PriorityClass and none is the cluster's default. */
  priority: number;
  /** Whether the scheduler may end pods of lower priority for it: not with `preemptionPolicy: Never`. */
  preempts: boolean;
}

const container = z.object({
  resources: z.object({ limits: z.record(z.string(), z.string()).optional() }).optional(),
});
const containers = z.array(container).optional();
const toleration = z.object({
  key: z.string().optional(),
  operator: z.string().optional(),
  value: z.string().optional(),
  effect: z.string().optional(),
});
const podList = z.object({
  items: z
    .array(
      z.object({
        metadata: z.object({
          name: z.string(),
          namespace: z.string().optional(),
          annotations: z.record(z.string(), z.string()).optional(),
        }),
        spec: z
          .object({
            containers,
            initContainers: containers,
            tolerations: z.array(toleration).optional(),
            resourceClaims: claimsOfPod.spec,
            priority: z.number().optional(),
            preemptionPolicy: z.string().optional(),
          })
          .optional(),
        status: z
          .object({
            phase: z.string().optional(),
            resourceClaimStatuses: claimsOfPod.status,
            extendedResourceClaimStatus: claimsOfPod.extended,
          })
          .optional(),
      }),
    )
    .default([]),
});

type RawContainer = z.infer<typeof container>;
type Toleration = z.infer<typeof toleration>;
type RawPod = z.infer<typeof podList>['items'][number];

/** On the object by which the API server shows a static pod (Kubernetes, "Well-Known Labels, Annotations and Taints"). */
const MIRROR_POD = 'kubernetes.io/config.mirror';

/**
 * Pods of a list answer that have not ended; null if the answer is not a list of pods.
 */
export function readPods(body: string, resource: string): NodePod[] | null {
  const listed = podList.safeParse(parseJson(body));
  if (!listed.success) return null;
  return listed.data.items
    .filter(({ status }) => status?.phase !== 'Succeeded' && status?.phase !== 'Failed')
    .map(({ metadata, spec = {}, status = {} }) => ({
      name: namespacedName({ metadata }),
      requested: requestOf(spec, resource),
      tolerations: spec.tolerations ?? [],
      isStatic: metadata.annotations?.[MIRROR_POD] !== undefined,
      claims: claimNames(spec.resourceClaims, {
        status: status.resourceClaimStatuses,
        extended: status.extendedResourceClaimStatus,
      }),
      priority: spec.priority ?? 0,
      preempts: spec.preemptionPolicy !== 'Never',
    }));
}

/** As the scheduler counts: the sum of the containers, or the largest init container if that is more. Sidecars request no devices here. */
function requestOf(
  { containers = [], initContainers = [] }: NonNullable<RawPod['spec']>,
  resource: string,
): number {
  const of = ({ resources }: RawContainer): number => countOf(resources?.limits?.[resource]) ?? 0;
  const together = containers.reduce((sum, one) => sum + of(one), 0);
  return Math.max(together, ...initContainers.map(of));
}

/** Whether a pod may be put onto a node with these taints. Rules: Kubernetes, "Taints and Tolerations". */
export function toleratesAll(tolerations: readonly Toleration[], taints: readonly Taint[]): boolean {
  return taints
    .filter(({ effect }) => effect !== 'PreferNoSchedule')
    .every((taint) => tolerations.some((toleration) => matches(toleration, taint)));
}

/** Defaults of a toleration's fields (Kubernetes API). */
const DEFAULTS = { key: '', operator: 'Equal', value: '', effect: '' };

function matches(toleration: Toleration, taint: Taint): boolean {
  const { key, operator, value, effect } = { ...DEFAULTS, ...toleration };
  if (effect !== '' && effect !== taint.effect) return false;
  if (operator === 'Exists') return key === '' || key === taint.key;
  return key === taint.key && value === (taint.value ?? '');
}
