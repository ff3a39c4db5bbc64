/** Outcomes of accepted tenders, each a job of the AI service, and whether the observations of them agree. */
import { OUTCOMES } from '../../../reports/record/history/history.ts';
import type { History } from '../../../reports/record/history/history.ts';
import { EFFECT_SOURCES, MOST_NUMBERS } from '../../../reports/record/observations/platform.ts';
import type { Seen } from '../../../reports/record/observations/index.ts';
import { gapRule } from '../../../reports/record/rule.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { all, first, last } from '../../../reports/judge/observed.ts';

/** Fewest accepted jobs before the fault, several times the number in flight, and from the fault to the end of the window. */
export const MIN_ACCEPTED = 20;

/** Jobs that were accepted in this time before the fault may have been in flight at it: several at the usual rate, and none is done at once. */
const RECENT_MS = 1_000;

const MAX_NAMED = 10;
/** As the client load notes the id of a tender that was accepted. */
const ID = /(?:^|;)id=([^;]+)/;

export interface JobGoals {
  lostJobs: number;
  doubledJobs: number;
  degradedJobs: number;
}

/** What became of the jobs that were accepted. */
export interface Jobs {
  seen: Seen<'jobs'>;
  /** Reported as done, and missing in a store. */
  absent: number[];
  doubled: number[];
}

/** null: jobs were not followed. */
export function jobsOf(history: History): Jobs | null {
  const seen = last(history, 'jobs');
  if (seen === undefined) return null;
  const effects = all(history, 'effects');
  return {
    seen,
    absent: unique(effects.flatMap(({ absent }) => absent)),
    doubled: unique(effects.flatMap(({ doubled }) => doubled.map(([n]) => n))),
  };
}

/** Never ended, failed, left no effect, or shared another tender's id. */
export function lostOf({ seen: { open, failed, shared }, absent }: Jobs): number[] {
  return unique([...open, ...failed, ...shared, ...absent]);
}

const unique = (values: readonly number[]): number[] => [...new Set(values)].toSorted((a, b) => a - b);

/** A proved fault fails whatever else is missing; observations that disagree are inconclusive. */
export function jobRules(history: History, jobs: Jobs, goals: JobGoals): Rule[] {
  return [
    lostRule(jobs, goals),
    doubledRule(jobs, goals),
    degradedRule(history, jobs, goals),
    gapRule('jobs/in-flight', inFlightGap(history), 'jobs were accepted shortly before the fault'),
    gapRule('jobs/counted', sumsGap(history, jobs), 'every acknowledged tender was followed'),
    gapRule('jobs/effects', effectsGap(history, jobs), 'the stores hold what the jobs report'),
    gapRule('jobs/read', unreadGap(jobs), 'the state of every job could be read'),
  ];
}

function lostRule(jobs: Jobs, { lostJobs }: JobGoals): Rule {
  const id = 'jobs/lost';
  const { open, failed, shared, waitedMs } = jobs.seen;
  if (lostOf(jobs).length <= lostJobs)
    return { id, verdict: 'pass', text: `${lostOf(jobs).length} accepted jobs lost` };
  const parts = [
    part(open, `never came to an end within ${seconds(waitedMs)}`),
    part(failed, 'failed'),
    part(jobs.absent, 'reported as done without a result in one of the stores'),
    part(shared, 'got the id of another job, so one of the two jobs was lost'),
  ].filter((one) => one !== null);
  return { id, verdict: 'fail', text: parts.join('; ') };
}

function doubledRule({ doubled }: Jobs, { doubledJobs }: JobGoals): Rule {
  const id = 'jobs/doubled';
  return doubled.length > doubledJobs
    ? { id, verdict: 'fail', text: part(doubled, 'done more than once') ?? '' }
    : { id, verdict: 'pass', text: `${doubled.length} accepted jobs done more than once` };
}

/** A stand-in for the model may have been on the lost node. A real model runs elsewhere, where no fault of the service reaches it. */
function degradedRule({ header }: History, { seen }: Jobs, { degradedJobs }: JobGoals): Rule {
  const id = 'jobs/degraded';
  const { degraded } = seen.counts;
  const text = `${degraded} ${degraded === 1 ? 'job was' : 'jobs were'} done without the model; allowed: ${degradedJobs}`;
  if (degraded <= degradedJobs) return { id, verdict: 'pass', text };
  const lostModel = header.check.endsWith('/node-loss') && header.settings.ai?.llm?.stubbed === true;
  return lostModel
    ? {
        id,
        verdict: 'inconclusive',
        text: `${text}; the stand-in for the model may have been lost with the node`,
      }
    : { id, verdict: 'fail', text };
}

