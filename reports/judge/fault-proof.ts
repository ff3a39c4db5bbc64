/** Whether the proof of a fault is of those for whom it was armed. */
import { faultFacts } from '../record/fault-facts.ts';
import type { Seen } from '../record/observations/index.ts';
import { literal } from './workload-pods.ts';

const MOST_SHOWN = 120;
/** A process by its number and the time of its start, which no other one ever has. */
const PROCESS = /\b\d+@\d+\b/g;

type Member = Seen<'fault-armed'>['members'][number];

/** Null: it names each member, or the node of each where a node was taken, and processes that were found when arming. */
export function proofGap(
  { fault, members }: Pick<Seen<'fault-armed'>, 'fault' | 'members'>,
  { proof }: Pick<Seen<'fault-landed'>, 'proof'>,
): string | null {
  const takesNode = faultFacts(fault)?.takesNode === true;
  for (const member of members) {
    const gap = (takesNode ? nodeGap : podGap)(member, proof) ?? processGap(member, proof);
    if (gap !== null) return gap;
  }
  return null;
}

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
