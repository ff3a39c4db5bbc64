import type { Fields } from '../../../reports/record/observations/index.ts';
import { namespacedName } from '../../../probes/kubernetes/kube-object.ts';
import type { BindingObject, RoleObject } from '../../../probes/kubernetes/objects.ts';
import type { CheckContext } from '../../harness/context.ts';
import { findWorkloads, type Found } from '../../topology/_objects/declared.ts';
import { NOBODY } from './nobody.ts';

export async function observe(ctx: CheckContext): Promise<void> {
  const found = await ctx.step('find the declared workloads', () => findWorkloads(ctx));
  const accounts = await ctx.step('read their accounts', () => recordAccounts(ctx, found));
  await ctx.step('read roles and bindings', () => recordGrants(ctx, [...new Set(accounts), NOBODY]));
}

/** Kubernetes mounts the token unless the pod, or else the account, says that it shall not. */
async function recordAccounts(ctx: CheckContext, found: readonly Found[]): Promise<string[]> {
  const listed = (await ctx.cluster.items({ kind: 'v1/ServiceAccount' })) ?? [];
  const byName = new Map(listed.map((one) => [namespacedName(one), one]));
  return found.flatMap(({ name: workload, workload: { namespace }, object }) => {
    if (object === undefined) return [];
    const { serviceAccountName = 'default', automountServiceAccountToken } = object.spec.template.spec;
    const account = `${namespace}/${serviceAccountName}`;
    const token = automountServiceAccountToken ?? byName.get(account)?.automountServiceAccountToken ?? true;
    ctx.record('workload-account', { workload, account, token });
    return [account];
  });
}

async function recordGrants(ctx: CheckContext, accounts: readonly string[]): Promise<void> {
  const [clusterRoles, roles, clusterBindings, bindings] = await Promise.all([
    ctx.cluster.items({ kind: 'rbac.authorization.k8s.io/v1/ClusterRole' }),
    ctx.cluster.items({ kind: 'rbac.authorization.k8s.io/v1/Role' }),
    ctx.cluster.items({ kind: 'rbac.authorization.k8s.io/v1/ClusterRoleBinding' }),
    ctx.cluster.items({ kind: 'rbac.authorization.k8s.io/v1/RoleBinding' }),
  ]);
  const allRoles = [...(clusterRoles ?? []), ...(roles ?? [])];
  const allBindings = [...(clusterBindings ?? []), ...(bindings ?? [])];
  const byName = new Map(allRoles.map((role) => [textOf(role), role]));
  const grants = allBindings.flatMap((binding) =>
    accounts.filter((account) => isFor(binding, account)).map((account) => grantOf(binding, account, byName)),
  );
  for (const grant of grants) ctx.record('grant', grant);
  ctx.record('roles-read', { roles: allRoles.length, bindings: allBindings.length, grants: grants.length });
}

/** Every account is in the groups of all accounts, of those of its namespace, and of whoever has credentials (Kubernetes, "Using RBAC Authorization"). */
function isFor({ metadata, subjects }: BindingObject, account: string): boolean {
  const [namespace = '', name] = account.split('/');
  const groups = ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'];
  const user = `system:serviceaccount:${namespace}:${name ?? ''}`;
  return (subjects ?? []).some((one) => {
    if (account === NOBODY)
      return one.kind === 'ServiceAccount'
        ? false
        : ['system:anonymous', 'system:unauthenticated'].includes(one.name);
    if (one.kind === 'Group') return groups.includes(one.name);
    if (one.kind === 'User') return one.name === user;
    return one.name === name && (one.namespace ?? metadata.namespace) === namespace;
  });
}

function grantOf(
  binding: BindingObject,
  account: string,
  roles: ReadonlyMap<string, RoleObject>,
): Fields<'grant'> {
  const { metadata, roleRef } = binding;
  const namespace = metadata.namespace ?? null;
  const role =
    roleRef.kind === 'Role' ? `Role ${namespace ?? ''}/${roleRef.name}` : `ClusterRole ${roleRef.name}`;
  const found = roles.get(role);
  return {
    account,
    by: `${textOf(binding)} of ${role}`,
    namespace,
    rules:
      found?.rules?.flatMap(({ apiGroups = [], resources = [], resourceNames = [], verbs }) =>
        resources.length === 0 ? [] : [{ groups: apiGroups, resources, names: resourceNames, verbs }],
      ) ?? (found === undefined ? null : []),
  };
}

/** `ClusterRole view`, `Role tender/backend`. */
function textOf({ kind, metadata: { namespace, name } }: BindingObject | RoleObject): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
