import type { History, Observation } from '../../record/history.ts';

/** What one source holds: inclusive ranges of numbers, and numbers that are there more than once with their count. */
export interface Contents {
  source: string;
  present: [number, number][];
  duplicates: [number, number][];
}

/** What was read back, or why it cannot be judged. */
export interface ReadBack {
  /** The second reading of the leader; null with a reason in `gaps`. */
  leader: Contents | null;
  members: Contents[];
  /** Why something is missing; each makes the trial inconclusive. */
  gaps: string[];
}

export function readBackOf(history: History, declaredMembers: number | null): ReadBack {
  const reading = lastReading(history);
  const all = reading.filter((seen) => seen.kind === 'readback');
  const complete = all.filter((seen) => seen['complete'] === true);
  const gaps = reading.filter((seen) => seen.kind === 'readback-failed').map(failure);
  for (const seen of all)
    if (seen['complete'] !== true) gaps.push(`${text(seen, 'source')} was not read whole`);
  const passes = [1, 2].map((pass) =>
    complete.find((seen) => seen['role'] === 'leader' && seen['pass'] === pass),
  );
  const members = complete.filter((seen) => seen['role'] === 'member').map(contentsOf);
  const leader = leaderOf(passes, gaps);
  gaps.push(...missing(reading, complete, declaredMembers), ...otherRun(history));
  return { leader: gaps.some((gap) => gap.startsWith(FOREIGN)) ? null : leader, members, gaps };
}

/** What was read before a source went away was read of another state. */
function lastReading({ observations }: History): Observation[] {
  return observations.slice(observations.findLastIndex(({ kind }) => kind === 'readback-again') + 1);
}

const FOREIGN = 'another run was read back';

function leaderOf(passes: (Observation | undefined)[], gaps: string[]): Contents | null {
  const [first, second] = passes;
  if (first === undefined || second === undefined) {
    gaps.push(`the leader was read ${passes.filter((pass) => pass !== undefined).length} times, expected 2`);
    return null;
  }
  const [one, two] = [contentsOf(first), contentsOf(second)];
  if (one.source === two.source && sameContents(one, two)) return two;
  gaps.push(
    `two readings of the leader disagree (${one.source}: ${size(one)} numbers, ${two.source}: ${size(two)})`,
  );
  return null;
}

/** Members that were to be read, or that are declared, and of which nothing at all was written. */
function missing(
  reading: readonly Observation[],
  complete: readonly Observation[],
  declared: number | null,
): string[] {
  const plan = reading.find((seen) => seen.kind === 'readback-plan');
  const read = new Set(complete.map((seen) => text(seen, 'source')));
  const failed = new Set(
    reading.filter((seen) => seen.kind === 'readback-failed').map((seen) => text(seen, 'source')),
  );
  const planned = (plan?.['sources'] ?? []) as string[];
  const unheard = planned.filter(
    (source) => !read.has(source) && !failed.has(source) && !failed.has('leader'),
  );
  const gaps = unheard.length > 0 ? [`not read back: ${unheard.join(', ')}`] : [];
  const known = Math.max(planned.length, read.size);
  if (declared !== null && known < declared) gaps.push(`${known} of ${declared} members could be read back`);
  return gaps;
}

/** The read-back must be of the writes of this very workload. */
function otherRun(history: History): string[] {
  const wrote = history.observations.find((seen) => seen.kind === 'workload')?.['run'];
  const plans = history.observations.filter((seen) => seen.kind === 'readback-plan');
  const other = plans.map((plan) => plan['run']).find((read) => read !== undefined && read !== wrote);
  if (wrote === undefined || other === undefined) return [];
  return [`${FOREIGN}: written ${JSON.stringify(wrote)}, read ${JSON.stringify(other)}`];
}

function failure(seen: Observation): string {
  return `${text(seen, 'source')} could not be read back: ${text(seen, 'reason')}`;
}

function contentsOf(seen: Observation): Contents {
  return {
    source: text(seen, 'source'),
    present: seen['present'] as [number, number][],
    duplicates: (seen['duplicates'] ?? []) as [number, number][],
  };
}

export function sameContents(a: Contents, b: Contents): boolean {
  return JSON.stringify([a.present, a.duplicates]) === JSON.stringify([b.present, b.duplicates]);
}

function size({ present }: Contents): number {
  return present.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}

function text(seen: Observation, field: string): string {
  const value = seen[field];
  return typeof value === 'string' ? value : '?';
}
