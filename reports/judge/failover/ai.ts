import type { History, Observation } from '../../record/history.ts';
import type { Figure, Judgement } from '../../record/judgement.ts';
import type { FailoverRecord } from '../../record/run-record.ts';
import type { Verdict } from '../../record/verdict.ts';
import { proportionBounds, zeroLossBound } from '../statistics.ts';
import { gapsOf, inOneJudgement, leftBehind, recordOf, watch } from './deployment.ts';
import type { Watched, Window } from './deployment.ts';

/** Jobs that must have been accepted before the fault, and from it to the end of the window. */
const MIN_ACCEPTED = 20;
const MAX_NAMED = 10;
/** What the sums are shown over where the history states no goals. */
const USUAL: Window = { windowMs: 60_000, allowanceMs: 0 };
/** Stores in which a job leaves something. */
const SOURCES = ['elasticsearch', 'neo4j'] as const;

interface Goals extends Window {
  lostJobs: number;
  doubledJobs: number;
}

/** What became of the jobs that were accepted; null: nobody looked. */
interface Jobs {
  accepted: number;
  counts: Record<string, number>;
  /** Never came to their end in the time that was given. */
  open: number[];
  failed: number[];
  /** Said to be done, and a store has nothing of them. */
  absent: number[];
  doubled: number[];
  waitedMs: number;
  /** Why something of it is not known. */
  unknown: string[];
}

interface Judged {
  record: FailoverRecord;
  jobs: Jobs | null;
}

/**
 * Jobs of the AI service under a fault of one of its pods: each tender that was accepted must be done, once in effect. Jobs of one fault share its
 * fate, so that a bound is claimed of faults, not of jobs.
 */
export function judgeAi(histories: readonly History[]): Judgement {
  const [first] = histories;
  const goals = first === undefined ? null : goalsOf(first);
  const judged = histories.map(judgeTrial);
  return inOneJudgement(judged, {
    expected: expectedText(goals),
    seen: ({ jobs }) => (jobs === null ? 'nothing' : seenText(jobs)),
    figures: ({ jobs }) => figuresOf(jobs, goals, judged),
  });
}

function judgeTrial(history: History): Judged {
  const goals = goalsOf(history);
  const watched = watch(history, goals ?? USUAL);
  const jobs = jobsOf(history);
  const record = {
    ...recordOf(watched),
    lostNumbers: jobs === null ? [] : lostOf(jobs),
    duplicateNumbers: jobs?.doubled ?? [],
  };
  return { record: { ...record, ...verdictOf(watched, goals, jobs) }, jobs };
}

function verdictOf(
  watched: Watched,
  goals: Goals | null,
  jobs: Jobs | null,
): { verdict: Verdict; reason: string } {
  const failures = [
    ...(goals === null || jobs === null ? [] : brokenBy(jobs, goals)),
    ...leftBehind(watched),
  ];
  if (failures.length > 0) return { verdict: 'fail', reason: failures.join('; ') };
  if (watched.history.writes.count === 0)
    return { verdict: 'inconclusive', reason: 'no request was recorded' };
  const own = [
    goals === null ? 'the history states no goals for jobs and the window of requests' : null,
    ...(jobs === null ? ['it was not looked at what became of the jobs'] : jobs.unknown),
    watched.requests.ok < MIN_ACCEPTED
      ? `${watched.requests.ok} jobs were accepted after the fault, ${MIN_ACCEPTED} are needed`
      : null,
  ];
  const gaps = gapsOf(watched, own, MIN_ACCEPTED);
  if (gaps.length > 0 || jobs === null) return { verdict: 'inconclusive', reason: gaps.join('; ') };
  return { verdict: 'pass', reason: seenText(jobs) };
}

/** What is proved wrong: it holds whatever else is missing. */
function brokenBy(jobs: Jobs, goals: Goals): string[] {
  const lost = lostOf(jobs).length > goals.lostJobs;
  const parts = [
    lost && jobs.open.length > 0
      ? `${counted(jobs.open)} never came to an end within ${seconds(jobs.waitedMs)}: ${named(jobs.open)}`
      : null,
    lost && jobs.failed.length > 0 ? `${counted(jobs.failed)} failed: ${named(jobs.failed)}` : null,
    lost && jobs.absent.length > 0
      ? `${counted(jobs.absent)} said to be done left nothing in a store: ${named(jobs.absent)}`
      : null,
    jobs.doubled.length > goals.doubledJobs
      ? `${counted(jobs.doubled)} done more than once: ${named(jobs.doubled)}`
      : null,
  ];
  return parts.filter((part) => part !== null);
}

function lostOf({ open, failed, absent }: Jobs): number[] {
  return [...new Set([...open, ...failed, ...absent])].toSorted((a, b) => a - b);
}

