import { selects } from '../../../probes/kubernetes/label-selector.ts';
import type { NetworkPolicyObject } from '../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
import type { PodObject } from './shapes.ts';

type Labels = PodObject['metadata']['labels'];
type PolicyRule = NonNullable<NetworkPolicyObject['spec']['ingress']>[number];

const DIRECTIONS = ['Ingress', 'Egress'] as const;

/**
 * Records which NetworkPolicies isolate a canary, once it was not reached: what a policy drops says nothing of the network. Where they may not be
 * read, that is recorded, and the verdict stays.
 */
export async function recordIsolation(ctx: CheckContext, namespace: string, labels: Labels): Promise<void> {
  const { items, unavailable } = await ctx.cluster.list({
    kind: 'networking.k8s.io/v1/NetworkPolicy',
    namespace,
  });
  if (unavailable === undefined) ctx.record('canary-isolation', isolating(items, labels));
  else ctx.record('canary-isolation', { policies: [], unread: unavailable });
}

/**
 * Names of the policies that isolate pods with these labels, and of those that isolate what they send, and what they get. Policies add up: in a direction that one of them opens to
 * everybody, as that of deploy/rbac.yaml does, none isolates. (kubernetes.io, "Network Policies", the two sorts of pod isolation)
 */
export function isolating(
  policies: readonly NetworkPolicyObject[],
  labels: Labels,
): { policies: string[]; egress: string[]; ingress: string[] } {
  const selecting = policies.filter(({ spec }) => selects(spec.podSelector ?? {}, labels));
  const found = (direction: (typeof DIRECTIONS)[number]): NetworkPolicyObject[] => {
    const of = selecting.filter(({ spec }) => typesOf(spec).includes(direction));
    return of.some(({ spec }) => rulesOf(spec, direction).some(isOpen)) ? [] : of;
  };
  return {
    policies: namesOf(DIRECTIONS.flatMap(found)),
    egress: namesOf(found('Egress')),
    ingress: namesOf(found('Ingress')),
  };
}

function namesOf(policies: readonly NetworkPolicyObject[]): string[] {
  const names = policies.map(({ metadata: { namespace = '', name } }) => `${namespace}/${name}`);
  return [...new Set(names)].sort();
}

type Spec = NetworkPolicyObject['spec'];

const typesOf = ({ policyTypes, egress }: Spec): readonly string[] =>
  policyTypes ?? ['Ingress', ...(egress === undefined ? [] : ['Egress'])];

const rulesOf = (
  { ingress = [], egress = [] }: Spec,
  direction: (typeof DIRECTIONS)[number],
): PolicyRule[] => (direction === 'Ingress' ? ingress : egress);

const isOpen = ({ from = [], to = [], ports = [] }: PolicyRule): boolean =>
  [from, to, ports].every(({ length }) => length === 0);
