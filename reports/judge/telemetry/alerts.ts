import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import { Findings, goalNumber, list, number, seen, setting, text } from '../topology/findings.ts';
import { declaredOf } from './observed.ts';

interface Rule {
  rule: string;
  health: string;
  lastError?: string;
}

/** telemetry/alerts/rules: each objective has its group of alerting rules, healthy, and Prometheus has whom to tell. */
export function judgeRules(history: History): Judgement {
  const findings = new Findings(history);
  const groups = seen(history, 'rule-group');
  const prefix = declaredOf(history).alerts?.ruleGroups.prefix ?? '';
  const read = seen(history, 'rules-read').length > 0;
  for (const objective of read ? ((setting(history, 'objectives') ?? []) as string[]) : []) {
    const name = `${prefix}${objective}`;
    const rules = groups
      .filter((one) => text(one, 'name') === name)
      .flatMap((one) => list(one, 'alerting') as Rule[]);
    ruleFinding(findings, { objective, name, rules });
  }
  const told = seen(history, 'alertmanagers')[0];
  if (told !== undefined) {
    const urls = list(told, 'urls') as string[];
    findings.expect('whom Prometheus tells', urls.length > 0, 'an Alertmanager', urls.join(', ') || 'nobody');
  }
  findings.figure({ name: 'rule groups', value: groups.length });
  return findings.conclude("the goals' burn-rate rules loaded and healthy");
}

function ruleFinding(
  findings: Findings,
  { objective, name, rules }: { objective: string; name: string; rules: readonly Rule[] },
): void {
  const subject = `rules of objective ${objective}`;
  const expected = `alerting rules in the group ${name}, healthy`;
  const sick = rules.filter(({ health }) => health === 'err');
  const fresh = rules.filter(({ health }) => health === 'unknown');
  if (rules.length === 0)
    findings.expect(subject, false, expected, 'no alerting rule of that group is loaded');
  else if (sick[0] !== undefined)
    findings.expect(subject, false, expected, `${sick[0].rule}: ${sick[0].lastError ?? sick[0].health}`);
  else if (fresh.length === rules.length) findings.unknown(subject, expected, 'not evaluated yet');
  else findings.expect(subject, true, expected, `${rules.length} rules`);
}

/** telemetry/alerts/fires: a breach that was made is an alert in time. */
export function judgeFires(history: History): Judgement {
  const findings = new Findings(history);
  const goalMs = goalNumber(history, 'arrivalSeconds', 60) * 1000;
  const expected = `in Alertmanager within ${goalMs / 1000} s`;
  const arrived = seen(history, 'alert-arrived')[0];
  const missing = seen(history, 'alert-missing')[0];
  if (arrived !== undefined) {
    const afterMs = number(arrived, 'afterMs');
    const alert = seen(history, 'alert')[0];
    findings.expect(
      'the alert of the breach',
      afterMs <= goalMs,
      expected,
      `after ${Math.round(afterMs)} ms`,
    );
    findings.figure({ name: 'arrival', value: Math.round(afterMs), unit: 'ms', goal: `≤ ${goalMs}` });
    if (alert !== undefined) findings.note(`state ${text(alert, 'state')}`);
  } else if (missing !== undefined)
    findings.expect(
      'the alert of the breach',
      false,
      expected,
      `none after ${Math.round(number(missing, 'afterMs') / 1000)} s`,
    );
  if (seen(history, 'alert-stays').length > 0)
    findings.note('the alert did not end with the breach while it was looked at');
  const judgement = findings.conclude('a synthetic breach becomes an alert');
  if (seen(history, 'reads-only').length === 0) return judgement;
  const reason = 'a breach is written, and this environment may only be read';
  return { ...judgement, verdict: 'not-run', reason };
}
