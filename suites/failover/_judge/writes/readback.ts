import type { History, Observation } from '../../../../reports/record/history/history.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { all, first, last } from '../../../../reports/judge/observed.ts';
import { excuseGaps, withoutCopy } from './without-copy.ts';

/** What one source holds: inclusive ranges of numbers, and numbers that are there more than once with their count. */
export interface Contents {
  source: string;
  present: [number, number][];
  duplicates: [number, number][];
}

/** A member and the leader that was read before it: the member must hold everything that the leader held. */
export interface Pair {
  leader: Contents;
  member: Contents;
}

/** What was read back, or why it cannot be judged. */
export interface ReadBack {
  /** The second reading of the leader; null with a reason in `gaps`. */
  leader: Contents | null;
  members: Contents[];
  /** Of every reading, including repeated ones: what was seen once counts. */
  pairs: Pair[];
  /** Members that took themselves for the leader at the same time, by reading. */
  leaders: string[][];
  /** Why something is missing; each makes the trial inconclusive. */
  gaps: string[];
}

/** One way through all sources; a second one follows where some could not be reached. */
type Reading = Pick<History, 'observations'>;

export function readBackOf(history: History, declaredMembers: number | null): ReadBack {
  const readings = readingsOf(history);
  const final = readings.at(-1) ?? { observations: [] };
  const gaps = failuresIn(final, true);
  const leader = leaderIn(final, gaps);
  gaps.push(...missing(final, declaredMembers), ...excuseGaps(final, history));
  for (const earlier of readings.slice(0, -1)) gaps.push(...standingIn(earlier, leader));
  const foreign = otherRun(history);
  if (foreign !== null) gaps.push(foreign);
  const said = all(history, 'readback-leaders');
  for (const { leaders, seen } of said)
    if (leaders.length < 2) gaps.push(`expected one leader, seen: ${seen}`);
  return {
    leader: foreign === null ? leader : null,
    members: membersIn(final),
    pairs: readings.flatMap(pairsIn),
    leaders: said.flatMap(({ leaders }) => (leaders.length < 2 ? [] : [leaders])),
    gaps,
  };
}

function readingsOf({ observations }: History): Reading[] {
  const readings: Observation[][] = [[]];
  for (const seen of observations) {
    if (seen.kind === 'readback-again') readings.push([]);
    else readings.at(-1)?.push(seen);
  }
  return readings.map((one) => ({ observations: one }));
}

/** Findings of a reading that a later reading does not revoke. */
function standingIn(earlier: Reading, final: Contents | null): string[] {
  const gaps = failuresIn(earlier, false);
  const twice: string[] = [];
  const leader = leaderIn(earlier, twice);
  if (leader !== null && final !== null && !sameContents(leader, final))
    gaps.push(disagreement('two readings of the store', leader, final));
  const passes = all(earlier, 'readback').filter(({ role, complete }) => role === 'leader' && complete);
  // A leader that was read only once is no finding: that is why the reading was repeated.
  return passes.length < 2 ? gaps : [...gaps, ...twice];
}

/** What could not be read. In a reading that was repeated, sources out of reach are left out. */
function failuresIn(reading: Reading, final: boolean): string[] {
  const failed = all(reading, 'readback-failed').filter(({ why }) => final || why === 'unread');
  const cut = all(reading, 'readback').filter(({ complete }) => !complete);
  return [
    ...failed.map(({ source, reason }) => `${source} could not be read back: ${reason}`),
    ...cut.map(({ source }) => `${source} was read back only in part`),
  ];
}

function leaderIn(reading: Reading, gaps: string[]): Contents | null {
  const complete = all(reading, 'readback').filter((seen) => seen.complete && seen.role === 'leader');
  const passes = [1, 2].map((pass) => complete.find((seen) => seen.pass === pass));
  const [one, two] = passes;
  if (one === undefined || two === undefined) {
    gaps.push(
      `the leader was read back in full ${passes.filter((pass) => pass !== undefined).length} times, expected 2`,
    );
    return null;
  }
  if (one.source === two.source && sameContents(one, two)) return two;
  gaps.push(disagreement('two readings of the leader', one, two));
  return null;
}

function disagreement(what: string, one: Contents, two: Contents): string {
  return `${what} disagree (${one.source}: ${size(one)} writes, ${two.source}: ${size(two)})`;
}

function membersIn(reading: Reading): Seen<'readback'>[] {
  return all(reading, 'readback').filter(({ complete, role }) => complete && role === 'member');
}

/** A member is compared with the leader of its own reading, which it had time to catch up with. */
function pairsIn(reading: Reading): Pair[] {
  const leader = leaderIn(reading, []);
  return leader === null ? [] : membersIn(reading).map((member) => ({ leader, member }));
}

/** Members that were to be read, or that are declared, and of which nothing at all was written. */
function missing(reading: Reading, declared: number | null): string[] {
  const plan = last(reading, 'readback-plan');
  const complete = all(reading, 'readback').filter((seen) => seen.complete);
  const read = new Set(complete.map(({ source }) => source));
  const failed = new Set(all(reading, 'readback-failed').map(({ source }) => source));
  const planned = plan?.sources ?? [];
  const excused = withoutCopy(reading);
  const unheard = planned.filter(
    (source) => !read.has(source) && !failed.has(source) && !excused.has(source) && !failed.has('leader'),
  );
  const gaps = unheard.length > 0 ? [`not read back: ${unheard.join(', ')}`] : [];
  const known = Math.max(new Set(planned).size, read.size);
  if (declared !== null && known < declared)
    gaps.push(`only ${known} of ${declared} members could be read back`);
  return gaps;
}

/** The read-back must be of the writes of this very client load. */
function otherRun(history: History): string | null {
  const wrote = first(history, 'client-load-start')?.run;
  const other = all(history, 'readback-plan').find(({ run }) => run !== wrote);
  if (wrote === undefined || other === undefined) return null;
  return `writes of another run were read back: this run is ${JSON.stringify(wrote)}, read was ${JSON.stringify(other.run)}`;
}

export function sameContents(
  a: Pick<Contents, 'present' | 'duplicates'>,
  b: Pick<Contents, 'present' | 'duplicates'>,
): boolean {
  return JSON.stringify([a.present, a.duplicates]) === JSON.stringify([b.present, b.duplicates]);
}

function size({ present }: Contents): number {
  return present.reduce((sum, [from, to]) => sum + to - from + 1, 0);
}
