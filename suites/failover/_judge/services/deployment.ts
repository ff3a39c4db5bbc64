/** Common to every check that hits a Deployment while requests go through the edge. */
import { first, last } from '../../../../reports/judge/observed.ts';
import { proofFigures } from '../../../../reports/judge/proof.ts';
import { refusedFigures as countFigures } from '../../../../reports/judge/refused-figures.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Figure, Judgement } from '../../../../reports/record/judgement.ts';
import { refusedText, refusedTotal } from '../../../../reports/record/refusals.ts';
import type { Refused } from '../../../../reports/record/refusals.ts';
import type { FailoverRecord, RequestSums } from '../../../../reports/record/run-record.ts';
import { reasonOf, worstOf } from '../../../../reports/record/rule.ts';
import type { Rule } from '../../../../reports/record/rule.ts';
import { worst } from '../../../../reports/record/verdict.ts';
import { sampleOf } from '../../../../reports/judge/slo/share.ts';
import type { Sample } from '../../../../reports/judge/slo/share.ts';
import { MAX_LAG_MS } from '../outages/generator.ts';
import { measure } from '../record.ts';
import type { Measured } from '../record.ts';
import { before, lastDueMs, refusedIn, requestEvents, requestSums } from './requests.ts';
import type { Trial } from '../trial.ts';

/** Below this share of the planned load, the load was not delivered. */
const DELIVERED_SHARE = 0.98;
const MAX_FINDINGS = 50;

export interface Window {
  windowMs: number;
  /** Time after the fault in which requests may fail: until the platform can know of it; 0: none. */
  allowanceMs: number;
}

/** The measurements of one trial and the sums of the requests in its window. */
export interface Watched {
  history: History;
  measured: Measured;
  window: Window;
  requests: RequestSums;
  /** The same requests by their times. */
  sample: Sample;
  /** Those of them that were refused before the service answered. */
  refused: Refused;
}

/** Without a declared window, the sums cover the default one. */
export function watch(history: History, window: Window): Watched {
  const measured = measure(history);
  const { trial } = measured.evidence;
  const fromMs = injectedFromMs(history, trial);
  const span = { fromMs, zeroMs: trial.zeroMs, ...window };
  const requests = requestSums(history.writes, span);
  const sample = sampleOf(requestEvents(history.writes, span));
  return { history, measured, window, requests, sample, refused: refusedIn(history.writes, span) };
}

/** The trial's record without a verdict. A Deployment elects no leader, so only the phases that apply to it remain. */
export function recordOf({ measured: { record }, requests }: Watched): Measured['record'] {
  const phases = record.phases.filter(({ name }) => ['landed', 'first ok write', 'steady'].includes(name));
  const unseen = record.rto !== null && record.outages.length === 0;
  return {
    ...record,
    requests,
    phases,
    election: 'not applicable',
    ...(unseen && {
      rtoNote: 'no request failed; an outage of this length may have passed between two answers',
    }),
  };
}

/** Why a trial cannot be judged; null: it can. */
type Gap = (watched: Watched, minBefore: number) => string | null;

const GAPS: readonly { id: string; gap: Gap; holds: string }[] = [
  {
    id: 'fault/landed',
    gap: ({ history, measured }) => {
      const { trial } = measured.evidence;
      if (trial.landedMs !== null) return null;
      // Without a fault all requests came before it; what was refused says more than that they did not flow.
      const { sent, refused } = before(history.writes, Infinity);
      const said = refusedText(refused, sent);
      return `the fault did not land: ${trial.missed}${said === '' ? '' : `; ${said}`}`;
    },
    holds: 'the fault landed',
  },
  {
    id: 'requests/recorded',
    gap: ({ history }) => (history.writes.count === 0 ? 'no request was recorded' : null),
    holds: 'requests were recorded',
  },
  { id: 'requests/before', gap: calmBefore, holds: 'every request before the fault was answered well' },
  {
    id: 'requests/delivered',
    gap: delivered,
    holds: 'requests were sent as planned, to the end of the window',
  },
  { id: 'generator/lag', gap: lagGap, holds: 'requests were sent in time' },
  { id: 'rollout/ended', gap: unfinished, holds: 'no rolling restart was left unfinished' },
];

/**
 * Preconditions of a trial, without which its requests prove nothing.
 * @param minBefore good answers that must have come before the fault
 */
export function trialRules(watched: Watched, minBefore: number): Rule[] {
  return GAPS.map(({ id, gap, holds }): Rule => {
    const text = gap(watched, minBefore);
    return text === null ? { id, verdict: 'pass', text: holds } : { id, verdict: 'inconclusive', text };
  });
}

/** The record of one trial with the verdict of all its rules. */
export function judgedRecord(watched: Watched, rules: readonly Rule[], pass: string): FailoverRecord {
  return { ...recordOf(watched), verdict: worstOf(rules), reason: reasonOf(rules, pass) };
}

