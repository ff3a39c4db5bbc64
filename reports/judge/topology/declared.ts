/** The declarations that judges read from a history's header. */
import type { HeaderSettings } from '../../record/settings.ts';
import { memberSets } from '../../record/facts/store-pods.ts';
import type { PodsDeclared } from '../../record/facts/store-pods.ts';

export { nameOf } from '../../record/names/topology-names.ts';

export type DeclaredWorkload = NonNullable<HeaderSettings['workloads']>[number];
export type DeclaredPool = NonNullable<HeaderSettings['pools']>[number];

/** A store as a header has it. */
export type HeaderStore = NonNullable<NonNullable<HeaderSettings['stores']>[string]>;

export function range(count: { min: number; max: number }): string {
  return count.min === count.max ? String(count.min) : `${count.min} to ${count.max}`;
}

export function within(value: number, count: { min: number; max: number }): boolean {
  return value >= count.min && value <= count.max;
}

/** Stores that are declared, with their names. */
export function storesOf({ stores = {} }: HeaderSettings): [string, HeaderStore][] {
  return Object.entries(stores).flatMap(([name, store]) => (store === undefined ? [] : [[name, store]]));
}

/** Whether a node belongs to a pool by its labels; none does where the pool names no label. */
export function isInPool(
  own: Readonly<Record<string, string>>,
  { labels, withoutLabels = [] }: Pick<DeclaredPool, 'labels' | 'withoutLabels'>,
): boolean {
  const wanted = Object.entries(labels);
  return (
    wanted.length > 0 &&
    wanted.every(([key, value]) => own[key] === value) &&
    withoutLabels.every((key) => own[key] === undefined)
  );
}

/** The fewest nodes that the declared pools and the control plane need. */
export function leastNodes({ pools = [], controlPlane }: HeaderSettings): number {
  return Math.max(1, controlPlane?.nodes ?? 1, ...pools.map(({ count }) => count.min));
}

/** A controller cuts off longer names. */
const LONGEST_PREFIX = 40;

/** Whether a pod has the name that its controller, or its StatefulSet, gives it. */
export function isNamedAfter(pod: string, workload: string): boolean {
  const prefix = `${workload}-`;
  return pod.startsWith(prefix.slice(0, LONGEST_PREFIX));
}

/** Whether a pod may be a member of the store by its name; true where nothing names the members. */
export function mayBeMember(pod: string, store: PodsDeclared): boolean {
  const sets = memberSets(store);
  return sets.length === 0 || sets.some(({ name }) => isNamedAfter(pod, name));
}

/** Whether a leader's name, followed by its term, may be that of a member, or `nobody`. */
export function mayLead(leader: string, store: PodsDeclared): boolean {
  return mayBeMember(leader, store) || leader.startsWith('nobody');
}

/** Why a container is exempt from a check, or null. */
export function exemption(
  workload: Pick<DeclaredWorkload, 'exempt'>,
  check: string,
  container: string,
): string | null {
  const found = (workload.exempt ?? []).find(
    (one) =>
      one.checks.some((glob) => matches(glob, check)) &&
      (one.containers === undefined || one.containers.includes(container)),
  );
  return found?.reason ?? null;
}

/** `*` stands for any text. */
export function matches(glob: string, name: string): boolean {
  const pattern = glob.split('*').map((part) => part.replace(/[.+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${pattern.join('.*')}$`).test(name);
}

/** Whether an address lies in a block such as `10.0.0.0/16` or `fd00:1::/64`; false for what is neither. */
export function isInside(address: string, cidr: string): boolean {
  const [base = '', length = ''] = cidr.split('/');
  const [one, other] = [bitsOf(address), bitsOf(base)];
  if (one === null || other === null || one.length !== other.length) return false;
  const kept = length === '' ? other.length : Number(length);
  const right = Number.isInteger(kept) && kept >= 0 && kept <= one.length;
  return right && one.slice(0, kept) === other.slice(0, kept);
}

/** An address as its bits; null for what is none. */
function bitsOf(address: string): string | null {
  return address.includes(':')
    ? bits(groupsOf(address)?.map((group) => parseInt(group, 16)) ?? [], { parts: 8, width: 16 })
    : bits(
        address.split('.').map((part) => (/^\d{1,3}$/.test(part) ? Number(part) : NaN)),
        { parts: 4, width: 8 },
      );
}

function bits(numbers: readonly number[], { parts, width }: { parts: number; width: number }): string | null {
  if (numbers.length !== parts || numbers.some((one) => !Number.isInteger(one) || one >= 2 ** width))
    return null;
  return numbers.map((one) => one.toString(2).padStart(width, '0')).join('');
}

/** The eight groups of an IPv6 address, with those that `::` leaves out; null for what is none. */
function groupsOf(address: string): string[] | null {
  if (!/^[0-9a-fA-F:]+$/.test(address)) return null;
  const [head = '', tail, more] = address.split('::');
  if (more !== undefined) return null;
  const of = (text: string): string[] => (text === '' ? [] : text.split(':'));
  if (tail === undefined) return of(head);
  const missing = 8 - of(head).length - of(tail).length;
  return missing < 1 ? null : [...of(head), ...Array<string>(missing).fill('0'), ...of(tail)];
}