function jobsOf({ observations }: History): Jobs | null {
  const seen = observations.findLast(({ kind }) => kind === 'jobs');
  if (seen === undefined) return null;
  const effects = SOURCES.map((source) => ({
    source,
    found: observations.findLast((one) => one.kind === 'effects' && one['source'] === source),
  }));
  const found = effects.flatMap((one) => (one.found === undefined ? [] : [one.found]));
  const counts = (seen['counts'] ?? {}) as Record<string, number>;
  return {
    accepted: typeof seen['accepted'] === 'number' ? seen['accepted'] : 0,
    counts,
    open: numbers(seen['open']),
    failed: numbers(seen['failed']),
    absent: unique(found.flatMap((one) => numbers(one['absent']))),
    doubled: unique(found.flatMap(doubledIn)),
    waitedMs: typeof seen['waitedMs'] === 'number' ? seen['waitedMs'] : 0,
    unknown: [
      ...unreadText(counts['unread'] ?? 0, seen['trouble']),
      ...effects.flatMap(({ source, found: one }) =>
        one === undefined
          ? [`what jobs left in ${source} was not counted: ${reasonOf(observations, source)}`]
          : [],
      ),
    ],
  };
}

function unreadText(unread: number, trouble: unknown): string[] {
  if (unread === 0) return [];
  const why = typeof trouble === 'string' && trouble !== '' ? trouble : 'no reason was recorded';
  return [`${unread} ${unread === 1 ? 'job' : 'jobs'} could not be asked for: ${why}`];
}

/** `[number, how often]` */
function doubledIn(seen: Observation): number[] {
  const pairs = Array.isArray(seen['doubled']) ? (seen['doubled'] as unknown[]) : [];
  return pairs.flatMap((pair) => (Array.isArray(pair) ? numbers([pair[0]]) : []));
}

function reasonOf(observations: readonly Observation[], source: string): string {
  const failed = observations.findLast((one) => one.kind === 'effects-failed' && one['source'] === source);
  return typeof failed?.['reason'] === 'string' ? failed['reason'] : 'nobody looked';
}

function numbers(value: unknown): number[] {
  return Array.isArray(value) ? value.filter((one): one is number => typeof one === 'number') : [];
}

const unique = (values: readonly number[]): number[] => [...new Set(values)].toSorted((a, b) => a - b);

function goalsOf({ header: { goals } }: History): Goals | null {
  const { lostJobs, doubledJobs, windowSeconds } = goals;
  if (typeof lostJobs !== 'number' || typeof doubledJobs !== 'number' || typeof windowSeconds !== 'number')
    return null;
  return { lostJobs, doubledJobs, windowMs: windowSeconds * 1000, allowanceMs: 0 };
}

function expectedText(goals: Goals | null): string {
  if (goals === null) return 'goals';
  return `of the accepted jobs at most ${goals.lostJobs} lost and ${goals.doubledJobs} done more than once`;
}

function seenText(jobs: Jobs): string {
  const degraded = jobs.counts['degraded'] ?? 0;
  const without = degraded === 0 ? '' : `, ${degraded} without the model`;
  return `${lostOf(jobs).length} of ${jobs.accepted} accepted jobs lost, ${jobs.doubled.length} done more than once${without}; the last ended within ${seconds(jobs.waitedMs)} after all was back`;
}

function figuresOf(jobs: Jobs | null, goals: Goals | null, judged: readonly Judged[]): Figure[] {
  if (jobs === null || goals === null) return [];
  return [
    { name: 'accepted jobs', value: jobs.accepted },
    { name: 'lost jobs', value: lostOf(jobs).length, goal: goals.lostJobs },
    { name: 'jobs done more than once', value: jobs.doubled.length, goal: goals.doubledJobs },
    { name: 'jobs done without the model', value: jobs.counts['degraded'] ?? 0 },
    { name: 'time until the last job ended, once all was back', value: jobs.waitedMs / 1000, unit: 's' },
    boundFigure(judged),
  ];
}

/** Trials that looked are the sample. */
function boundFigure(judged: readonly Judged[]): Figure {
  const name = 'share of faults that lose a job, upper 95 % bound';
  const known = judged.filter(({ record, jobs }) => jobs !== null && record.landed.proved);
  if (known.length < 2) return { name, value: 'not claimed: one trial supports no bound' };
  const losing = known.filter(({ record }) => record.lostNumbers.length > 0).length;
  const bound = losing === 0 ? zeroLossBound(known.length) : proportionBounds(losing, known.length).upper;
  return { name, value: Math.ceil(bound * 1000) / 10, unit: '%' };
}

const counted = (jobs: readonly number[]): string =>
  `${jobs.length} accepted ${jobs.length === 1 ? 'job' : 'jobs'}`;
const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`;

function named(jobs: readonly number[]): string {
  const more = jobs.length > MAX_NAMED ? ' …' : '';
  return `${jobs.slice(0, MAX_NAMED).join(', ')}${more}`;
}
