/** Rights by what is done with objects, for those who say what they need. */
import type { Place, Right } from '../../../faults/_common/right.ts';
import { kindOf } from '../kinds.ts';

export type { Place, Right } from '../../../faults/_common/right.ts';

/** `v1/Pod` → no group and `pods`; `apps/v1/Deployment` → `apps` and `deployments`. */
function resourceOf(kind: string): Pick<Right, 'group' | 'resource'> {
  const { apiVersion, plural } = kindOf(kind);
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : [];
  return { group, resource: plural };
}

/** What the cache needs of a kind: one list of the whole cluster, then a watch. */
export function lists(...kinds: readonly string[]): Right[] {
  return kinds.map((kind) => ({ verbs: ['list', 'watch'], ...resourceOf(kind), where: 'everywhere' }));
}

/** What it takes to read objects at one moment, by name or all of a namespace. */
export function reads(...kinds: readonly string[]): Right[] {
  return kinds.map((kind) => ({ verbs: ['get', 'list'], ...resourceOf(kind), where: 'everywhere' }));
}

export function gets(kind: string, where: Place, names?: readonly string[]): Right {
  return { verbs: ['get'], ...resourceOf(kind), where, ...(names !== undefined && { names }) };
}

/**
 * What a check needs to make something of its own and to take it away: it is created, or merged into where it is there, and waited for in
 * the cache, which lists the namespace where it may not list the cluster.
 */
export function makes(kind: string): Right {
  const verbs = ['get', 'list', 'watch', 'create', 'patch', 'delete'];
  return { verbs, ...resourceOf(kind), where: 'canary' };
}

/** The request is a GET that becomes a WebSocket; API servers since 1.35 ask for the right to create as well. */
export function execsIn(where: Place): Right {
  return { verbs: ['get', 'create'], group: '', resource: 'pods/exec', where };
}

/** As `execsIn`: a WebSocket. */
export function forwardsIn(where: Place): Right {
  return { verbs: ['get', 'create'], group: '', resource: 'pods/portforward', where };
}

export function logsIn(where: Place): Right {
  return { verbs: ['get'], group: '', resource: 'pods/log', where };
}

/** A path that is no resource. */
export function asks(path: string): Right {
  return { verbs: ['get'], group: '', resource: path, where: 'everywhere' };
}

/** The same rights with each resource once: what is needed of it for several reasons is one line. */
export function merged(rights: readonly Right[]): Right[] {
  const byPlace = new Map<string, Right>();
  for (const right of rights) {
    const { group, resource, where, names = [], notGiven = '' } = right;
    const key = JSON.stringify([where, group, resource, names, notGiven]);
    const verbs = new Set([...(byPlace.get(key)?.verbs ?? []), ...right.verbs]);
    byPlace.set(key, { ...right, verbs: [...verbs] });
  }
  return [...byPlace.values()];
}
