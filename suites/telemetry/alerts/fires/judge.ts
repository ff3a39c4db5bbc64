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
  const looked = all(history, 'alert-ended').length + all(history, 'alert-stays').length;
  if (all(history, 'alert-stays').length > 0)
    findings.note('the alert had not ended with the breach when Plumbline stopped watching it');
  if (breach !== undefined && looked === 0)
    findings.unknown('the end of the alert', 'watched', 'nobody watched it');
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

export const judge: CheckJudge = {
  judge: judgeFires,
  evidence: () => [need('breach', { what: 'a breach' })],
};
