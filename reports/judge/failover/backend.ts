import type { History } from '../../record/history.ts';
import type { Figure, Judgement } from '../../record/judgement.ts';
import type { FailoverRecord, RequestSums } from '../../record/run-record.ts';
import { worst } from '../../record/verdict.ts';
import type { Verdict } from '../../record/verdict.ts';
import { decideProportion } from '../statistics.ts';
import type { ProportionDecision } from '../statistics.ts';
import { MAX_LAG_MS } from './generator.ts';
import { measure } from './record.ts';
import type { Measured } from './record.ts';
import { before, lastDueMs, requestSums } from './requests.ts';
import { text } from './trial.ts';
import type { Trial } from './trial.ts';
import { MIN_ACKNOWLEDGED, rolesChanged } from './verdict.ts';

/** Less of the stated load than this was not delivered as stated. */
const DELIVERED_SHARE = 0.98;
const MAX_NAMED = 5;

interface Goals {
  failedRatio: number;
  windowMs: number;
  /** Time after the fault in which requests may fail: until the platform can know of it; 0: none. */
  allowanceMs: number;
}

interface Judged {
  record: FailoverRecord;
  decision: ProportionDecision | null;
}

/**
 * Requests through the edge under a fault of the backend. What is claimed follows from the sample: the one-sided 95 % bounds of the
 * share of good answers against the goal. Requests of one fault are no independent trials, so the seconds with a failure
 * are shown beside them.
 */
export function judgeBackend(histories: readonly History[]): Judgement {
  const judged = histories.map(judgeTrial);
  const verdict = worst(judged.map(({ record }) => record.verdict));
  const telling = judged.find(({ record }) => record.verdict === verdict);
  const first = histories[0];
  if (telling === undefined || first === undefined) throw new Error('a judge needs at least one history');
  const goals = goalsOf(first);
  const findings = judged
    .filter(({ record }) => record.verdict !== 'pass')
    .map(({ record }) => ({
      subject: `trial ${record.trial}`,
      ok: false,
      expected: expectedText(goals),
      seen: record.reason,
    }));
  const many = judged.length > 1 ? `trial ${telling.record.trial} of ${judged.length}: ` : '';
  return {
    verdict,
    reason: `${many}${telling.record.reason}`,
    expected: expectedText(goals),
    seen: telling.record.requests === undefined ? 'nothing' : seenText(telling.record.requests),
    figures: figuresOf(telling, goals),
    findings: findings.slice(0, 50),
    findingsTotal: findings.length,
    evidence: [],
    trials: judged.map(({ record }) => record),
  };
}

function judgeTrial(history: History): Judged {
  const measured = measure(history);
  const goals = goalsOf(history);
  const { trial } = measured.evidence;
  // Without goals nothing can be held against them; the sums are shown over the usual window all the same.
  const { windowMs, allowanceMs, failedRatio } = goals ?? {
    windowMs: 120_000,
    allowanceMs: 0,
    failedRatio: 0,
  };
  const { zeroMs } = trial;
  const fromMs = hurtFromMs(history, trial);
  const requests = requestSums(history.writes, { fromMs, zeroMs, windowMs, allowanceMs });
  const decision = goals === null ? null : decideProportion(requests.ok, requests.judged, 1 - failedRatio);
  const record = { ...withoutElection(measured.record), requests };
  return { record: { ...record, ...verdictOf(history, { measured, goals, requests, decision }) }, decision };
}

/** Deployments elect nobody: of the phases only those remain that were looked for. */
function withoutElection(record: Measured['record']): Measured['record'] {
  const phases = record.phases.filter(({ name }) => ['landed', 'first ok write', 'steady'].includes(name));
  const unseen = record.rto !== null && record.outages.length === 0;
  return {
    ...record,
    phases,
    election: 'not applicable',
    ...(unseen && {
      rtoNote: 'no request failed; an outage of this length may have passed between two answers',
    }),
  };
}

interface Weighed {
  measured: Measured;
  goals: Goals | null;
  requests: RequestSums;
  decision: ProportionDecision | null;
}

function verdictOf(history: History, weighed: Weighed): { verdict: Verdict; reason: string } {
  const failures = failuresOf(weighed);
  if (failures.length > 0) return { verdict: 'fail', reason: failures.join('; ') };
  const gaps = gapsOf(history, weighed);
  if (gaps.length > 0) return { verdict: 'inconclusive', reason: gaps.join('; ') };
  return { verdict: 'pass', reason: `${seenText(weighed.requests)}${detectedText(weighed.requests)}` };
}