/** Jobs that were accepted so shortly before the fault that a pod may still have worked on them. */
export function recentJobs({ observations, writes }: History): number {
  const untilMs = first({ observations }, 'fault-landed')?.betweenMs[0] ?? -Infinity;
  return writes.doneMs.filter(
    (ms, i) => writes.outcome[i] === OUTCOMES.ok && ms <= untilMs && ms > untilMs - RECENT_MS,
  ).length;
}

/** A fault that hits no job that is in flight says nothing of jobs. */
function inFlightGap(history: History): string | null {
  return recentJobs(history) > 0
    ? null
    : `no job was accepted in the last ${seconds(RECENT_MS)} before the fault: none is known to have been in flight`;
}

/** Every acknowledged write is an accepted job with an id of its own and in exactly one state. */
function sumsGap({ writes }: History, { seen }: Jobs): string | null {
  const followed = Object.values(seen.counts).reduce((sum, count) => sum + count, 0);
  return (
    idsGap(acknowledgedIn(writes), seen) ??
    (followed === seen.accepted ? null : `${seen.accepted} jobs were followed, but ${followed} have a state`)
  );
}

function idsGap(recorded: { count: number; ids: number }, seen: Seen<'jobs'>): string | null {
  const { acknowledged, accepted, shared, withoutId } = seen;
  const unnamed = part(withoutId, 'had no id and could not be followed');
  if (unnamed !== null) return unnamed;
  if (acknowledged !== recorded.count)
    return `${recorded.count} tenders were acknowledged, but jobs were sought for ${acknowledged}`;
  if (accepted !== recorded.ids)
    return `acknowledged tenders got ${recorded.ids} job ids, but ${accepted} jobs were followed`;
  return adds(acknowledged - accepted, shared.length)
    ? null
    : `${acknowledged} acknowledged tenders have ${accepted} job ids, but ${shared.length} tenders are named as sharing an id`;
}

/** Lists of numbers are cut off at a thousand. */
const adds = (count: number, named: number): boolean => Math.min(count, MOST_NUMBERS) === named;

function acknowledgedIn(writes: History['writes']): { count: number; ids: number } {
  const ids = new Set<string>();
  let count = 0;
  for (let i = 0; i < writes.count; i++) {
    if (writes.outcome[i] !== OUTCOMES.ok) continue;
    count += 1;
    const id = ID.exec(writes.detail.get(i) ?? '')?.[1];
    if (id !== undefined) ids.add(id);
  }
  return { count, ids: ids.size };
}

/** Each store holds every job that is reported as done, except for those named as absent. */
function effectsGap(history: History, { seen }: Jobs): string | null {
  const gaps = EFFECT_SOURCES.map((source) => {
    const found = all(history, 'effects').findLast((one) => one.source === source);
    if (found === undefined)
      return `what jobs left in ${source} was not counted: ${failureOf(history, source)}`;
    const missing = seen.counts.done - found.found;
    return adds(missing, found.absent.length)
      ? null
      : `${seen.counts.done} jobs are reported as done, but ${found.found} are in ${source} and ${found.absent.length} are named as absent from it`;
  });
  return gaps.find((gap) => gap !== null) ?? null;
}

function failureOf(history: History, source: (typeof EFFECT_SOURCES)[number]): string {
  const failed = all(history, 'effects-failed').findLast((one) => one.source === source);
  return failed?.reason ?? 'no reason was recorded';
}

function unreadGap({ seen: { counts, trouble } }: Jobs): string | null {
  const { unread } = counts;
  if (unread === 0) return null;
  return `the state of ${unread} ${unread === 1 ? 'job' : 'jobs'} could not be read: ${trouble || 'no reason was recorded'}`;
}

function part(jobs: readonly number[], what: string): string | null {
  if (jobs.length === 0) return null;
  const more = jobs.length > MAX_NAMED ? ' …' : '';
  const noun = jobs.length === 1 ? 'job' : 'jobs';
  return `${jobs.length} accepted ${noun} ${what}: ${jobs.slice(0, MAX_NAMED).join(', ')}${more}`;
}

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`;
