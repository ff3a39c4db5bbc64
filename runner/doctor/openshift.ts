import { traitsOf } from '../../env/providers/declared.ts';
import type { Environment } from '../../env/schema.ts';
import { errorText } from '../../reports/record/error-text.ts';
import type { PlannedCheck } from '../../suites/catalogue/index.ts';
import type { KubeCall } from '../provider-safety.ts';
import { UNDO_NAME } from '../safety/timers/undo-account.ts';
import { missing, ok, unknown } from './item.ts';
import type { Item, Kind, Situation } from './item.ts';
import { actsOnNodes, makingCanaries } from './own-objects.ts';
import { admissionOfCanaries } from './pod-security.ts';
import { mayDo, reviewed } from './rights.ts';

/**
 * Which SecurityContextConstraints of OpenShift the accounts of pods may use: without nonroot-v2 no canary starts, and neither does the Job that
 * undoes what a dead run left (OpenShift documentation, "Managing security context constraints").
 */
export const openshift: Kind = { name: 'OpenShift', look };

const GROUP = 'security.openshift.io';
const RESOURCE = 'securitycontextconstraints';
const APPLY = 'kubectl apply -f deploy/openshift.yaml   # as an administrator';

interface Use {
  scc: 'nonroot-v2' | 'privileged';
  namespace: string;
  /** A ServiceAccount of the namespace: of pods that a controller makes. null: the account of the kubeconfig, which makes them itself. */
  account: string | null;
  pods: string;
}

async function look({ environment, running, reached, deadlineMs }: Situation): Promise<Item[]> {
  if (reached === null || traitsOf(environment).ownedByUs) return [];
  const { kube } = reached;
  // Which groups there are is told to every account (Kubernetes documentation, "API discovery").
  const { status } = await kube({ method: 'GET', path: `/apis/${GROUP}`, timeoutMs: deadlineMs });
  if (status === 404) return [];
  if (status !== 200)
    return [
      unknown('SecurityContextConstraints', `GET /apis/${GROUP} answered ${status}: whether it is OpenShift`),
    ];
  return Promise.all(usesOf(environment, running).map((use) => itemOf(use, kube, deadlineMs)));
}

function usesOf(environment: Environment, running: readonly PlannedCheck[]): Use[] {
  const { system, canary, drill } = environment.namespaces;
  const making = makingCanaries(environment, running);
  const privileged = admissionOfCanaries(environment, making).level === 'privileged';
  const canaries = { scc: privileged ? 'privileged' : 'nonroot-v2', namespace: canary } as const;
  const spread = making.some(({ row }) => row.touches.makes?.includes('apps/v1/DaemonSet') === true);
  return [
    { scc: 'nonroot-v2', namespace: system, account: UNDO_NAME, pods: 'Jobs that undo' },
    ...(making.length === 0 ? [] : [{ ...canaries, account: null, pods: 'canaries' }]),
    ...(spread ? [{ ...canaries, account: 'default', pods: 'canaries on every node' }] : []),
    ...(actsOnNodes(environment, running)
      ? [{ scc: 'privileged', namespace: drill, account: null, pods: 'privileged pods of drills' } as const]
      : []),
  ];
}

async function itemOf(use: Use, kube: KubeCall, timeoutMs: number): Promise<Item> {
  const { scc, namespace, account, pods } = use;
  const what = `use of the SecurityContextConstraints ${scc} in ${namespace} (${pods})`;
  const who = account === null ? 'the account of the kubeconfig' : `the ServiceAccount ${account}`;
  try {
    const may = await (account === null ? mayUse(use, kube, timeoutMs) : mayUseAs(use, kube, timeoutMs));
    if (may === null)
      return unknown(what, `this account may not ask for the rights of ${account}`, asked(use));
    return may ? ok(what, `${who} may`) : missing(what, `${who} may not: its pods are refused`, APPLY);
  } catch (error) {
    return unknown(what, errorText(error));
  }
}

function mayUse({ scc, namespace }: Use, kube: KubeCall, timeoutMs: number): Promise<boolean> {
  const right = { verbs: ['use'], group: GROUP, resource: RESOURCE, where: 'system', names: [scc] } as const;
  return mayDo({ right, namespace, for: [], verb: 'use' }, kube, timeoutMs);
}

/** null: only administrators may ask for the rights of others. */
async function mayUseAs(use: Use, kube: KubeCall, timeoutMs: number): Promise<boolean | null> {
  const { scc, namespace } = use;
  const groups = ['system:authenticated', 'system:serviceaccounts', `system:serviceaccounts:${namespace}`];
  const resourceAttributes = { verb: 'use', group: GROUP, resource: RESOURCE, name: scc, namespace };
  const reply = await kube({
    method: 'POST',
    path: `/apis/authorization.k8s.io/v1/namespaces/${namespace}/localsubjectaccessreviews`,
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'LocalSubjectAccessReview',
      metadata: { namespace },
      spec: { user: userOf(use), groups, resourceAttributes },
    },
    timeoutMs,
  });
  return reply.status === 403 ? null : reviewed(reply);
}

const userOf = ({ namespace, account }: Use): string => `system:serviceaccount:${namespace}:${account}`;

/** How an administrator asks, and what to do where the answer is no. */
function asked(use: Use): string {
  const question = `kubectl auth can-i use ${RESOURCE}.${GROUP}/${use.scc} -n ${use.namespace} --as=${userOf(use)}`;
  return `${question}   # as an administrator; where it says no:\n${APPLY}`;
}
