import { leaderNodeOf, replicates } from './management.ts';
import type { RabbitQueue } from './management.ts';
import { atMost } from '../../reports/record/at-most.ts';

const MOST_NAMED = 5;

/** How many members each quorum queue and stream must have; null: those that the queue itself has. */
export type Needed = (queue: RabbitQueue) => number | null;

/**
 * The type of a queue, as environment files declare it; with the number of its members where they are fewer than `needed`, since such a
 * queue does not survive what its type promises.
 */
export function kindOf({ type, members }: RabbitQueue, needed: number): string {
  const known = replicates({ type }) && members.length > 0;
  if (!known || members.length >= needed) return type;
  return `${type}, ${members.length} ${members.length === 1 ? 'member' : 'members'}`;
}

/** Quorum queues and streams that nobody leads or that miss members, counted and named; empty: none is known to. */
export function problemsOfQueues(queues: readonly RabbitQueue[], needed: Needed): string[] {
  return countedBy(queues, needed, PROBLEMS);
}

/** Streams whose members cannot be seen: nothing is wrong with them by that, and nothing is known to be right. */
export function unreportedIn(queues: readonly RabbitQueue[]): string[] {
  return countedBy(queues, () => null, [UNKNOWN]);
}

function countedBy(queues: readonly RabbitQueue[], needed: Needed, problems: readonly Problem[]): string[] {
  const replicated = queues.filter(replicates);
  const groups = Map.groupBy(replicated, (queue) => problemOf(queue, needed(queue) ?? queue.members.length));
  return problems.flatMap((problem) => {
    const names = (groups.get(problem) ?? []).map((queue) =>
      problem === OFFLINE ? `${labelOf(queue)} (${onlineOf(queue, needed)})` : labelOf(queue),
    );
    return counted(names, replicated.length, problem);
  });
}

const LEADERLESS = 'without a leader';
const OFFLINE = 'with members offline';
/** Of a stream whose statistics are not there yet, or switched off. */
const UNKNOWN = 'whose members the management API does not report';
const PROBLEMS = [LEADERLESS, OFFLINE] as const;
type Problem = (typeof PROBLEMS)[number] | typeof UNKNOWN;

function problemOf(queue: RabbitQueue, needed: number): Problem | null {
  const leader = leaderNodeOf(queue);
  if (leader === null) return LEADERLESS;
  const { type, members, online } = queue;
  if (members.length === 0) return UNKNOWN;
  // A stream's leader stays written down where its node is gone.
  if (type === 'stream' && !online.includes(leader)) return LEADERLESS;
  return online.length < needed ? OFFLINE : null;
}

function onlineOf(queue: RabbitQueue, needed: Needed): string {
  return `${queue.online.length} of ${needed(queue) ?? queue.members.length}`;
}

function counted(names: readonly string[], all: number, what: string): string[] {
  return names.length === 0
    ? []
    : [`${names.length} of ${all} quorum queues and streams ${what}: ${named(names)}`];
}

/** The first of them, and how many more there are. */
export function named(names: readonly string[]): string {
  return atMost(names, MOST_NAMED).join(', ');
}

export function labelOf({ name, vhost }: Pick<RabbitQueue, 'name' | 'vhost'>): string {
  return `${name} in ${vhost}`;
}
