/** What can be said of one client's RTO: the same rules, in the same words, for each way by which clients write. */
import type { Trial } from '../trial.ts';
import type { ClientView } from './client-view.ts';
import { deadlineFor, lastRecovery } from './downtime.ts';
import { MAX_LAG_AT_EDGES_MS } from './generator.ts';
import { STEADY_MS } from '../../../../reports/judge/failover/outages/recovery.ts';
import type { Episode } from '../../../../reports/judge/failover/outages/recovery.ts';

/** With fewer acknowledged writes before the fault, its effect is unknown. */
export const MIN_ACKNOWLEDGED = 100;

/** What a client saw, and the trial that it is judged by. */
export interface Judged extends ClientView {
  trial: Trial;
}

/** The generator did not see the edges of the outage. One that is less late widens the bounds instead. */
export function lateAtEdges({ lag }: Pick<Judged, 'lag'>): string | null {
  return lag.atEdges > MAX_LAG_AT_EDGES_MS
    ? `the generator was ${lag.atEdges.toFixed(1)} ms late at the edges of the outage (limit ${MAX_LAG_AT_EDGES_MS} ms)`
    : null;
}

/** Why the effect of the fault is unknown: clients were not served steadily before it. */
export function restlessBefore({ acknowledgedBefore, unsteadyBefore, trial }: Judged): string | null {
  if (trial.faultMs === null) return null;
  return acknowledgedBefore < MIN_ACKNOWLEDGED
    ? `${acknowledgedBefore} acknowledged writes before the fault, at least ${MIN_ACKNOWLEDGED} needed`
    : unsteadyBefore;
}

/** Not steady before the deadline. Reported even when the proof of the fault, the read-back or other evidence is missing; not where none was injected. */
export function neverBack(evidence: Judged): string | null {
  if (evidence.trial.notInjected) return null;
  const passed = passedDeadline(evidence);
  return passed === null ? null : `RTO > ${seconds(passed.limitMs)} s${passed.why}`;
}

/** What a reader must know of an RTO, or of why there is none. */
export function noteOf(evidence: Judged): { rtoNote?: string } {
  const { rto, episode, open } = evidence;
  const passed = open === null ? null : passedDeadline(evidence);
  if (passed !== null) return { rtoNote: `RTO > ${seconds(passed.limitMs)} s` };
  if (open !== null) return { rtoNote: 'not steady again when the recording ended' };
  if (rto !== null && episode === null)
    return { rtoNote: 'no write failed; an outage may have passed between two writes' };
  const parts = episode?.outages.length ?? 0;
  return parts > 1
    ? { rtoNote: `${parts} outages with less than ${STEADY_MS / 1000} s without a failure between them` }
    : {};
}

/** The deadline that an outage has outlasted. */
interface PassedDeadline {
  limitMs: number;
  why: string;
}

/** Null: the recording does not prove that any outage took longer than its deadline. */
function passedDeadline(evidence: Judged): PassedDeadline | null {
  return evidence.open === null ? backTooLate(evidence) : stillOut(evidence, evidence.open);
}

export function notSeenBack({ rto, trial }: Judged): string | null {
  return rto === null && trial.landedMs !== null
    ? 'the recording ended before writes were seen to succeed for 5 s again'
    : null;
}

/** The last outage counts: a service that has gone once more is not back. */
function backTooLate({ episodes, trial }: Judged): PassedDeadline | null {
  const last = lastRecovery(episodes);
  if (last?.steadyFromMs == null) return null;
  const { fromMs, limitMs } = deadlineFor(trial, last);
  if (limitMs === null || last.steadyFromMs - fromMs <= limitMs) return null;
  const which = fromMs === trial.healingMs ? ', counted from the rollback of the fault' : '';
  return { limitMs, why: `, the deadline${which}` };
}

function stillOut(evidence: Judged, open: Episode): PassedDeadline | null {
  const { trial, endOfRecordingMs } = evidence;
  const { fromMs, limitMs } = deadlineFor(trial, open);
  // The trial may have waited for another client until after the deadline: an outage that began at its very end had no time to end.
  const late = limitMs !== null && open.start.loMs - fromMs >= limitMs;
  if (late && endOfRecordingMs - open.start.loMs < STEADY_MS) return backTooLate(evidence);
  const passed = limitMs !== null && endOfRecordingMs - fromMs >= limitMs;
  if (!trial.gaveUp && !passed) return null;
  return {
    limitMs: limitMs ?? endOfRecordingMs - fromMs,
    why: ': writes did not succeed for 5 s again before the deadline',
  };
}

/** Proved too slow, by an outage with edges that can be trusted or by one that was still open when the recording ended. */
export function tooSlow({ rto, open, trial, lag, endOfRecordingMs }: Judged): string | null {
  const goal = trial.rtoGoalMs;
  if (goal === null || trial.landedMs === null) return null;
  if (open !== null) {
    const atLeast = Math.min(open.end.loMs, endOfRecordingMs) - open.start.hiMs;
    return atLeast > goal
      ? `RTO > ${seconds(atLeast)} s when the recording ended, ${goalText(trial, goal)}`
      : null;
  }
  if (rto === null || lateAtEdges({ lag }) !== null || rto.loMs <= goal) return null;
  return `RTO ${seconds(rto.loMs)} to ${seconds(rto.hiMs)} s, ${goalText(trial, goal)}`;
}

export function rtoBetween({ rto, trial }: Judged): string | null {
  return rto !== null && trial.rtoGoalMs !== null && rto.hiMs > trial.rtoGoalMs && rto.loMs <= trial.rtoGoalMs
    ? `RTO between ${seconds(rto.loMs)} and ${seconds(rto.hiMs)} s, the ${goalText(trial, trial.rtoGoalMs)} lies in between`
    : null;
}

function goalText({ awayMs }: Trial, goalMs: number): string {
  const away = awayMs === 0 ? '' : ` (${seconds(awayMs)} s of it until the majority was returned)`;
  return `goal ${seconds(goalMs)} s${away}`;
}

export function seconds(ms: number): string {
  return (Math.round(ms) / 1000).toString();
}
