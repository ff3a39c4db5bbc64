/** What is the same for every Deployment that is hurt while requests are sent through the edge, whatever is then held against a goal. */
import type { History } from '../../record/history.ts';
import type { Figure, Judgement } from '../../record/judgement.ts';
import type { FailoverRecord, RequestSums } from '../../record/run-record.ts';
import { worst } from '../../record/verdict.ts';
import { MAX_LAG_MS } from './generator.ts';
import { measure } from './record.ts';
import type { Measured } from './record.ts';
import { before, lastDueMs, requestSums } from './requests.ts';
import { text } from './trial.ts';
import type { Trial } from './trial.ts';
import { rolesChanged } from './verdict.ts';

/** Less of the stated load than this was not delivered as stated. */
const DELIVERED_SHARE = 0.98;
const MAX_NAMED = 5;
const MAX_FINDINGS = 50;

export interface Window {
  windowMs: number;
  /** Time after the fault in which requests may fail: until the platform can know of it; 0: none. */
  allowanceMs: number;
}

/** One trial: what was measured, and what became of the requests of its window. */
export interface Watched {
  history: History;
  measured: Measured;
  window: Window;
  requests: RequestSums;
}

/** The sums are shown over the usual window where the history states none. */
export function watch(history: History, window: Window): Watched {
  const measured = measure(history);
  const { trial } = measured.evidence;
  const fromMs = hurtFromMs(history, trial);
  const requests = requestSums(history.writes, { fromMs, zeroMs: trial.zeroMs, ...window });
  return { history, measured, window, requests };
}

/** The trial's record without a verdict. Deployments elect nobody: of the phases only those remain that were looked for. */
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

/** What was left behind that was not there before. */
export function leftBehind({ measured: { evidence } }: Watched): string[] {
  const { steadyAfter } = evidence.trial;
  const found = [
    steadyAfter !== null && steadyAfter['ok'] !== true
      ? `not as before afterwards: ${text(steadyAfter['detail'])}`
      : null,
    rolesChanged(evidence),
  ];
  return found.filter((one) => one !== null);
}

type Gap = (watched: Watched, minBefore: number) => string | null;

/** What keeps a trial from saying anything, up to the sample itself. */
const BEFORE: readonly Gap[] = [
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
];

/** And what comes after it. */
const AFTER: readonly Gap[] = [
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

/**
 * What keeps the trial from saying anything.
 * @param own what the check itself lacks, such as a sample that is large enough
 * @param minBefore good answers that must have come before the fault
 */
export function gapsOf(watched: Watched, own: readonly (string | null)[], minBefore: number): string[] {
  const found = (gaps: readonly Gap[]): (string | null)[] => gaps.map((gap) => gap(watched, minBefore));
  return [...found(BEFORE), ...own, ...found(AFTER)].filter((one) => one !== null);
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
function calmBefore({ history, measured }: Watched, minBefore: number): string | null {
  const { trial } = measured.evidence;
  const calm = before(history.writes, hurtFromMs(history, trial));
  if (calm.failed > 0) return `${calm.failed} of ${calm.sent} requests had failed before the fault`;
  return calm.sent < minBefore ? `${calm.sent} good answers before the fault, ${minBefore} are needed` : null;
}

/** The window must have been recorded to its end, and filled with the stated load. */
function delivered({ history, measured, window, requests }: Watched): string | null {
  const { trial } = measured.evidence;
  const recordedMs = lastDueMs(history.writes) - trial.zeroMs;
  if (recordedMs < window.windowMs - 1000)
    return `${Math.max(0, Math.round(recordedMs / 1000))} of ${window.windowMs / 1000} s after the fault were recorded`;
  const landingMs = window.allowanceMs === 0 ? trial.zeroMs - hurtFromMs(history, trial) : 0;
  const expected = (declaredRate(history) * (landingMs + window.windowMs - window.allowanceMs)) / 1000;
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

function declaredRate({ observations }: History): number {
  const rate = observations.find(({ kind }) => kind === 'workload')?.['ratePerSecond'];
  return typeof rate === 'number' ? rate : 0;
}

/** What a judgement says of the trial that speaks for all. */
interface Words<T> {
  expected: string;
  seen: (telling: T) => string;
  figures: (telling: T) => Figure[];
}

/** Several trials of one check: the worst of them speaks for all. @throws Error when there is none */
export function inOneJudgement<T extends { record: FailoverRecord }>(
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
    expected,
    seen: seen(telling),
    figures: figures(telling),
    findings: findings.slice(0, MAX_FINDINGS),
    findingsTotal: findings.length,
    evidence: [],
    trials: judged.map(({ record }) => record),
  };
}
