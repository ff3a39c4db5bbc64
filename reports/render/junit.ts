import type { CheckResult, RunRecord } from '../record/run-record.ts';
import { unmet } from '../record/rule.ts';
import { ENVIRONMENT_SUITE, environmentCases } from './environment-cases.ts';
import type { EnvironmentCase } from './environment-cases.ts';
import { escapeHtml } from './html/template.ts';
import { clipped, exemptionLines, unmatchedLines, unmatchedTitle } from './text.ts';

const EVIDENCE_CHARS = 4000;
const MOST_RULES = 20;

/** Newlines and tabs in attributes are written as references, or a parser would turn them into spaces. */
function attribute(value: string): string {
  return escapeHtml(value).replace(/[\n\t]/g, (character) => (character === '\n' ? '&#10;' : '&#9;'));
}

const seconds = (ms: number): string => (ms / 1000).toFixed(3);

/**
 * JUnit XML: one `testsuite` per suite, one `testcase` per check. fail → `failure`, inconclusive → `error`, not-run → `skipped`:
 * CI is red for everything that was judged and not shown to work. What belongs to no check has cases of its own, which come first.
 */
export function renderJunit(record: RunRecord): string {
  const suites = [...Map.groupBy(record.checks, (check) => check.suite)];
  const more = environmentCases(record);
  const totals = attributesOf(record.checks, more);
  const lines = [...environmentSuite(more), ...suites.map(([name, checks]) => suite(name, checks, record))];
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="${attribute(`plumbline ${record.environment.name}`)}" ${totals}>\n${lines.join('\n')}\n</testsuites>\n`;
}

function environmentSuite(cases: readonly EnvironmentCase[]): string[] {
  if (cases.length === 0) return [];
  const lines = cases.map(({ name, verdict, texts }) => {
    const element = verdict === 'fail' ? 'failure' : 'error';
    const inside = `<${element} type="${verdict}" message="${attribute(texts[0] ?? '')}">${escapeHtml(texts.join('\n'))}</${element}>`;
    return `    <testcase classname="${ENVIRONMENT_SUITE}" name="${name}" time="0.000">${inside}</testcase>`;
  });
  return [
    `  <testsuite name="${ENVIRONMENT_SUITE}" ${attributesOf([], cases)}>\n${lines.join('\n')}\n  </testsuite>`,
  ];
}

/** @param more cases besides those of the checks */
function attributesOf(checks: readonly CheckResult[], more: readonly EnvironmentCase[] = []): string {
  const all = [...checks, ...more];
  const count = (verdict: CheckResult['verdict']): number =>
    all.filter((one) => one.verdict === verdict).length;
  const ms = checks.reduce((sum, check) => sum + check.durationMs, 0);
  return `tests="${all.length}" failures="${count('fail')}" errors="${count('inconclusive')}" skipped="${count('not-run')}" time="${seconds(ms)}"`;
}

function suite(name: string, checks: readonly CheckResult[], record: RunRecord): string {
  const properties = [
    ['environment', record.environment.name],
    ['run', record.id],
    ['scope', record.scope],
    ...(record.readOnly === true ? [['readOnly', 'true']] : []),
    ['verdict', record.sentence],
  ].map(([key, value]) => `<property name="${key}" value="${attribute(value ?? '')}"/>`);
  return `  <testsuite name="${attribute(name)}" ${attributesOf(checks)} timestamp="${attribute(record.startedAt.replace(/\.\d+Z$|Z$/, ''))}">\n    <properties>${properties.join('')}</properties>\n${checks.map(testcase).join('\n')}\n  </testsuite>`;
}

function testcase(check: CheckResult): string {
  const parts = check.id.split('/');
  const name = parts.slice(1).join('/') || check.id;
  const head = `    <testcase classname="${attribute(check.suite)}" name="${attribute(name)}" time="${seconds(check.durationMs)}"`;
  const inside = `${outcome(check)}${letOff(check)}`;
  return inside === '' ? `${head}/>` : `${head}>${inside}</testcase>`;
}

/** What the check did not judge, also of one that passed: a green case would hide it. */
function letOff(check: CheckResult): string {
  const [lines, unmatched] = [exemptionLines(check), unmatchedLines(check)];
  const texts = [
    ...(lines.length > 0 ? [['let off by the environment file:', ...lines].join('\n- ')] : []),
    ...(unmatched.length > 0 ? [[`${unmatchedTitle(unmatched.length)}:`, ...unmatched].join('\n- ')] : []),
  ];
  return texts.length === 0 ? '' : `<system-out>${escapeHtml(texts.join('\n'))}</system-out>`;
}

function outcome(check: CheckResult): string {
  const message = attribute(check.reason);
  if (check.verdict === 'not-run') return `<skipped message="${message}"/>`;
  if (check.verdict === 'fail')
    return `<failure type="fail" message="${message}">${escapeHtml(details(check))}</failure>`;
  if (check.verdict === 'inconclusive') {
    return `<error type="inconclusive" message="${message}">${escapeHtml(details(check))}</error>`;
  }
  return '';
}

/** The details of a check that a reader of a CI page needs, as plain text. */
function details(check: CheckResult): string {
  const findings = check.findings.map(
    (finding) => `- ${finding.subject}: expected ${finding.expected}, seen ${finding.seen}`,
  );
  const left = check.findingsTotal - check.findings.length;
  if (left > 0) findings.push(`- and ${left} more`);
  const evidence = check.evidence.map((piece) => `${piece.source}:\n${piece.text}`).join('\n');
  const parts = [
    check.title,
    `goal: ${check.goal}${check.goalSource === 'assumed' ? ' (assumed)' : ''}`,
    `expected: ${check.expected}`,
    `seen: ${check.seen}`,
    ...unmet(check.rules ?? [])
      .slice(0, MOST_RULES)
      .map(({ id, text: found }) => `- ${id}: ${found}`),
    ...findings,
    evidence === '' ? '' : clipped(evidence, EVIDENCE_CHARS),
    `run again: ${check.rerun}`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}
