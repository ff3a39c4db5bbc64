import { given, workloadsDeclared } from '../../topology/_objects/declaring.ts';
import { WORKLOADS } from '../../catalogue/touches.ts';
import { row } from '../../catalogue/row.ts';
import type { CatalogueRow } from '../../catalogue/types.ts';

export const checks: readonly CatalogueRow[] = [
  row({
    id: 'security/rbac',
    order: 211,
    touches: {
      lists: [
        ...WORKLOADS,
        'v1/ServiceAccount',
        'rbac.authorization.k8s.io/v1/ClusterRole',
        'rbac.authorization.k8s.io/v1/Role',
        'rbac.authorization.k8s.io/v1/ClusterRoleBinding',
        'rbac.authorization.k8s.io/v1/RoleBinding',
      ],
    },
    title: 'No workload may do what leads to more',
    section: '2',
    access: 'r - r r r',
    does: 'the rights that bindings give to the account of each declared workload, by its name or by a group, and to whoever has no credentials: everything, reading Secrets, commands in pods, kubelets, tokens of accounts, roles beyond its own, impersonation, approval of certificates and webhooks. A right to objects of certain names is not counted. A workload is let off, with a reason, by topology.workloads[].exempt',
    goal: 'the account of no declared workload has such a right, and nobody without credentials has any right to objects but in kube-public',
    requires: workloadsDeclared,
    reads: given('workloads'),
  }),
];
