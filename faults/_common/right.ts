/** Where a right is needed: a namespace by its name in an environment file, or one of these; `workloads` is each in which one is declared. */
export type Place =
  'everywhere' | 'platform' | 'edge' | 'workloads' | 'canary' | 'system' | 'drill' | 'kube-system';

/** What the API server must let an account do. Verbs are Kubernetes' own. */
export interface Right {
  verbs: readonly string[];
  /** API group; empty for the core group. */
  group: string;
  /** `pods`, `pods/log`; a path such as `/version` is no resource, and has no group. */
  resource: string;
  where: Place;
  /** Only objects of these names. */
  names?: readonly string[];
  /** Why no account of deploy/rbac.yaml has it, and what becomes of the check then. */
  notGiven?: string;
}

/** What an injector needs that acts on a node through a privileged pod: `faults/injectors/pod.ts`. */
export const BY_POD_ON_NODE: readonly Right[] = [
  { verbs: ['get', 'create', 'delete'], group: '', resource: 'pods', where: 'drill' },
  { verbs: ['get', 'create'], group: '', resource: 'pods/exec', where: 'drill' },
];

/** Whether a node that was lost is back is told from its heartbeat and its condition. */
export const UNTIL_NODE_IS_BACK: readonly Right[] = [
  { verbs: ['get'], group: '', resource: 'nodes', where: 'everywhere' },
  { verbs: ['get'], group: 'coordination.k8s.io', resource: 'leases', where: 'everywhere' },
];
