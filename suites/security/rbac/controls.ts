import { controlsFor } from '../../harness/control.ts';
import type { KubeObject } from '../../harness/protocol.ts';

const NAME = 'plumbline-control-rbac';
const GROUP = 'rbac.authorization.k8s.io';

function role(rules: object[]): KubeObject {
  return { apiVersion: `${GROUP}/v1`, kind: 'ClusterRole', metadata: { name: NAME }, rules };
}

function bound(kind: 'ClusterRoleBinding' | 'RoleBinding', group: string, namespace?: string): KubeObject {
  return {
    apiVersion: `${GROUP}/v1`,
    kind,
    metadata: { name: NAME, ...(namespace !== undefined && { namespace }) },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: NAME },
    subjects: [{ apiGroup: GROUP, kind: 'Group', name: group }],
  };
}

export const controls = controlsFor('security/rbac', {
  wildcard: {
    title: 'all accounts of the platform may do everything, by a group',
    seen: /may do everything everywhere by ClusterRoleBinding/,
    break: async (ctx) => {
      const { platform } = ctx.environment.namespaces;
      await ctx.apply([
        role([{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }]),
        bound('ClusterRoleBinding', `system:serviceaccounts:${platform}`),
      ]);
    },
  },
  secrets: {
    title: 'all accounts may read the Secrets of the platform',
    seen: /may read Secrets in /,
    break: async (ctx) => {
      const { platform } = ctx.environment.namespaces;
      await ctx.apply([
        role([{ apiGroups: [''], resources: ['secrets'], verbs: ['list'] }]),
        bound('RoleBinding', 'system:serviceaccounts', platform),
      ]);
    },
  },
  anonymous: {
    title: 'whoever has no credentials may list pods',
    seen: /rights of whoever has no credentials/,
    break: (ctx) =>
      ctx.apply([
        role([{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }]),
        bound('ClusterRoleBinding', 'system:unauthenticated'),
      ]),
  },
});
