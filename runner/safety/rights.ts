/** Rights that commands need on the API server, whatever they run; each check adds those in its definition. */
import { asks, forwardsIn, gets, lists } from '../../probes/kubernetes/access/rights.ts';
import type { Right } from '../../probes/kubernetes/access/rights.ts';
import { OPERATORS } from '../../suites/catalogue/operators.ts';

/** Rights with what they are for, as the reference lists them. */
export interface Purpose {
  what: string;
  rights: readonly Right[];
}

/** One ConfigMap of Plumbline's own namespace. */
function configMap(name: string, ...verbs: readonly string[]): Right {
  return { verbs, group: '', resource: 'configmaps', where: 'system', names: [name] };
}

const METRICS = { verbs: ['list'], group: 'metrics.k8s.io', where: 'everywhere' } as const;

/** All that a run which only reads must have, beside what its checks do. */
export const TO_SEE_THE_PIN: Purpose = {
  what: 'to see that this is the pinned cluster',
  rights: [gets('v1/Namespace', 'everywhere', ['kube-system']), asks('/version')],
};

/** Where checks that judge restarts are run and nothing is changed: without it, what restarted of late is inconclusive. */
export const TO_KNOW_DRILLS: readonly Right[] = [configMap('plumbline-journal', 'get')];

/** Every command that may change something in an environment: `run`, `drill`, `controls`, `restore`. */
export const EVERY_COMMAND: readonly Purpose[] = [
  TO_SEE_THE_PIN,
  { what: "to find Plumbline's own namespace", rights: [gets('v1/Namespace', 'everywhere')] },
  {
    what: 'to hold the Lease, so that nobody else runs',
    rights: [
      {
        verbs: ['get', 'update'],
        group: 'coordination.k8s.io',
        resource: 'leases',
        where: 'system',
        names: ['plumbline'],
      },
    ],
  },
  { what: 'to see the kill switch', rights: [configMap('plumbline-stop', 'get')] },
  {
    what: 'to mirror the rollback journal, and the list of pods that drills hit, where they outlive this machine',
    rights: [configMap('plumbline-journal', 'get', 'patch')],
  },
  {
    what: 'to have a Job undo what a dead run left',
    rights: [
      configMap('plumbline-undo', 'patch'),
      { verbs: ['get'], group: '', resource: 'serviceaccounts', where: 'system', names: ['plumbline-undo'] },
      { verbs: ['get', 'create', 'deletecollection'], group: 'batch', resource: 'jobs', where: 'system' },
    ],
  },
];

/** Further rights of commands that run checks. */
export const RUNS: readonly Purpose[] = [
  { what: 'to see whether the platform and its nodes are there', rights: lists('v1/Namespace', 'v1/Node') },
  {
    what: 'to read a password or a certificate that the environment file says is in a Secret or a ConfigMap',
    rights: [
      {
        ...gets('v1/Secret', 'platform'),
        notGiven:
          'passwords come from files or variables; where one is in a Secret, the owner of that Secret grants `get` on it by name',
      },
      {
        ...gets('v1/ConfigMap', 'platform'),
        notGiven: 'only where an authority is in one, whose owner grants `get` on it by name; `view` has it',
      },
    ],
  },
  {
    what: 'to know how busy the nodes are, and because of whom; without this right a goal missed on busy nodes fails the check all the same',
    rights: [
      ...lists('v1/Node', 'v1/Pod'),
      { ...METRICS, resource: 'nodes' },
      { ...METRICS, resource: 'pods' },
    ],
  },
];

/** What reading the objects of operators takes, where an environment declares them. */
export const OPERATED: readonly Purpose[] = OPERATORS.flatMap(({ what, declaredBy, rights }) =>
  rights.length === 0 ? [] : [{ what: `to read ${what} (${declaredBy})`, rights }],
);

/** For a runner outside of the cluster's network: `cluster.reach: port-forward`. */
export const REACH: readonly Purpose[] = [
  {
    what: 'to ask stores through the API server, in each namespace in which a store has its pods',
    rights: [forwardsIn('platform')],
  },
  {
    what: 'to know which pod is behind an address that an environment file or a store names',
    rights: lists('v1/Pod', 'v1/Service', 'discovery.k8s.io/v1/EndpointSlice'),
  },
];

/** For faults outside embedded environments; a fault's own rights are listed with it. */
export const DRILLS: readonly Purpose[] = [
  { what: "to read the owners' permit, before every fault", rights: [configMap('plumbline-permit', 'get')] },
  {
    what: 'to see that no other namespace has a Lease of Plumbline',
    rights: [
      ...lists('v1/Namespace'),
      {
        verbs: ['get'],
        group: 'coordination.k8s.io',
        resource: 'leases',
        where: 'everywhere',
        names: ['plumbline'],
      },
    ],
  },
  {
    what: 'to know which pod a fault hits, and how often that pod restarted before',
    rights: lists('v1/Pod'),
  },
];

/** For nodes that a run on another machine switched off. */
export const RESTORES: readonly Purpose[] = [
  {
    what: 'to see that a node belongs to this cluster before switching it on again',
    rights: [gets('v1/Node', 'everywhere')],
  },
];

/** For the account of the undo Jobs, which outlive the run; `undoing` adds the rights to undo. */
export const UNDO_JOBS: readonly Purpose[] = [
  {
    what: 'to see that nobody renews the Lease any more',
    rights: [
      {
        verbs: ['get'],
        group: 'coordination.k8s.io',
        resource: 'leases',
        where: 'system',
        names: ['plumbline'],
      },
    ],
  },
  {
    what: 'to read what must be undone, and to remove entries that are settled',
    rights: [configMap('plumbline-journal', 'get', 'patch')],
  },
];

/** Rights to undo creations in Plumbline's own namespaces: read the object, and delete it if it carries our marker. */
export function undoing(rights: readonly Right[]): Right[] {
  return rights
    .filter(({ verbs, where }) => verbs.includes('create') && ['canary', 'drill'].includes(where))
    .filter(({ resource }) => !resource.includes('/'))
    .map((right) => ({ ...right, verbs: ['get', 'delete'] }));
}

/** For the platform's owners only, for no account of Plumbline. */
export const OWNERS: readonly Purpose[] = [
  {
    what: 'to create the permit and the kill switch, and to remove them',
    rights: [
      { verbs: ['get', 'list', 'create'], group: '', resource: 'configmaps', where: 'system' },
      {
        verbs: ['update', 'patch', 'delete'],
        group: '',
        resource: 'configmaps',
        where: 'system',
        names: ['plumbline-permit', 'plumbline-stop'],
      },
    ],
  },
];