function failuresOf({ measured: { evidence }, goals, requests, decision }: Weighed): string[] {
  const { trial } = evidence;
  const bad = decision?.verdict === 'fail' && trial.landedMs !== null && goals !== null;
  const found = [
    bad ? `${seenText(requests)}; allowed: ${percent(goals.failedRatio)}` : null,
    trial.steadyAfter !== null && trial.steadyAfter['ok'] !== true
      ? `not as before afterwards: ${text(trial.steadyAfter['detail'])}`
      : null,
    rolesChanged(evidence),
  ];
  return found.filter((one) => one !== null);
}

/** What the gaps are looked for in. */
interface Looked extends Weighed {
  history: History;
  goals: Goals;
}

/** What keeps the trial from saying anything. */
const GAPS: readonly ((looked: Looked) => string | null)[] = [
  ({ measured }) => (measured.evidence.cutOff === null ? null : `cut off: ${measured.evidence.cutOff}`),
  ({ measured }) => {
    const { trial } = measured.evidence;
    return trial.landedMs === null ? `the fault did not land: ${trial.missed}` : null;
  },
  calmBefore,
  delivered,
  ({ measured }) => {
    const late = measured.evidence.lag.outside ?? measured.evidence.lag.p99;
    return late > MAX_LAG_MS
      ? `the generator was ${late.toFixed(1)} ms late (p99), limit ${MAX_LAG_MS} ms`
      : null;
  },
  ({ history, measured }) => unfinished(history, measured.evidence.trial.fault),
  ({ requests, goals, decision }) =>
    decision?.verdict === 'inconclusive' ? open(requests, goals, decision) : null,
  ({ measured }) =>
    measured.evidence.trial.steadyAfter === null
      ? 'it was not looked at whether everything was back afterwards'
      : null,
  ({ measured }) => {
    const differences = measured.evidence.afterwards?.differences ?? [];
    return differences.length > 0
      ? `the environment is not as before: ${differences.slice(0, MAX_NAMED).join('; ')}`
      : null;
  },
  ({ measured: { evidence } }) =>
    evidence.damaged.length > 0 ? `damaged lines in the history: ${evidence.damaged.join(', ')}` : null,
];

function gapsOf(history: History, weighed: Weighed): string[] {
  const { goals } = weighed;
  if (history.writes.count === 0) return ['no request was recorded'];
  if (goals === null) return ['the history states no goals for failed requests and their window'];
  return GAPS.map((gap) => gap({ ...weighed, goals, history })).filter((found) => found !== null);
}

/**
 * From when on the fault may have hurt, ms: it was not yet in force then. What came to an end before must have gone well, all else is
 * judged; good answers from before it would dilute the sample.
 */
function hurtFromMs({ observations }: History, { faultMs, zeroMs }: Trial): number {
  const between: unknown = observations.find(({ kind }) => kind === 'fault-landed')?.['betweenMs'];
  const [from] = Array.isArray(between) ? (between as unknown[]) : [];
  return typeof from === 'number' ? Math.min(from, zeroMs) : (faultMs ?? zeroMs);
}

/** Before the fault every request must have got its answer. */
function calmBefore({ history, measured }: Looked): string | null {
  const { trial } = measured.evidence;
  const calm = before(history.writes, hurtFromMs(history, trial));
  if (calm.failed > 0) return `${calm.failed} of ${calm.sent} requests had failed before the fault`;
  return calm.sent < MIN_ACKNOWLEDGED
    ? `${calm.sent} good answers before the fault, ${MIN_ACKNOWLEDGED} are needed`
    : null;
}

/** The window must have been recorded to its end, and filled with the stated load. */
function delivered({ history, measured, goals, requests }: Looked): string | null {
  const { trial } = measured.evidence;
  const recordedMs = lastDueMs(history.writes) - trial.zeroMs;
  if (recordedMs < goals.windowMs - 1000)
    return `${Math.max(0, Math.round(recordedMs / 1000))} of ${goals.windowMs / 1000} s after the fault were recorded`;
  const landingMs = goals.allowanceMs === 0 ? trial.zeroMs - hurtFromMs(history, trial) : 0;
  const expected = (declaredRate(history) * (landingMs + goals.windowMs - goals.allowanceMs)) / 1000;
  return requests.judged < expected * DELIVERED_SHARE
    ? `the load was not delivered: ${requests.judged} of ${Math.round(expected)} requests were due`
    : null;
}

