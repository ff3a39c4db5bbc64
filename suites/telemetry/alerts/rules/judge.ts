import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all, first } from '../../../../reports/judge/observed.ts';
import { declaredOf } from '../../_judge/observed.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';

type Rule = Seen<'rule-group'>['alerting'][number];

/** telemetry/alerts/rules: each objective has a healthy group of alerting rules, and Prometheus has an Alertmanager, where it tells. */
function judgeRules(history: History): Judgement {
  const findings = new Findings(history);
  const groups = all(history, 'rule-group');
  const { prefix } = declaredOf(history.header).alerts?.ruleGroups ?? { prefix: '' };
  const managers = first(history, 'alertmanagers');
  // Rules that could not be read are not called missing.
  for (const objective of managers === undefined ? [] : objectivesOf(history)) {
    const name = `${prefix}${objective}`;
    const own = groups.filter(({ group }) => group === name);
    ruleFinding(findings, { objective, name, rules: own.flatMap(({ alerting }) => alerting) });
  }
  if (managers !== undefined) receiverFinding(findings, managers);
  findings.figure({ name: 'rule groups', value: groups.length });
  return findings.conclude("the goals' burn-rate rules loaded and healthy");
}

/** null: the server has said that it is not Prometheus. Mimir, Thanos and VictoriaMetrics have rules and do not tell who receives alerts. */
function receiverFinding(findings: Findings, { urls }: Seen<'alertmanagers'>): void {
  const subject = 'where Prometheus sends alerts';
  if (urls === null) {
    findings.note(
      `${subject} was not judged: this server is not Prometheus and has no /api/v1/alertmanagers; telemetry/alerts/fires proves that an alert arrives`,
    );
    return;
  }
  findings.rule('told');
  findings.expect(subject, urls.length > 0, 'an Alertmanager', urls.join(', ') || 'nowhere');
}

/** Names of the declared objectives. */
function objectivesOf({ header: { settings } }: Pick<History, 'header'>): string[] {
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

export const judge: CheckJudge = {
  judge: judgeRules,
  evidence: (header) => {
    const { prefix } = declaredOf(header).alerts?.ruleGroups ?? { prefix: '' };
    const subjects = objectivesOf({ header }).map((name) => `${prefix}${name}`);
    return [
      need('alertmanagers'),
      need('rule-group', { subjects, of: ({ group }) => group, absent: 'fail', what: 'group of rules' }),
    ];
  },
};
