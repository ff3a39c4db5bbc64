import type { Figure, Judgement } from '../../../reports/record/judgement.ts';
import { READS, streamText, summaryOf } from '../../../reports/record/trials.ts';
import type { TrialSummary } from '../../../reports/record/trials.ts';
import type { FailoverRecord } from '../../../reports/record/run-record.ts';
import { worst } from '../../../reports/record/verdict.ts';
import type { Verdict } from '../../../reports/record/verdict.ts';
import { costFigures } from './series-costs.ts';
import { percentAtMost } from '../../../reports/judge/slo/percent.ts';
import { median, proportionBounds, zeroLossBound } from '../../../reports/judge/statistics.ts';

/** Goals of a failover check for all its trials; each trial was already judged by the first two. */
export interface TrialGoals {
  rtoSeconds?: number | undefined;
  /** The same of reads; the RTO's goal when left out. */
  readsRtoSeconds?: number | undefined;
  /** What all outages since the fault may take together, in any one trial; the RTO's goal when left out. */
  totalOutageSeconds?: number | undefined;
  /** Outages allowed in a trial; when left out they are only reported. */
  outages?: number | undefined;
  /** The longest time for which a majority was kept away; the RTO goal counts from its return. */
  awaySeconds?: number | undefined;
  /** Lost acknowledged writes that are allowed in any one trial. */
  lostWrites?: number | undefined;
  /** Instead of a number of lost writes: the time within which they must have been acknowledged, in any one trial. */
  lossWindowSeconds?: number | undefined;
  /** Instead of seconds: the setting of the store by which that time may be longer than the failover took. */
  lossWindowBeyondFailover?: string | undefined;
  /** Fewer counted trials than this decide nothing. Default 1. */
  minTrials?: number | undefined;
  /** False for a store with one member, which cannot elect another leader. Default true. */
  electionRequired?: boolean | undefined;
}

/** Findings kept in a judgement; `findingsTotal` counts them all. */
const MAX_FINDINGS = 50;

/**
 * The judgement of a failover check from its trials. A trial counts when it came to pass or fail; the worst trial wins.
 * In addition the check is inconclusive when fewer than `minTrials` counted, or when no counted trial elected another
 * leader although one had to be. Never throws: no trials at all are inconclusive.
 */
export function aggregateTrials(trials: readonly FailoverRecord[], goals: TrialGoals = {}): Judgement {
  const summary = summaryOf(trials);
  const gap = gapOf(summary, trials.length, goals);
  const verdict = verdictOf(trials, gap);
  const findings = trials.filter((trial) => trial.verdict !== 'pass').map((trial) => findingOf(trial, goals));
  return {
    verdict,
    reason: reasonOf(verdict, trials, { ...summary, gap }),
    expected: expectedOf(goals),
    seen: seenOf(summary, trials),
    figures: figuresOf(summary, trials, goals),
    findings: findings.slice(0, MAX_FINDINGS),
    findingsTotal: findings.length,
    evidence: [],
    trials: [...trials],
  };
}

function verdictOf(trials: readonly FailoverRecord[], gap: string | null): Verdict {
  const verdicts = trials.map((trial) => trial.verdict);
  return worst(gap === null ? verdicts : [...verdicts, 'inconclusive']);
}

/** Why the counted trials do not suffice; null when they do. */
function gapOf({ counted, elected, inPlace }: TrialSummary, all: number, goals: TrialGoals): string | null {
  const minTrials = goals.minTrials ?? 1;
  if (all === 0) return 'no trial was run';
  if (counted.length < minTrials)
    return `${counted.length} of ${all} trials count, the goal asks for ${minTrials}`;
  if (goals.electionRequired === false || elected > 0) return null;
  return `no trial elected another leader (${inPlace} of ${counted.length} recovered in place): failover was not seen`;
}

