/** Whether what a fault hit is what it was armed for. */
import type { Hit } from '../record/observations/failover.ts';
import type { Seen } from '../record/observations/index.ts';

type Member = Seen<'fault-armed'>['members'][number];

/** Null: what was hit is what was armed, pod by pod. Pods are told apart by their uid: another one of the same name is another one. */
export function proofGap(
  { members }: Pick<Seen<'fault-armed'>, 'members'>,
  { hit }: Pick<Seen<'fault-landed'>, 'hit'>,
): string | null {
  const armed = new Set(members.map(({ uid }) => uid));
  const strange = hit.find(({ uid }) => !armed.has(uid));
  if (strange !== undefined) return `the pod ${strange.uid} was hit, for which no fault was armed`;
  for (const member of members) {
    const [one, ...more] = hit.filter(({ uid }) => uid === member.uid);
    const gap =
      one === undefined || more.length > 0
        ? `${member.name} (${member.uid}) was armed, and hit ${more.length === 0 ? 'not at all' : 'more than once'}`
        : placeGap(member, one);
    if (gap !== null) return gap;
  }
  return null;
}

function placeGap(member: Member, one: Hit): string | null {
  const { name, node, container } = member;
  if (one.node !== node)
    return `${name} was armed on ${node ?? 'no node'}, and hit on ${one.node ?? 'no node'}`;
  if (one.container !== container)
    return `of ${name} the container ${container ?? 'none'} was armed, and ${one.container ?? 'none'} was hit`;
  return strangerGap(member, one);
}

/** A process that was not found when arming was hit as well only where it had not begun by then. */
function strangerGap(member: Member, one: Hit): string | null {
  const found = wordsIn(member.processes);
  if (found.length === 0) return null;
  const lastTick = Math.max(...found.map(startOf));
  const known = new Set(found);
  const ended = wordsIn(one.processes);
  const others = ended.filter((process) => !known.has(process));
  if (ended.length === others.length)
    return `none of the processes of ${member.name} that were found when the fault was armed was hit`;
  const older = others.find((process) => startOf(process) < lastTick);
  return older === undefined
    ? null
    : `the process ${older} was hit: it was there when the fault was armed for ${member.name}, and was none of its own`;
}

const wordsIn = (text = ''): string[] => text.match(/\S+/g) ?? [];

const startOf = (process: string): number => Number(process.split('@')[1]);
