import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all, first } from '../../../../reports/judge/observed.ts';
import { goalOf } from '../../_judge/observed.ts';
import { isolatedText, noteUnread } from '../../../../reports/judge/topology/isolation.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';

/** telemetry/alerts/fires: a breach that was made is an alert in time. */
function judgeFires(history: History): Judgement {
  const findings = new Findings(history);
  const goalMs = goalOf(history.header, 'arrivalSeconds') * 1000;
  const [breach] = all(history, 'breach');
  if (breach !== undefined) arrival(history, findings, { breach, goalMs });
  if (first(history, 'alert-arrived') !== undefined) ending(history, findings);
  const judgement = findings.conclude('a synthetic breach becomes an alert');
  if (all(history, 'reads-only').length === 0) return judgement;
  const reason = 'this check creates a breach, and this environment may only be read';
  return { ...judgement, verdict: 'not-run', reason };
}

/** Both times are by the harness's own monotonic clock. */
function arrival(
  history: History,
  findings: Findings,
  { breach, goalMs }: { breach: Seen<'breach'>; goalMs: number },
): void {
  const expected = `in Alertmanager within ${goalMs / 1000} s`;
  const subject = 'the alert of the breach';
  const arrived = first(history, 'alert-arrived');
  const missing = first(history, 'alert-missing');
  findings.rule('arrival');
  if (arrived !== undefined) {
    const afterMs = Math.round(arrived.t - breach.t);
    if (afterMs < 0) findings.unknown(subject, expected, 'it was already there before the breach');
    else findings.inTime(subject, afterMs <= goalMs, expected, `after ${afterMs} ms`);
    findings.figure({ name: 'arrival', value: afterMs, unit: 'ms', goal: `≤ ${goalMs}` });
    stateFinding(findings, arrived.state);
  } else if (missing === undefined)
    findings.unknown(subject, expected, 'neither its arrival nor its absence was recorded');
  else {
    const afterMs = missing.t - breach.t;
    const said = `none after ${Math.round(afterMs / 1000)} s`;
    const isolated = isolatedText(history, 'ingress');
    noteUnread(history, findings);
    if (isolated !== null) findings.unknown(subject, expected, `${said}; ${isolated}`);
    else if (afterMs > goalMs) findings.inTime(subject, false, expected, said);
    else findings.unknown(subject, expected, said);
  }
}

/** An alert that outlives its breach is soon one that nobody believes. */
function ending(history: History, findings: Findings): void {
  const goalMs = goalOf(history.header, 'endSeconds') * 1000;
  const subject = 'the end of the alert';
  const expected = `within ${goalMs / 1000} s of the breach's`;
  findings.rule('ending');
  const ended = first(history, 'alert-ended');
  const last = ended ?? first(history, 'alert-stays');
  const breachEnded = first(history, 'breach-ended');
  if (last === undefined || breachEnded === undefined) {
    findings.unknown(subject, expected, 'nobody watched it');
    return;
  }
  const afterMs = Math.round(last.t - breachEnded.t);
  const said = `${ended === undefined ? 'still there' : 'ended'} after ${afterMs} ms`;
  if (afterMs < 0) findings.unknown(subject, expected, 'it ended before the breach');
  else if (ended === undefined && afterMs <= goalMs) findings.unknown(subject, expected, said);
  else findings.inTime(subject, ended !== undefined && afterMs <= goalMs, expected, said);
}

/** Alertmanager's own words of an alert; of others nobody knows whether it notifies. */
const NOTIFIES: Readonly<Record<string, boolean>> = { active: true, suppressed: false };

function stateFinding(findings: Findings, state: string): void {
  findings.rule('notifies');
  const [subject, expected] = ['the state of the alert', 'active, so that it notifies'];
  const ok = NOTIFIES[state];
  if (ok === undefined) findings.unknown(subject, expected, state);
  else findings.expect(subject, ok, expected, state);
}

export const judge: CheckJudge = {
  judge: judgeFires,
  evidence: () => [need('breach', { what: 'a breach' })],
};