function reasonOf(
  verdict: Verdict,
  trials: readonly FailoverRecord[],
  { counted, gap }: Pick<TrialSummary, 'counted'> & { gap: string | null },
): string {
  const deciding = trials.filter((trial) => trial.verdict === verdict);
  const first = deciding[0];
  if (verdict === 'pass') {
    return counted.length === 1
      ? 'met its goals in the one trial that counts; how often writes are lost takes more trials to say'
      : `${counted.length} of ${counted.length} trials met their goals`;
  }
  if (first === undefined) return gap ?? 'no trial was run';
  if (trials.length === 1) return first.reason;
  const which = verdict === 'fail' ? 'failed' : 'were inconclusive';
  const lead = deciding.length > 1 ? 'the first, ' : '';
  return `${deciding.length} of ${trials.length} trials ${which}: ${lead}trial ${first.trial}: ${first.reason}`;
}

function expectedOf(goals: TrialGoals): string {
  const parts: string[] = [];
  if (goals.rtoSeconds !== undefined)
    parts.push(
      `RTO ≤ ${goals.rtoSeconds} s${goals.awaySeconds === undefined ? '' : ' from the return of the majority'}`,
    );
  if (goals.readsRtoSeconds !== undefined) parts.push(`outage of reads ≤ ${goals.readsRtoSeconds} s`);
  parts.push(...outageGoals(goals));
  if (goals.lostWrites !== undefined) parts.push(`lost acknowledged writes ≤ ${goals.lostWrites}`);
  if (goals.lossWindowSeconds !== undefined)
    parts.push(`lost acknowledged writes within ${goals.lossWindowSeconds} s`);
  else if (goals.lossWindowBeyondFailover !== undefined)
    parts.push(`lost acknowledged writes within the time of failover + ${goals.lossWindowBeyondFailover}`);
  if (goals.electionRequired !== false) parts.push('another leader elected in at least one trial');
  const minTrials = goals.minTrials ?? 1;
  parts.push(minTrials === 1 ? 'at least 1 trial' : `at least ${minTrials} trials`);
  return parts.join('; ');
}

function seenOf(summary: TrialSummary, trials: readonly FailoverRecord[]): string {
  const { counted, lost, elected } = summary;
  if (counted.length === 0) {
    const losses = (lost ?? 0) > 0 ? `, ${lossText(summary, trials.length)}` : '';
    return `0 of ${trials.length} trials count${losses}`;
  }
  const parts = [
    [rtoText(summary), ...pathTexts(summary)].join(', '),
    ...manyText(counted),
    lossText(summary, trials.length),
    `another leader in ${elected} of ${counted.length} trials`,
  ];
  if (counted.length < trials.length) parts.push(`${trials.length - counted.length} trials not counted`);
  return parts.join(', ');
}

function outageGoals({ totalOutageSeconds, outages }: TrialGoals): string[] {
  return [
    ...(totalOutageSeconds === undefined ? [] : [`all outages together ≤ ${totalOutageSeconds} s`]),
    ...(outages === undefined ? [] : [`outages ≤ ${outages}`]),
  ];
}

/** A trial that hit nobody has no outage, long or short. */
function rtoText({ counted, worstRto }: TrialSummary): string {
  if (worstRto === undefined) return 'no fault was injected';
  if (worstRto === null) return 'RTO > deadline';
  return `${counted.length > 1 ? 'worst ' : ''}RTO ${seconds(worstRto.hiMs)} s`;
}

const pathTexts = ({ paths }: TrialSummary): string[] =>
  paths.map(
    ({ name, worstMs }) =>
      `${streamText(name)} ${worstMs === null ? 'not known of every trial' : `${seconds(worstMs)} s`}`,
  );

/** More than one outage in a trial is worth saying. */
function manyText(counted: readonly FailoverRecord[]): string[] {
  const { outages, totalMs } = worstSinceFault(counted);
  if (outages < 2) return [];
  const lead = counted.length > 1 ? 'up to ' : '';
  return [`${lead}${outages} outages of ${seconds(totalMs)} s in all`];
}

