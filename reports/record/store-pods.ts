/** Which pods are the members of a store: what an environment says of them, as probes and judges read it. */

interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** One of three says where the members are; none of them: the store is an address without pods. */
export interface PodsDeclared {
  /** All members, also where several StatefulSets have them. */
  readonly members: number;
  readonly statefulSet?: Named | undefined;
  readonly statefulSets?:
    | {
        readonly namespace: string;
        readonly sets: readonly { readonly name: string; readonly members: number }[];
      }
    | undefined;
  readonly pods?:
    { readonly namespace: string; readonly labels: Readonly<Record<string, string>> } | undefined;
}

export interface MemberSet extends Named {
  readonly members: number;
}

/** StatefulSets whose pods are the members; none where labels choose the pods, and where there are no pods. */
export function memberSets({ members, statefulSet, statefulSets }: PodsDeclared): MemberSet[] {
  if (statefulSet !== undefined) return [{ ...statefulSet, members }];
  const { namespace = '', sets = [] } = statefulSets ?? {};
  return sets.map((set) => ({ namespace, ...set }));
}

/** How many members of a store no workload has two of, so that no other spread says where they are: all that labels choose, or those with a StatefulSet each. */
export function membersApart(declared: PodsDeclared): number {
  const apart = declared.pods === undefined ? setsOfOne(declared).length : declared.members;
  return apart >= 2 ? apart : 0;
}

/**
 * The pod of the one member that has a StatefulSet of its own beside sets of several, such as the master of a Redis in a set beside that of its
 * replicas: the spread of its own set says nothing. Null where none is, or several are (`membersApart`).
 */
export function memberAlone(declared: PodsDeclared): string | null {
  const [one, ...more] = setsOfOne(declared);
  if (one === undefined || more.length > 0 || memberSets(declared).length === 1) return null;
  return podsOfSet(one)[0] ?? null;
}

/** StatefulSets that have one member each. */
export function setsOfOne(declared: PodsDeclared): MemberSet[] {
  return memberSets(declared).filter(({ members }) => members === 1);
}

/** The namespace of the members; null: the store is an address without pods. */
export function memberNamespace({ statefulSet, statefulSets, pods }: PodsDeclared): string | null {
  return (statefulSet ?? statefulSets ?? pods)?.namespace ?? null;
}

/** How the pods of the members are told, to follow `no pod`: `of StatefulSet caches/kv`, `in databases with the labels app=pg`. */
export function membersText(declared: PodsDeclared): string {
  const { pods } = declared;
  if (pods === undefined)
    return `of StatefulSet ${memberSets(declared)
      .map(({ namespace, name }) => `${namespace}/${name}`)
      .join(', ')}`;
  const labels = Object.entries(pods.labels).map(([key, value]) => `${key}=${value}`);
  return `in ${pods.namespace} with the labels ${labels.join(', ')}`;
}

/** Names of the members' pods, as StatefulSets number them; null where nothing names them before they are seen. */
export function memberNames(declared: PodsDeclared): string[] | null {
  const sets = memberSets(declared);
  return sets.length === 0 ? null : sets.flatMap(podsOfSet);
}

/** Names of the pods of one StatefulSet. */
export function podsOfSet({ name, members }: Pick<MemberSet, 'name' | 'members'>): string[] {
  return Array.from({ length: members }, (_, ordinal) => `${name}-${ordinal}`);
}
