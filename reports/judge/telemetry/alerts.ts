import type { History } from '../../record/history.ts';
import type { Judgement } from '../../record/judgement.ts';
import type { Seen } from '../../record/observations/index.ts';
import { all, first } from '../observed.ts';
import { Findings } from '../topology/findings.ts';
import { declaredOf, goalOf } from './observed.ts';

type Rule = Seen<'rule-group'>['alerting'][number];

/** telemetry/alerts/rules: each objective has its group of alerting rules, healthy, and Prometheus has whom to tell. */
export function judgeRules(history: History): Judgement {
  const findings = new Findings(history);
  const groups = all(history, 'rule-group');
  const { prefix } = declaredOf(history.header).alerts?.ruleGroups ?? { prefix: '' };
  const told = first(history, 'alertmanagers');
  // What was not read is not missing.
  for (const objective of told === undefined ? [] : objectivesOf(history)) {
    const name = `${prefix}${objective}`;
    const own = groups.filter(({ group }) => group === name);
    ruleFinding(findings, { objective, name, rules: own.flatMap(({ alerting }) => alerting) });
  }
  if (told !== undefined) {
    const { urls } = told;
    findings.rule('told');
    findings.expect('whom Prometheus tells', urls.length > 0, 'an Alertmanager', urls.join(', ') || 'nobody');
  }
  findings.figure({ name: 'rule groups', value: groups.length });
  return findings.conclude("the goals' burn-rate rules loaded and healthy");
}

/** Names of the declared objectives. */
export function objectivesOf({ header: { settings } }: Pick<History, 'header'>): string[] {
  return (settings.objectives ?? []).map((one) => (typeof one === 'string' ? one : one.name));
}

function ruleFinding(
  findings: Findings,
  { objective, name, rules }: { objective: string; name: string; rules: readonly Rule[] },
): void {
  findings.rule('loaded');
  const subject = `rules of objective ${objective}`;
  const expected = `alerting rules in the group ${name}, healthy`;
  const sick = rules.filter(({ health }) => health !== 'ok' && health !== 'unknown');
  const fresh = rules.filter(({ health }) => health === 'unknown');
  if (rules.length === 0)
    findings.expect(subject, false, expected, 'no alerting rule of that group is loaded');
  else if (sick[0] !== undefined)
    findings.expect(subject, false, expected, `${sick[0].rule}: ${sick[0].lastError ?? sick[0].health}`);
  else if (fresh.length > 0)
    findings.unknown(subject, expected, `${fresh.length} of ${rules.length} not evaluated yet`);
  else findings.expect(subject, true, expected, `${rules.length} rules`);
}

/** telemetry/alerts/fires: a breach that was made is an alert in time. */
export function judgeFires(history: History): Judgement {
  const findings = new Findings(history);
  const goalMs = goalOf(history.header, 'arrivalSeconds') * 1000;
  const [breach] = all(history, 'breach');
  if (breach !== undefined) arrival(history, findings, { breach, goalMs });
  const looked = all(history, 'alert-ended').length + all(history, 'alert-stays').length;
  if (all(history, 'alert-stays').length > 0)
    findings.note('the alert did not end with the breach while it was looked at');
  if (breach !== undefined && looked !== 1)
    findings.unknown('the end of the alert', 'looked at', looked === 0 ? 'nobody looked' : 'seen twice');
  const judgement = findings.conclude('a synthetic breach becomes an alert');
  if (all(history, 'reads-only').length === 0) return judgement;
  const reason = 'a breach is written, and this environment may only be read';
  return { ...judgement, verdict: 'not-run', reason };
}

/** Both times are of the harness's own clock, which is never set. */
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
    if (afterMs < 0) findings.unknown(subject, expected, 'it was there before the breach');
    else findings.inTime(subject, afterMs <= goalMs, expected, `after ${afterMs} ms`);
    findings.figure({ name: 'arrival', value: afterMs, unit: 'ms', goal: `≤ ${goalMs}` });
  } else if (missing === undefined) findings.unknown(subject, expected, 'it was not waited for');
  else {
    const afterMs = missing.t - breach.t;
    const said = `none after ${Math.round(afterMs / 1000)} s`;
    if (afterMs > goalMs) findings.inTime(subject, false, expected, said);
    else findings.unknown(subject, expected, said);
  }
}