function worstSinceFault(counted: readonly FailoverRecord[]): { outages: number; totalMs: number } {
  let [outages, totalMs] = [0, 0];
  for (const { sinceFault } of counted) {
    outages = Math.max(outages, sinceFault?.outages ?? 0);
    totalMs = Math.max(totalMs, sinceFault?.totalMs.hiMs ?? 0);
  }
  return { outages, totalMs };
}

const seconds = (ms: number): number => Math.round(ms) / 1000;

/** An acknowledged write that is gone is a fact, whether or not the trial counts. */
function lossText({ lost, unread }: TrialSummary, all: number): string {
  if (lost === null) return unread === all ? 'writes not read back' : 'whether writes were lost is not known';
  return `${lost} acknowledged writes lost${unread > 0 ? ` (${unread} of ${all} trials not read back)` : ''}`;
}

function figuresOf(summary: TrialSummary, trials: readonly FailoverRecord[], goals: TrialGoals): Figure[] {
  const { counted, lost, elected, inPlace } = summary;
  const tally: Figure[] = [
    { name: 'trials counted', value: counted.length, goal: `≥ ${goals.minTrials ?? 1}` },
  ];
  const left = trials.length - counted.length;
  if (left > 0) tally.push({ name: 'trials not counted', value: left });
  const losses = [lostFigure(summary, goals), ...lossWindowFigures(summary, goals)];
  if (counted.length === 0) return (lost ?? 0) > 0 ? [...losses, ...tally] : tally;
  return [
    ...rtoFigures(summary, goals),
    ...pathFigures(summary, goals),
    ...outageFigures(counted, goals),
    ...losses,
    boundFigure(summary),
    ...slowBoundFigures(counted, goals),
    ...outsideFigures(summary),
    { name: 'trials that elected another leader', value: elected },
    { name: 'trials that recovered in place', value: inPlace },
    ...tally,
    ...costFigures(trials),
  ];
}

/** The RTO goal of a trial, seconds: the longest absence of a majority differs from the trial's own by milliseconds. */
function longestRto(rtoSeconds: number, { awaySeconds = 0 }: TrialGoals): number {
  return Math.round((rtoSeconds + awaySeconds) * 1000) / 1000;
}

const rtoGoal = (goals: TrialGoals): { goal?: number } =>
  goals.rtoSeconds === undefined ? {} : { goal: longestRto(goals.rtoSeconds, goals) };

/** Upper ends of the intervals: what the sampling cannot exclude. */
function rtoFigures({ counted, worstRto }: TrialSummary, goals: TrialGoals): Figure[] {
  const unknown = worstRto === null ? 'never steady again' : 'no fault was injected';
  const rtosMs = counted.flatMap(({ rto }) => (rto === null ? [] : [rto.hiMs]));
  const value = worstRto == null ? unknown : seconds(worstRto.hiMs);
  return worstAndMedian('', { value, rtosMs, many: counted.length > 1 }, goals);
}

/** The same of reads and of further paths of clients, over the trials in which a fault was injected. */
function pathFigures({ injected, paths }: TrialSummary, goals: TrialGoals): Figure[] {
  return paths.flatMap(({ name, rtosMs, worstMs }) => {
    const value = worstMs === null ? 'not known of every trial' : seconds(worstMs);
    const own = {
      ...goals,
      rtoSeconds: (name === READS ? goals.readsRtoSeconds : undefined) ?? goals.rtoSeconds,
    };
    return worstAndMedian(` ${streamText(name)}`, { value, rtosMs, many: injected.length > 1 }, own);
  });
}

/** From two trials on the median as well. */
function worstAndMedian(
  by: string,
  { value, rtosMs, many }: { value: string | number; rtosMs: readonly number[]; many: boolean },
  goals: TrialGoals,
): Figure[] {
  const figures: Figure[] = [{ name: `worst RTO${by}`, value, unit: 's', ...rtoGoal(goals) }];
  if (!many) return figures;
  const middle = median(rtosMs);
  return [
    ...figures,
    { name: `median RTO${by}`, value: middle === null ? null : seconds(middle), unit: 's' },
  ];
}

