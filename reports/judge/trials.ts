import type { Figure, Judgement } from '../record/judgement.ts';
import { doesCount, lostWrites, readBack } from '../record/trials.ts';
import type { FailoverRecord } from '../record/run-record.ts';
import { worst } from '../record/verdict.ts';
import type { Verdict } from '../record/verdict.ts';
import { pathFigures, pathText } from './path-figures.ts';
import { costFigures } from './series-costs.ts';
import { percentAtMost } from './slo/percent.ts';
import { median, proportionBounds, zeroLossBound } from './statistics.ts';

/** Goals of a failover check for all its trials; each trial was already judged by the first two. */
export interface TrialGoals {
  rtoSeconds?: number | undefined;
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
  const counted = trials.filter(doesCount);
  const gap = gapOf(counted, trials, goals);
  // A trial that was cut off, and after which the series went on, says nothing, good or bad, unless it had failed by then.
  const deciding = trials.filter((trial) => trial.cutOff === undefined || trial.verdict === 'fail');
  const verdict = verdictOf(deciding, gap);
  const findings = trials.filter((trial) => trial.verdict !== 'pass').map((trial) => findingOf(trial, goals));
  return {
    verdict,
    reason: reasonOf(verdict, deciding, counted, gap),
    expected: expectedOf(goals),
    seen: seenOf(counted, trials),
    figures: figuresOf(counted, trials, goals),
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
function gapOf(
  counted: readonly FailoverRecord[],
  trials: readonly FailoverRecord[],
  goals: TrialGoals,
): string | null {
  const minTrials = goals.minTrials ?? 1;
  if (trials.length === 0) return 'no trial was run';
  if (counted.length < minTrials) {
    return `${counted.length} of ${trials.length} trials count, the goal asks for ${minTrials}`;
  }
  const elected = counted.some((trial) => trial.election === 'elsewhere');
  if (goals.electionRequired === false || elected) return null;
  const inPlace = count(counted, 'in place');
  return `no trial elected another leader (${inPlace} of ${counted.length} recovered in place): failover was not seen`;
}

const count = (trials: readonly FailoverRecord[], election: FailoverRecord['election']): number =>
  trials.filter((trial) => trial.election === election).length;

function reasonOf(
  verdict: Verdict,
  trials: readonly FailoverRecord[],
  counted: readonly FailoverRecord[],
  gap: string | null,
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

function seenOf(counted: readonly FailoverRecord[], trials: readonly FailoverRecord[]): string {
  if (counted.length === 0) {
    const lost = (lostWrites(trials) ?? 0) > 0 ? `, ${lossText(trials)}` : '';
    return `0 of ${trials.length} trials count${lost}`;
  }
  const worstRto = worstRtoOf(counted);
  const parts = [
    `${rtoText(counted, worstRto)}${pathText(counted)}`,
    ...manyText(counted),
    lossText(trials),
    `another leader in ${count(counted, 'elsewhere')} of ${counted.length} trials`,
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
function rtoText(counted: readonly FailoverRecord[], worstRto: number | null): string {
  if (worstRto !== null) return `${counted.length > 1 ? 'worst ' : ''}RTO ${seconds(worstRto)} s`;
  return counted.some(neverBack) ? 'RTO > deadline' : 'no fault was injected';
}

/** Hit, and not seen to come back. */
export function neverBack({ rto, landed }: FailoverRecord): boolean {
  return rto === null && landed.injected !== false;
}

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

/** Upper ends of the RTO intervals, ms; null where one never came back. */
function worstRtoOf(counted: readonly FailoverRecord[]): number | null {
  let found = 0;
  for (const { rto, landed } of counted) {
    if (rto === null && landed.injected === false) continue;
    if (rto === null) return null;
    found = Math.max(found, rto.hiMs);
  }
  return counted.some(({ rto }) => rto !== null) ? found : null;
}

/** An acknowledged write that is gone is a fact, whether or not the trial counts. */
function lossText(trials: readonly FailoverRecord[]): string {
  const lost = lostWrites(trials);
  if (lost === null)
    return trials.every(({ writes }) => writes === null)
      ? 'writes not read back'
      : 'whether writes were lost is not known';
  const unread = trials.filter((trial) => trial.writes === null).length;
  return `${lost} acknowledged writes lost${unread > 0 ? ` (${unread} of ${trials.length} trials not read back)` : ''}`;
}

function figuresOf(
  counted: readonly FailoverRecord[],
  trials: readonly FailoverRecord[],
  goals: TrialGoals,
): Figure[] {
  const tally: Figure[] = [
    { name: 'trials counted', value: counted.length, goal: `≥ ${goals.minTrials ?? 1}` },
  ];
  const left = trials.length - counted.length;
  if (left > 0) tally.push({ name: 'trials not counted', value: left });
  const losses = [lostFigure(trials, goals), ...lossWindowFigures(trials, goals)];
  if (counted.length === 0) return (lostWrites(trials) ?? 0) > 0 ? [...losses, ...tally] : tally;
  return [
    ...rtoFigures(counted, goals),
    ...pathFigures(counted, rtoGoal(goals)),
    ...outageFigures(counted, goals),
    ...losses,
    boundFigure(trials),
    ...slowBoundFigures(counted, goals),
    ...outsideFigures(counted),
    { name: 'trials that elected another leader', value: count(counted, 'elsewhere') },
    { name: 'trials that recovered in place', value: count(counted, 'in place') },
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
function rtoFigures(counted: readonly FailoverRecord[], goals: TrialGoals): Figure[] {
  const slowest = worstRtoOf(counted);
  const unknown = counted.some(neverBack) ? 'never steady again' : 'no fault was injected';
  const value = slowest === null ? unknown : seconds(slowest);
  const figures: Figure[] = [{ name: 'worst RTO', value, unit: 's', ...rtoGoal(goals) }];
  if (counted.length === 1) return figures;
  const middle = median(counted.flatMap((trial) => (trial.rto === null ? [] : [trial.rto.hiMs])));
  return [...figures, { name: 'median RTO', value: middle === null ? null : seconds(middle), unit: 's' }];
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

function lostFigure(trials: readonly FailoverRecord[], goals: TrialGoals): Figure {
  const figure: Figure = { name: 'lost acknowledged writes', value: lostWrites(trials), unit: 'writes' };
  return goals.lostWrites === undefined ? figure : { ...figure, goal: `≤ ${goals.lostWrites}` };
}

/**
 * Trials are independent, writes of one trial are not: so the bound counts trials. A trial whose writes could not be
 * read back says nothing about loss, and one that does not count says nothing by losing none. One trial would bound the share at 95 %, which
 * is no claim worth making.
 */
function boundFigure(trials: readonly FailoverRecord[]): Figure {
  const name = 'share of trials that lose writes, upper 95 % bound';
  const known = readBack(trials);
  if (known.length < 2) return { name, value: 'not claimed: that takes at least two trials' };
  const losing = known.filter(({ lost }) => lost > 0).length;
  const bound = losing === 0 ? zeroLossBound(known.length) : proportionBounds(losing, known.length).upper;
  return { name, value: percentAtMost(bound, 1), unit: '%' };
}

/** Longest time between the first and the last lost acknowledgement of any trial. */
function lossWindowFigures(trials: readonly FailoverRecord[], goals: TrialGoals): Figure[] {
  const goal = goals.lossWindowSeconds ?? goals.lossWindowBeyondFailover;
  if (goal === undefined) return [];
  const longest = Math.max(0, ...trials.map((trial) => trial.lossWindowMs ?? 0));
  const value = lostWrites(trials) === null ? null : seconds(longest);
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
function outsideFigures(counted: readonly FailoverRecord[]): Figure[] {
  const compared = counted.filter(({ outsideExpected }) => outsideExpected !== 'unknown');
  if (compared.length === 0) return [];
  const of = (word: FailoverRecord['outsideExpected']): number =>
    compared.filter(({ outsideExpected }) => outsideExpected === word).length;
  const [faster, slower] = [of('faster'), of('slower')];
  const value =
    faster + slower === 0
      ? `inside in ${compared.length} of ${compared.length} trials: no contradiction, and little confirmation`
      : `${slower} slower, ${faster} faster, of ${compared.length} trials: needs an explanation`;
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
