import type { CheckJudge } from '../../../../reports/judge/definition.ts';
import { need } from '../../../../reports/judge/evidence/need.ts';
import { all, first } from '../../../../reports/judge/observed.ts';
import { declaredOf } from '../../_judge/observed.ts';
import { wallOf } from '../../../../reports/judge/telemetry/clocks.ts';
import { Findings } from '../../../../reports/judge/topology/findings.ts';
import type { History } from '../../../../reports/record/history/history.ts';
import type { Judgement } from '../../../../reports/record/judgement.ts';
import type { Seen } from '../../../../reports/record/observations/index.ts';
import { constantsIn, ownSeries, selecting } from './judge-contents.ts';
import type { Doubt } from './judge-contents.ts';

type Rule = Seen<'rule-group'>['alerting'][number];

const DAY_MS = 86_400_000;

/**
 * telemetry/alerts/rules: each objective has a healthy group of alerting rules that can fire, by the objective's own series, and do not fire on and on;
 * and Prometheus has an Alertmanager, where it tells.
 */
function judgeRules(history: History): Judgement {
  const findings = new Findings(history);
  const groups = all(history, 'rule-group');
  const { prefix } = declaredOf(history.header).alerts?.ruleGroups ?? { prefix: '' };
  const managers = first(history, 'alertmanagers');
  // Rules that could not be read are not called missing.
  for (const { name: objective, queries } of managers === undefined ? [] : objectivesOf(history)) {
    const name = `${prefix}${objective}`;
    const own = groups.filter(({ group }) => group === name);
    ruleFinding(findings, { objective, name, rules: own.flatMap(({ alerting }) => alerting) });
    for (const { t, alerting } of own)
      for (const [at, rule] of alerting.entries()) {
        const subject = `${rule.rule} (${at + 1} of ${alerting.length}) of objective ${objective}`;
        contentFindings(history, findings, { subject, rule, queries });
        firingFinding(findings, { subject, rule, nowMs: wallOf(history, t) });
      }
  }
  if (managers !== undefined) receiverFinding(findings, managers);
  findings.figure({ name: 'rule groups', value: groups.length });
  findings.figure({ name: 'selectors', value: all(history, 'rule-selector').length });
  return findings.conclude("the goals' burn-rate rules loaded and healthy, on series that are there");
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

/** Names of the declared objectives, and what counts their events; nothing where the header has names alone. */
function objectivesOf({
  header: { settings },
}: Pick<History, 'header'>): { name: string; queries: string[] }[] {
  return (settings.objectives ?? []).map((one) => {
    if (typeof one === 'string') return { name: one, queries: [] };
    const { name, indicator } = one;
    const { good, bad, total } =
      indicator.kind === 'ratio' ? indicator : { good: null, bad: null, total: indicator.query };
    return { name, queries: [total, good, bad].filter((query) => query !== null) };
  });
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

function contentFindings(
  history: History,
  findings: Findings,
  { subject, rule: { query }, queries }: { subject: string; rule: Rule; queries: readonly string[] },
): void {
  const recordings = all(history, 'recording-rule');
  const found = all(history, 'rule-selector');
  const of = { query, recordings };
  say(findings.rule('constant'), subject, 'no side that nothing can change', constantsIn(query));
  say(findings.rule('selects'), subject, 'series for each of its selectors', selecting(of, found));
  say(findings.rule('own'), subject, "the objective's own series", ownSeries(of, queries));
}

/** The first doubt that is certain, or else the first, speaks for all. */
function say(findings: Findings, subject: string, expected: string, doubts: readonly Doubt[]): void {
  for (const { text } of doubts.filter(({ certain }) => certain === null)) findings.note(text);
  const worst = doubts.find(({ certain }) => certain) ?? doubts.find(({ certain }) => certain === false);
  if (worst === undefined) findings.expect(subject, true, expected, 'so it is');
  else if (worst.certain === true) findings.expect(subject, false, expected, worst.text);
  else findings.unknown(subject, expected, worst.text);
}

function firingFinding(
  findings: Findings,
  { subject, rule, nowMs }: { subject: string; rule: Rule; nowMs: number },
): void {
  const goal = findings.rule('firing').goal('firingDays');
  const days = rule.firingSinceMs === null ? 0 : (nowMs - rule.firingSinceMs) / DAY_MS;
  const seen = `it fires for ${days.toFixed(1)} days`;
  findings.expect(subject, !(days > goal), `fires for at most ${goal} days`, seen);
  if (rule.firingSinceMs !== null) findings.note(`${subject}: ${seen}`);
}

export const judge: CheckJudge = {
  judge: judgeRules,
  evidence: (header) => {
    const { prefix } = declaredOf(header).alerts?.ruleGroups ?? { prefix: '' };
    const subjects = objectivesOf({ header }).map(({ name }) => `${prefix}${name}`);
    return [
      need('alertmanagers'),
      need('rule-group', { subjects, of: ({ group }) => group, absent: 'fail', what: 'group of rules' }),
    ];
  },
};
