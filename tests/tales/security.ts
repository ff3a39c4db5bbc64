import type { NewSeen } from '../../reports/record/observations/index.ts';
import { changed, seen } from './tale.ts';
import type { Tale } from './tale.ts';

const RBAC = 'security/rbac';

type Rules = NewSeen<'grant'>['rules'];

const rules = (group: string, resource: string, ...verbs: string[]): Rules => [
  { groups: [group], resources: [resource], names: [], verbs },
];

/** One more binding, which is counted like the others. */
const granted =
  (account: string, given: Rules, namespace: string | null = null): Tale['bend'] =>
  (history) => {
    const by = `${namespace === null ? 'ClusterRoleBinding' : 'RoleBinding'} another of ClusterRole another`;
    const more = seen({
      kind: 'grant',
      t: history.observations[0]?.t ?? 0,
      account,
      by,
      namespace,
      rules: given,
    });
    return changed('roles-read', ({ grants }) => ({ grants: grants + 1 }))(more(history));
  };

export const TALES: readonly Tale[] = [
  {
    check: RBAC,
    says: 'the account of a store may do everything',
    must: 'fail',
    rule: 'rights',
    bend: granted('tender/redis', rules('*', '*', '*')),
  },
  {
    check: RBAC,
    says: 'a role with any verb on the subresources of pods is bound in the namespace',
    must: 'fail',
    rule: 'rights',
    bend: granted('tender/redis', rules('', '*/exec', '*'), 'tender'),
  },
  {
    check: RBAC,
    says: 'whoever has no credentials may read pods',
    must: 'fail',
    rule: 'anonymous',
    bend: granted('nobody', rules('', 'pods', 'get', 'list')),
  },
  {
    check: RBAC,
    says: 'a binding was read, and what it gives was not written down',
    must: 'inconclusive',
    rule: 'rights',
    bend: changed('roles-read', ({ grants }) => ({ grants: grants + 1 })),
  },
  {
    check: RBAC,
    says: 'an account may change its own Leases and read configuration everywhere',
    must: 'pass',
    bend: granted('tender/redis', [
      { groups: ['coordination.k8s.io'], resources: ['leases'], names: [], verbs: ['*'] },
      {
        groups: [''],
        resources: ['configmaps', 'pods', 'pods/log'],
        names: [],
        verbs: ['get', 'list', 'watch'],
      },
    ]),
  },
  {
    check: RBAC,
    says: 'an account may read the one Secret that it is named',
    must: 'pass',
    bend: granted(
      'tender/redis',
      [{ groups: [''], resources: ['secrets'], names: ['own'], verbs: ['get'] }],
      'tender',
    ),
  },
  {
    check: RBAC,
    says: 'a binding names a role that was deleted',
    must: 'pass',
    bend: granted('tender/redis', null),
  },
];