/** A rolling restart of which only a part fell into the window has not been seen whole. */
function unfinished({ observations }: History, fault: string): string | null {
  if (fault !== 'rolling-restart') return null;
  return observations.some(({ kind }) => kind === 'rollout-done')
    ? null
    : 'the rolling restart was not seen to end within the window';
}

function open(requests: RequestSums, goals: Goals, { lower, samplesToDecide }: ProportionDecision): string {
  const more = samplesToDecide === null ? '' : `; ${samplesToDecide} requests would decide`;
  return `${seenText(requests)}: with 95 % certainty at most ${percent(1 - lower)}, the goal of ${percent(goals.failedRatio)} lies in between${more}`;
}

function declaredRate({ observations }: History): number {
  const rate = observations.find(({ kind }) => kind === 'workload')?.['ratePerSecond'];
  return typeof rate === 'number' ? rate : 0;
}

function goalsOf({ header: { goals } }: History): Goals | null {
  const { failedRatio, windowSeconds, detectionSeconds } = goals;
  if (typeof failedRatio !== 'number' || typeof windowSeconds !== 'number') return null;
  const allowance = typeof detectionSeconds === 'number' ? detectionSeconds : 0;
  return { failedRatio, windowMs: windowSeconds * 1000, allowanceMs: allowance * 1000 };
}

function seenText(requests: RequestSums): string {
  const bad = requests.judged - requests.ok;
  const from = requests.allowanceMs > 0 ? ` from ${requests.allowanceMs / 1000} s after the fault on` : '';
  const share = requests.judged === 0 ? '' : ` (${percent(bad / requests.judged)})`;
  const seconds = bad === 0 ? '' : ` in ${requests.secondsWithFailures} of ${requests.seconds} s`;
  return `${bad} of ${requests.judged} requests failed${share}${seconds}${from}`;
}

/** Within the time that is allowed: how long it really took. */
function detectedText({ allowanceMs, lastFailureMs }: RequestSums): string {
  if (allowanceMs === 0) return '';
  return lastFailureMs === null
    ? '; none before it either'
    : `; the last failure ended ${Math.round(lastFailureMs / 100) / 10} s after it`;
}

function expectedText(goals: Goals | null): string {
  if (goals === null) return 'goals';
  const { failedRatio, windowMs, allowanceMs } = goals;
  const within = `in the ${windowMs / 1000} s after the fault`;
  const ratio = `at most ${percent(failedRatio)} of the requests through the edge fail ${within}`;
  return allowanceMs === 0 ? ratio : `${ratio}, once ${allowanceMs / 1000} s for detecting it have passed`;
}

function figuresOf(
  { record: { requests, generatorLagMs }, decision }: Judged,
  goals: Goals | null,
): Figure[] {
  if (requests === undefined || goals === null) return [];
  const bad = requests.judged - requests.ok;
  const share = requests.judged === 0 ? null : Number(((bad / requests.judged) * 100).toFixed(4));
  const figures: Figure[] = [
    { name: 'failed requests', value: share, unit: '%', goal: goals.failedRatio * 100 },
    {
      name: 'failed share, upper 95 % bound',
      value: decision === null ? null : rounded((1 - decision.lower) * 100),
      unit: '%',
    },
    { name: 'requests judged', value: requests.judged },
    {
      name: 'seconds with a failed request',
      value: `${requests.secondsWithFailures} of ${requests.seconds}`,
    },
  ];
  const lastFailure = requests.lastFailureMs === null ? 'none failed' : requests.lastFailureMs / 1000;
  const last: Figure = { name: 'last failure after the fault', value: lastFailure, unit: 's' };
  figures.push(goals.allowanceMs === 0 ? last : { ...last, goal: goals.allowanceMs / 1000 });
  figures.push({ name: 'generator lag, p99', value: generatorLagMs.p99, unit: 'ms', goal: MAX_LAG_MS });
  return figures;
}

const percent = (share: number): string => `${rounded(share * 100)} %`;
const rounded = (value: number): number => Number(value.toFixed(3));
