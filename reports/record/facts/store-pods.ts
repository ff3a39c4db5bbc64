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
 * The StatefulSet of the one member that has one of its own beside sets of several, such as the master of a Redis in a set beside that of its
 * replicas: the spread of its own set says nothing. Null where none is, or several are (`membersApart`).
 */
export function memberAlone(declared: PodsDeclared): MemberSet | null {
  const [one, ...more] = setsOfOne(declared);
  if (one === undefined || more.length > 0 || memberSets(declared).length === 1) return null;
  return one;
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

/**
 * Names of the members' pods, as StatefulSets number them; null where nothing names them before they are seen.
 * @param seen pods that were seen: a set's first number is the least of its own, where one of these is too high for 0 (`spec.ordinals.start`)
 */
export function memberNames(declared: PodsDeclared, seen: readonly string[]): string[] | null {
  const sets = memberSets(declared);
  return sets.length === 0 ? null : sets.flatMap((set) => podsOfSet(set, firstOf(set, seen)));
}

function firstOf(set: MemberSet, seen: readonly string[]): number {
  const numbers = seen
    .filter((pod) => isPodOfSet(pod, set))
    .map((pod) => Number(pod.slice(set.name.length + 1)));
  return numbers.every((number) => number < set.members) ? 0 : Math.min(...numbers);
}

/** Names of the pods of one StatefulSet. @param first number of its first pod (`spec.ordinals.start`) */
export function podsOfSet({ name, members }: Pick<MemberSet, 'name' | 'members'>, first = 0): string[] {
  return Array.from({ length: members }, (_, at) => `${name}-${first + at}`);
}

/** Whether a pod has a name that the StatefulSet gives its pods, whatever the number of the first. */
export function isPodOfSet(pod: string, { name }: Pick<MemberSet, 'name'>): boolean {
  return pod.startsWith(`${name}-`) && /^\d+$/.test(pod.slice(name.length + 1));
}
