import { allRules } from '../../../reports/judge/definition.ts';
import type { CheckJudge } from '../../../reports/judge/definition.ts';
import { need } from '../../../reports/judge/evidence/need.ts';
import {
  inOneJudgement,
  judgedRecord,
  refusedFigures,
  trialRules,
  watch,
} from '../_judge/services/deployment.ts';
import type { Watched, Window } from '../_judge/services/deployment.ts';
import { costEvidence, faultRule, requestEvidence } from '../_judge/services/fault-trial.ts';
import { proportionBounds, zeroLossBound } from '../../../reports/judge/statistics.ts';
import type { History } from '../../../reports/record/history/history.ts';
import type { Figure, Judgement } from '../../../reports/record/judgement.ts';
import { EFFECT_SOURCES } from '../../../reports/record/observations/platform.ts';
import type { Rule } from '../../../reports/record/rule.ts';
import { refusedText } from '../../../reports/record/refusals.ts';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { jobRules, jobsOf, lostOf, MIN_ACCEPTED, recentJobs } from './judge-jobs.ts';
import type { JobGoals, Jobs } from './judge-jobs.ts';

/** Window of the sums where the history has no goals. */
const USUAL: Window = { windowMs: 60_000, allowanceMs: 0 };

interface Goals extends Window, JobGoals {}

interface Judged {
  record: FailoverRecord;
  rules: Rule[];
  jobs: Jobs | null;
  watched: Watched;
}

export const judge: CheckJudge = {
  judge: (history) => judgeAi([history]),
  evidence: (header) => [
    ...requestEvidence(),
    ...costEvidence(header),
    need('jobs', { what: 'what became of the jobs' }),
    need('effects', {
      subjects: EFFECT_SOURCES,
      of: ({ source }) => source,
      what: 'what jobs left in a store',
    }),
  ],
  trial: true,
  over: judgeAi,
};

/**
 * Jobs of the AI service under a fault of one of its pods: each accepted tender must be done, take effect once, and use the model. Jobs
 * of one fault share its fate, so the bound is over faults, not over jobs.
 */
export function judgeAi(histories: readonly History[]): Judgement {
  const [first] = histories;
  const goals = first === undefined ? null : goalsOf(first);
  const judged = histories.map(judgeTrial);
  return inOneJudgement(judged, {
    expected: expectedText(goals),
    seen: ({ jobs }) => (jobs === null ? 'nothing' : seenText(jobs)),
    figures: ({ jobs, watched }) => [
      ...refusedFigures(watched),
      inFlightFigure(watched.history),
      ...figuresOf(jobs, goals, judged),
    ],
  });
}

function judgeTrial(history: History): Judged {
  const goals = goalsOf(history);
  const watched = watch(history, goals ?? USUAL);
  const jobs = jobsOf(history);
  const own = [
    ...trialRules(watched, MIN_ACCEPTED),
    enoughRule(watched),
    ...(goals === null ? [NO_GOALS] : jobs === null ? [UNSEEN] : jobRules(history, jobs, goals)),
    faultRule(history),
  ];
  const rules = allRules(own, history, judge);
  const record = {
    ...judgedRecord(watched, rules, jobs === null ? '' : seenText(jobs)),
    lostNumbers: jobs === null ? [] : lostOf(jobs),
    duplicateNumbers: jobs?.doubled ?? [],
  };
  return { record, rules, jobs, watched };
}

const NO_GOALS: Rule = {
  id: 'goals',
  verdict: 'inconclusive',
  text: 'the history lacks a goal for jobs (lostJobs, doubledJobs, degradedJobs) or the window of requests (windowSeconds)',
};

const UNSEEN: Rule = {
  id: 'jobs/seen',
  verdict: 'inconclusive',
  text: 'no observation says what became of the jobs',
};

function enoughRule({ requests, refused }: Watched): Rule {
  const id = 'jobs/accepted';
  const said = refusedText(refused, requests.judged);
  const text = `${requests.ok} jobs were accepted after the fault, at least ${MIN_ACCEPTED} are needed${said === '' ? '' : `; ${said}`}`;
  return { id, verdict: requests.ok < MIN_ACCEPTED ? 'inconclusive' : 'pass', text };
}

function goalsOf({ header: { goals } }: History): Goals | null {
  const { lostJobs, doubledJobs, degradedJobs, windowSeconds } = goals;
  if (lostJobs === undefined || doubledJobs === undefined) return null;
  if (degradedJobs === undefined || windowSeconds === undefined) return null;
  return { lostJobs, doubledJobs, degradedJobs, windowMs: windowSeconds * 1000, allowanceMs: 0 };
}

function expectedText(goals: Goals | null): string {
  if (goals === null) return 'goals';
  return `of the accepted jobs at most ${goals.lostJobs} lost, ${goals.doubledJobs} done more than once and ${goals.degradedJobs} done without the model`;
}

function seenText(jobs: Jobs): string {
  const { acknowledged, counts, waitedMs } = jobs.seen;
  const without = counts.degraded === 0 ? '' : `, ${counts.degraded} without the model`;
  return `${lostOf(jobs).length} of ${acknowledged} accepted jobs lost, ${jobs.doubled.length} done more than once${without}; the last ended within ${seconds(waitedMs)} after all pods were back`;
}

function figuresOf(jobs: Jobs | null, goals: Goals | null, judged: readonly Judged[]): Figure[] {
  if (jobs === null || goals === null) return [];
  const { acknowledged, counts, waitedMs } = jobs.seen;
  return [
    { name: 'accepted jobs', value: acknowledged },
    { name: 'lost jobs', value: lostOf(jobs).length, goal: `≤ ${goals.lostJobs}` },
    { name: 'jobs done more than once', value: jobs.doubled.length, goal: `≤ ${goals.doubledJobs}` },
    { name: 'jobs done without the model', value: counts.degraded, goal: `≤ ${goals.degradedJobs}` },
    {
      name: 'time from when all pods were back to the end of the last job',
      value: waitedMs / 1000,
      unit: 's',
    },
    boundFigure(judged),
  ];
}

/** For the reader: a pod that was idle when it died lost no job, whatever the service does. */
function inFlightFigure(history: History): Figure {
  const value = `${recentJobs(history)}; which pod worked on them was not judged: the application does not say`;
  return { name: 'jobs accepted in the second before the fault', value };
}

/** The sample is the trials in which jobs were followed. */
function boundFigure(judged: readonly Judged[]): Figure {
  const name = 'share of faults that lose a job, upper 95 % bound';
  const known = judged.filter(({ record, jobs }) => jobs !== null && record.landed.proved);
  if (known.length < 2) return { name, value: 'not claimed: that takes at least two trials' };
  const losing = known.filter(({ record }) => record.lostNumbers.length > 0).length;
  const bound = losing === 0 ? zeroLossBound(known.length) : proportionBounds(losing, known.length).upper;
  return { name, value: Math.ceil(bound * 1000) / 10, unit: '%' };
}

const seconds = (ms: number): string => `${Number((ms / 1000).toFixed(1))} s`;