function lagGap({ measured: { evidence } }: Watched): string | null {
  const late = evidence.lag.outside ?? evidence.lag.p99;
  return late > MAX_LAG_MS
    ? `the generator was ${late.toFixed(1)} ms late (p99), limit ${MAX_LAG_MS} ms`
    : null;
}

/**
 * The earliest moment at which the fault may have hit, ms. Requests that ended before it show that all was well (`calmBefore`) and are not
 * judged: their good answers would dilute the sample.
 */
function injectedFromMs({ observations }: History, { faultMs, zeroMs }: Trial): number {
  const [from] = first({ observations }, 'fault-landed')?.betweenMs ?? [];
  return from === undefined ? (faultMs ?? zeroMs) : Math.min(from, zeroMs);
}

/** Before the fault every request must have got its answer. */
function calmBefore({ history, measured }: Watched, minBefore: number): string | null {
  const { trial } = measured.evidence;
  const calm = before(history.writes, injectedFromMs(history, trial));
  if (calm.failed > 0 && refusedTotal(calm.refused) === calm.failed)
    return `before the fault ${refusedText(calm.refused, calm.sent)}`;
  if (calm.failed > 0) return `${calm.failed} of ${calm.sent} requests had failed before the fault`;
  return calm.sent < minBefore
    ? `${calm.sent} good answers before the fault, at least ${minBefore} needed`
    : null;
}

/** The window must have been recorded to its end, and filled with the stated load. */
function delivered({ history, measured, window, requests }: Watched): string | null {
  const { trial } = measured.evidence;
  const recordedMs = lastDueMs(history.writes) - trial.zeroMs;
  if (recordedMs < window.windowMs - 1000)
    return `${Math.max(0, Math.round(recordedMs / 1000))} of ${window.windowMs / 1000} s after the fault were recorded: the window is incomplete`;
  const landingMs = window.allowanceMs === 0 ? trial.zeroMs - injectedFromMs(history, trial) : 0;
  const expected = (declaredRate(history) * (landingMs + window.windowMs - window.allowanceMs)) / 1000;
  return requests.judged < expected * DELIVERED_SHARE
    ? `the load was not delivered: ${requests.judged} of ${Math.round(expected)} planned requests were recorded`
    : null;
}

/** A rolling restart that lies only partly in the window was not observed in full. */
function unfinished({ history: { observations }, measured }: Watched): string | null {
  if (measured.evidence.trial.fault !== 'rolling-restart') return null;
  return observations.some(({ kind }) => kind === 'rollout-done')
    ? null
    : 'the rolling restart was not seen to end within the window';
}

function declaredRate(history: History): number {
  return first(history, 'client-load-start')?.ratePerSecond ?? 0;
}

/** Texts of a judgement over several trials. */
interface Words<T> {
  expected: string;
  seen: (telling: T) => string;
  figures: (telling: T) => Figure[];
}

/** Refused requests, and what became of the credentials, for people. */
export function refusedFigures({ history, refused }: Pick<Watched, 'history' | 'refused'>): Figure[] {
  return [...proofFigures(history.header), ...credentialFigures(history), ...countFigures(refused)];
}

function credentialFigures(history: History): Figure[] {
  const used = last(history, 'credentials');
  if (used === undefined) return [];
  const { renewals, refusals, failures, trouble } = used;
  const named = [
    { name: 'tokens renewed', value: renewals },
    { name: 'tokens renewed because they were refused', value: refusals },
    ...(failures > 0 ? [{ name: 'renewals that failed', value: `${failures}: ${trouble}` }] : []),
  ];
  return named.filter(({ value }) => value !== 0);
}

/** One judgement for several trials of a check: its text is that of the worst. @throws Error when there is none */
export function inOneJudgement<T extends { record: FailoverRecord; rules: Rule[] }>(
  judged: readonly T[],
  { expected, seen, figures }: Words<T>,
): Judgement {
  const verdict = worst(judged.map(({ record }) => record.verdict));
  const telling = judged.find(({ record }) => record.verdict === verdict);
  if (telling === undefined) throw new Error('a judge needs at least one history');
  const findings = judged
    .filter(({ record }) => record.verdict !== 'pass')
    .map(({ record }) => ({ subject: `trial ${record.trial}`, ok: false, expected, seen: record.reason }));
  const many = judged.length > 1 ? `trial ${telling.record.trial} of ${judged.length}: ` : '';
  return {
    verdict,
    reason: `${many}${telling.record.reason}`,
    rules: telling.rules,
    expected,
    seen: seen(telling),
    figures: figures(telling),
    findings: findings.slice(0, MAX_FINDINGS),
    findingsTotal: findings.length,
    evidence: [],
    trials: judged.map(({ record }) => record),
  };
}