/** The largest value of any trial. */
function outageFigures(counted: readonly FailoverRecord[], goals: TrialGoals): Figure[] {
  if (counted.every(({ sinceFault }) => sinceFault === undefined)) return [];
  const { outages, totalMs } = worstSinceFault(counted);
  const total = goals.totalOutageSeconds ?? goals.rtoSeconds;
  return [
    {
      name: 'longest total of all outages in one trial',
      value: seconds(totalMs),
      unit: 's',
      ...(total !== undefined && { goal: `≤ ${longestRto(total, goals)}` }),
    },
    {
      name: 'most outages seen in one trial',
      value: outages,
      ...(goals.outages !== undefined && { goal: `≤ ${goals.outages}` }),
    },
  ];
}

function lostFigure({ lost }: TrialSummary, goals: TrialGoals): Figure {
  const figure: Figure = { name: 'lost acknowledged writes', value: lost, unit: 'writes' };
  return goals.lostWrites === undefined ? figure : { ...figure, goal: `≤ ${goals.lostWrites}` };
}

/**
 * Trials are independent, writes of one trial are not: so the bound counts trials. A trial whose writes could not be
 * read back says nothing about loss, and one that does not count says nothing by losing none. One trial would bound the share at 95 %, which
 * is no claim worth making.
 */
function boundFigure({ readBack: known }: TrialSummary): Figure {
  const name = 'share of trials that lose writes, upper 95 % bound';
  if (known.length < 2) return { name, value: 'not claimed: that takes at least two trials' };
  const losing = known.filter(({ lost }) => lost > 0).length;
  const bound = losing === 0 ? zeroLossBound(known.length) : proportionBounds(losing, known.length).upper;
  return { name, value: percentAtMost(bound, 1), unit: '%' };
}

/** Longest time between the first and the last lost acknowledgement of any trial. */
function lossWindowFigures({ lost, lossWindowMs }: TrialSummary, goals: TrialGoals): Figure[] {
  const goal = goals.lossWindowSeconds ?? goals.lossWindowBeyondFailover;
  if (goal === undefined) return [];
  const value = lost === null ? null : seconds(lossWindowMs ?? 0);
  return [
    {
      name: 'longest loss window',
      value,
      unit: 's',
      goal: `≤ ${typeof goal === 'number' ? goal : `failover + ${goal}`}`,
    },
  ];
}

/**
 * How often a failover takes longer than its goal, at worst; from two trials on, like the bound of loss. Where a majority was given back,
 * every trial has a goal of its own, and nothing is claimed.
 */
function slowBoundFigures(counted: readonly FailoverRecord[], goals: TrialGoals): Figure[] {
  const goalMs = (goals.rtoSeconds ?? Infinity) * 1000;
  if (counted.length < 2 || goalMs === Infinity || goals.awaySeconds !== undefined) return [];
  const slow = counted.filter(({ rto }) => rto === null || rto.hiMs > goalMs).length;
  const bound = proportionBounds(slow, counted.length).upper;
  const name = 'share of trials slower than the RTO goal, upper 95 % bound';
  return [{ name, value: percentAtMost(bound, 1), unit: '%' }];
}

/** Compares results with what the live settings predict; one outside, in either direction, needs an explanation. */
function outsideFigures({ expected: { inside, faster, slower } }: TrialSummary): Figure[] {
  const compared = inside + faster + slower;
  if (compared === 0) return [];
  const value =
    faster + slower === 0
      ? `inside in ${compared} of ${compared} trials: no contradiction, and little confirmation`
      : `${slower} slower, ${faster} faster, of ${compared} trials: needs an explanation`;
  return [{ name: 'RTO against the wide range that the settings allow', value }];
}

function findingOf(trial: FailoverRecord, goals: TrialGoals): Judgement['findings'][number] {
  const counts = trial.verdict === 'fail' ? '' : 'not counted: ';
  return {
    subject: `trial ${trial.trial}`,
    ok: false,
    expected: trial.verdict === 'fail' ? expectedOf({ ...goals, electionRequired: false }) : 'a verdict',
    seen: `${counts}${trial.reason}`,
  };
}
