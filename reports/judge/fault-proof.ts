/** Whether the proof of a fault is of those for whom it was armed. */
import { faultFacts } from '../record/fault-facts.ts';
import type { Hit } from '../record/observations/failover.ts';
import type { Seen } from '../record/observations/index.ts';
import { literal } from './workload-pods.ts';

const MOST_SHOWN = 120;
/** A process by its number and the time of its start, which no other one ever has. */
const PROCESS = /\b\d+@\d+\b/g;

type Member = Seen<'fault-armed'>['members'][number];

/** Null: what was hit is what was armed, pod by pod; where only words say what was hit, they name it. */
export function proofGap(
  { fault, members }: Pick<Seen<'fault-armed'>, 'fault' | 'members'>,
  { proof, hit }: Pick<Seen<'fault-landed'>, 'proof' | 'hit'>,
): string | null {
  if (hit !== undefined) return hitGap(members, hit);
  const asData = members.find(({ container, processes }) => (container ?? processes) !== undefined);
  if (asData !== undefined)
    return `${asData.name} was armed by its processes, and nothing says which were hit`;
  const takesNode = faultFacts(fault)?.takesNode === true;
  for (const member of members) {
    const gap = (takesNode ? nodeGap : podGap)(member, proof) ?? processGap(member, proof);
    if (gap !== null) return gap;
  }
  return null;
}

/** Pods are told apart by their uid: another one of the same name is another one. */
function hitGap(members: readonly Member[], hit: readonly Hit[]): string | null {
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

const nodeGap = ({ name, node }: Member, proof: string): string | null =>
  isNamed(node ?? '', proof) ? null : `${name} was on ${node ?? 'no node'}, and ${silent(proof)}`;

function podGap({ name, uid, node }: Member, proof: string): string | null {
  if (!isNamed(name, proof) && !isNamed(uid, proof)) return `${name} was armed, and ${silent(proof)}`;
  const elsewhere = new RegExp(`${literal(name)} on ([\\w.-]+)`).exec(proof)?.[1] ?? node;
  return elsewhere === node
    ? null
    : `${name} was on ${node ?? 'no node'}, and the proof is of ${String(elsewhere)}`;
}

const silent = (proof: string): string => `the proof says nothing of it: ${proof.slice(0, MOST_SHOWN)}`;

/** Where either lists none, nothing is known of them. */
function processGap({ name, found }: Member, proof: string): string | null {
  const armed = new Set(found.match(PROCESS));
  const proved = proof.match(PROCESS) ?? [];
  return armed.size === 0 || proved.length === 0 || proved.some((one) => armed.has(one))
    ? null
    : `none of the processes of ${name} that were found when the fault was armed is in its proof`;
}

/** As a whole: `redis-1` is not named by `redis-10`. */
function isNamed(word: string, text: string): boolean {
  return (
    word !== '' && new RegExp(`(?<![\\w-])(?:pod)?${literal(word)}(?![\\w-])`).test(text.replaceAll('_', '-'))
  );
}
