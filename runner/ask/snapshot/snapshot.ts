import { atMost } from '../../../reports/record/at-most.ts';
import { objectText } from '../../../reports/record/observations/change.ts';
import type { Change, ObjectName } from '../../../reports/record/observations/change.ts';
import { changeOf } from './changed.ts';

/** What must be the same again after a trial. */
export interface Snapshot {
  /** By their names, as `objectText` has them. */
  objects: Map<string, SeenObject>;
  /** By the name of the store. */
  stores: Map<string, SeenStore>;
}

export interface SeenObject extends ObjectName {
  /** What it declares, but what changes by itself: JSON with sorted keys. */
  declared: string;
  /** Of a workload and a node; left out: it is neither. */
  ready?: boolean;
  /** How many pods of a StatefulSet with two templates have the last one: a pod that is created again may get it. */
  updated?: number;
  terminating?: true;
  /** A node on which nothing of the environment runs: an autoscaler may add or remove it, or others use it. */
  unused?: true;
}

export interface SeenStore {
  /**
   * `unasked`: it cannot be queried (no route, TLS, credentials): whether it is at rest is unknown, and other checks do not depend on it;
   * `broken`: it was not steady in any look of this run.
   */
  standing: 'steady' | 'unsteady' | 'unasked' | 'broken';
  /** The roles of its members as a sorted list, with its steadiness; or why there are none. */
  roles: string;
}

/** What is not at rest: names of objects, and of stores. */
interface Unrest {
  objects: string[];
  stores: string[];
}

/** Workloads and nodes that are not ready, and stores that are not steady. A store that cannot be queried counts only if it is the one in `about`. */
export function unrest({ objects, stores }: Snapshot, about: string | null = null): Unrest {
  const isRestless = (store: string, { standing }: SeenStore): boolean =>
    standing === 'unsteady' || (store === about && standing !== 'steady');
  return {
    objects: [...objects]
      .filter(([, one]) => one.ready === false && one.unused !== true)
      .map(([name]) => name),
    stores: [...stores].filter(([store, seen]) => isRestless(store, seen)).map(([store]) => store),
  };
}

/** The same in words, a line each. */
export function restlessLines(snapshot: Snapshot, about: string | null = null): string[] {
  const { objects, stores } = unrest(snapshot, about);
  return [
    ...objects.map((name) => `${name} is not ready`),
    ...stores.map((store) => `roles of ${store}: ${snapshot.stores.get(store)?.roles ?? 'not seen'}`),
  ];
}

/** Takes a store that is broken out of what is compared. */
export function leaveOut({ stores }: Snapshot, store: string): void {
  const roles = `broken before this trial: ${stores.get(store)?.roles ?? 'not seen'}`;
  stores.set(store, { standing: 'broken', roles });
}

/** Whether the roles of a store can be compared with later ones: not those of one that could not be asked, or that was broken. */
export function isCompared({ standing }: SeenStore): boolean {
  return standing === 'steady' || standing === 'unsteady';
}

/** The objects of a snapshot that are compared with a later one. */
export function comparedObjects({ objects }: Snapshot): ReadonlySet<string> {
  return new Set([...objects].filter(([, { unused }]) => unused !== true).map(([name]) => name));
}

/**
 * What became of the objects of a snapshot. What was terminating before may be gone after; what is terminating after must be waited for. Nodes that
 * were not there before, or on which nothing of the environment ran, are not compared: Plumbline makes no nodes.
 */
export function changes(before: Snapshot, after: Snapshot): Change[] {
  const names = new Set([...before.objects.keys(), ...after.objects.keys()]);
  return [...names].flatMap((name) => {
    const [was, is] = [before.objects.get(name), after.objects.get(name)];
    if (was?.unused === true || (is?.kind === 'Node' && was === undefined)) return [];
    if (is === undefined)
      return was === undefined || was.terminating === true ? [] : [gone(was, before, after)];
    return changesOf(was, is);
  });
}

function changesOf(was: SeenObject | undefined, is: SeenObject): Change[] {
  if (is.terminating === true)
    return was?.terminating === true ? [] : [became(is, 'terminating', ' is terminating')];
  return was === undefined || was.terminating === true ? [became(is, 'new', ' is new')] : changed(was, is);
}

function became({ kind, namespace, name }: SeenObject, what: Change['became'], said: string): Change {
  const object = { kind, ...(namespace !== undefined && { namespace }), name };
  return { ...object, became: what, text: `${objectText(object)}${said}` };
}

function changed(was: SeenObject, is: SeenObject): Change[] {
  const found: Change[] = was.declared === is.declared ? [] : [changeOf(is, was.declared, is.declared)];
  const add = (field: string, said: string): void => {
    found.push({ ...became(is, 'changed', said), fields: [field] });
  };
  if (was.ready !== is.ready)
    add('ready', is.ready === true ? ' was not ready, is ready' : ' was ready, is not');
  if (was.updated !== is.updated)
    add('updated', `: pods with its last template: was ${was.updated ?? 'all'}, is ${is.updated ?? 'all'}`);
  return found;
}

/** Nodes that are named. */
const MOST_NODES = 5;

/** Of a node that is gone: no fault leaves that behind, and no rollback brings it back. */
function gone(was: SeenObject, before: Snapshot, after: Snapshot): Change {
  if (was.kind !== 'Node') return became(was, 'gone', ' is gone');
  const since = [...after.objects].filter(([name, { kind }]) => kind === 'Node' && !before.objects.has(name));
  const names = atMost(
    since.map(([name]) => name),
    MOST_NODES,
  ).join(', ');
  const instead = since.length === 0 ? '' : `; new since then: ${names}`;
  const why = 'a group of machines has replaced it, or somebody has deleted it (Plumbline deletes no Node)';
  return became(was, 'gone', ` is gone: ${why}${instead}`);
}

/** The roles of each store that is compared, before and after. */
export function comparedRoles(
  before: Snapshot,
  after: Snapshot | null,
): { store: string; before: string; after: string }[] {
  return [...before.stores]
    .filter(([, seen]) => isCompared(seen))
    .map(([store, { roles }]) => ({
      store,
      before: roles,
      after: after?.stores.get(store)?.roles ?? 'not seen',
    }));
}

/** Characters of each of two texts that are shown. */
const MOST_CHARACTERS = 300;

/** What differs between two snapshots, in words; empty when nothing does. */
export function differences(before: Snapshot, after: Snapshot): string[] {
  const roles = comparedRoles(before, after).filter((one) => one.before !== one.after);
  const cut = (text: string): string => text.slice(0, MOST_CHARACTERS);
  return [
    ...changes(before, after).map(({ text }) => text),
    ...roles.map((one) => `roles of ${one.store}: was ${cut(one.before)}, is ${cut(one.after)}`),
  ];
}
