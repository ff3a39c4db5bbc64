import { reasonLine, whyTitle } from '../record/compose.ts';
import { unmet } from '../record/rule.ts';
import type { CheckResult, FailoverRecord, RunRecord } from '../record/run-record.ts';
import { summaryOf } from '../record/trials.ts';
import { achievedText, boundsText, budgetText, goalRows, metText } from './goals.ts';
import { notRunGroups } from './not-run.ts';
import {
  CHECK_WORDS,
  caveats,
  duration,
  exemptionLines,
  failoverText,
  lossWindowText,
  lostText,
  moment,
  oneLine,
  pathRtoText,
  plural,
  unmatchedLines,
  unmatchedTitle,
  worstRtoText,
} from './text.ts';
import { atMost } from '../record/at-most.ts';

/** Most rows of a table: GitHub limits a comment to 65,536 characters. */
const MAX_ROWS = 30;
const MAX_CELL = 300;
/** Longest sentence outside of a table. */
const MAX_SENTENCE = 600;
const MARKS: Record<CheckResult['verdict'], string> = {
  pass: '✅',
  fail: '❌',
  inconclusive: '⚠️',
  'not-run': '➖',
};

/**
 * Foreign text on one line, with all syntax of Markdown, HTML and mentions disabled: a pod named `@team` notifies nobody, and
 * one named `<script>` is shown as it is.
 */
export function inert(text: string, max = MAX_CELL): string {
  return oneLine(text, max)
    .replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character] ?? character)
    .replace(/[\\`*_{}[\]()|~]/g, (character) => `\\${character}`)
    .replace(/[@#!](?=\w)/g, (character) => `${character}\u200b`)
    .replace(/:\/\//g, ':\u200b//');
}

/** In a code span of HTML, where neither Markdown nor mentions apply. */
function code(text: string): string {
  const safe = oneLine(text, MAX_CELL).replace(
    /[&<>|\\`*_~[\]@#]/g,
    (character) => `&#${character.charCodeAt(0)};`,
  );
  return `<code>${safe}</code>`;
}

/** A summary for the comment on a merge request. */
export function renderMarkdown(record: RunRecord): string {
  const parts = [
    `## ${MARKS[record.verdict === 'not-run' ? 'inconclusive' : record.verdict]} ${inert(record.sentence)}`,
    context(record),
    attention(record),
    goals(record),
    failover(record.checks),
    baseline(record),
    notRun(record.checks),
    letOff(record.checks),
    caveatList(record),
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function context(record: RunRecord): string {
  const { environment, harness } = record;
  const version =
    environment.clusterVersion === null
      ? 'cluster not reached'
      : `cluster ${inert(environment.clusterVersion)}`;
  const elapsed = duration(Date.parse(record.endedAt) - Date.parse(record.startedAt));
  const commit = harness.commit === null ? '' : ` (${inert(harness.commit.slice(0, 12))})`;
  return `${inert(environment.name)} · ${version} · ${moment(record.startedAt)}, ${elapsed} · Plumbline ${inert(harness.version)}${commit} · run ${code(record.id)}`;
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`;
}

/** A table with its first rows, and how many others report.html has. */
function table(titles: readonly string[], aligned: readonly string[], rows: readonly string[]): string {
  const shown = [row(titles), row(aligned), ...rows.slice(0, MAX_ROWS)];
  return [...shown, ...left(rows.length).flatMap((text) => ['', text])].join('\n');
}

/** The same of a list. */
function list(lines: readonly string[]): string {
  return [...lines.slice(0, MAX_ROWS), ...left(lines.length)].map((line) => `- ${line}`).join('\n');
}

/** Nobody may take the first rows for all. */
function left(count: number, most = MAX_ROWS): string[] {
  return count > most ? [`and ${count - most} more in report.html`] : [];
}

function attention(record: RunRecord): string {
  const order = unmet(record.checks);
  const required = record.checks.filter((check) => check.required && check.verdict === 'not-run');
  const all = [...order, ...required];
  const others = record.reasons.filter((reason) => !all.some((check) => check.id === reason.check));
  const said = list(others.map((reason) => inert(reasonLine(reason), MAX_SENTENCE)));
  if (all.length === 0) return said;
  const rows = all.map((check) =>
    row([
      `${MARKS[check.verdict]} ${CHECK_WORDS[check.verdict]}`,
      code(check.id),
      inert(check.reason),
      code(check.rerun),
    ]),
  );
  return [
    `### ${whyTitle(record)}`,
    said,
    table(['Verdict', 'Check', 'Reason', 'Run again'], ['---', '---', '---', '---'], rows),
    ruleLines(order),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** Where more than one rule was not met, the reason names the first alone. */
function ruleLines(checks: readonly CheckResult[]): string {
  const lines = checks.flatMap(({ id, rules = [] }) => {
    const several = unmet(rules);
    return several.length < 2
      ? []
      : several.map((rule) => `${MARKS[rule.verdict]} ${code(id)} ${code(rule.id)}: ${inert(rule.text)}`);
  });
  return list(lines);
}

function goals(record: RunRecord): string {
  const all = goalRows(record);
  if (all.length === 0) return '';
  const rows = all.map(({ goal }) =>
    row([
      `${MARKS[goal.verdict]} ${CHECK_WORDS[goal.verdict]}`,
      inert(goal.objective),
      inert(goal.target),
      inert(achievedText(goal)),
      inert(boundsText(goal)),
      budgetText(goal),
      inert(goal.window),
    ]),
  );
  const titles = ['Goal', 'Objective', 'Target', 'Achieved', 'Bounds', 'Budget left', 'Window'];
  return `### Goals: ${metText(all)}\n\n${table(titles, ['---', '---', '---', '---:', '---:', '---:', '---'], rows)}`;
}

function failover(checks: readonly CheckResult[]): string {
  const shown = checks.filter((check) => check.trials.length > 0);
  if (shown.length === 0) return '';
  const rows = shown.map((check) =>
    row([
      code(check.id),
      `${MARKS[check.verdict]} ${CHECK_WORDS[check.verdict]}`,
      check.trials[0]?.requests === undefined
        ? inert(`${worstRtoText(check.trials)}${pathRtoText(check.trials)}`)
        : inert(failoverText(check)),
      inert(check.goal),
      `${lostText(check.trials)}${lossWindowText(check.trials)}`,
      electedText(check.trials),
    ]),
  );
  const titles = ['Failover', 'Verdict', 'Worst RTO', 'Goal', 'Lost writes', 'Another leader'];
  return table(titles, ['---', '---', '---:', '---', '---:', '---:'], rows);
}

function electedText(trials: readonly FailoverRecord[]): string {
  const { counted, elected } = summaryOf(trials);
  return counted.length === 0 ? '–' : `${elected} of ${counted.length}`;
}

/** As indented code: no Markdown applies in it, and unlike a fence the text cannot close it. */
function baseline(record: RunRecord): string {
  if (record.baseline === undefined) return '';
  const all = record.baseline.text.trimEnd().split('\n');
  const most = MAX_ROWS * 2;
  const lines = [...all.slice(0, most), ...left(all.length, most)];
  return `### Compared with ${code(record.baseline.id)}\n\n${lines.map((line) => `    ${oneLineKept(line)}`).join('\n')}`;
}

function oneLineKept(line: string): string {
  return `${/^ */.exec(line)?.[0] ?? ''}${oneLine(line, MAX_CELL)}`;
}

function notRun(checks: readonly CheckResult[]): string {
  const groups = notRunGroups(checks);
  if (groups.length === 0) return '';
  const total = groups.reduce((sum, group) => sum + group.checks.length, 0);
  const lines = groups.map(({ title, checks: own }) => {
    const names = own.map((check) => code(check.id));
    return `${own.length} ${inert(title)}: ${atMost(names, MAX_ROWS).join(', ')}`;
  });
  return `<details><summary>${plural(total, 'check')} not run</summary>\n\n${list(lines)}\n\n</details>`;
}

/** What no check judged, though its check may have passed. */
function letOff(checks: readonly CheckResult[]): string {
  const of = (linesOf: (check: CheckResult) => string[]): string[] =>
    checks.flatMap((check) => linesOf(check).map((line) => `${code(check.id)}: ${inert(line)}`));
  const [lines, unmatched] = [of(exemptionLines), of(unmatchedLines)];
  const folded = (title: string, items: string[]): string[] =>
    items.length === 0 ? [] : [`<details><summary>${title}</summary>\n\n${list(items)}\n\n</details>`];
  return [
    ...folded(`${lines.length} let off by the environment file`, lines),
    ...folded(unmatchedTitle(unmatched.length), unmatched),
  ].join('\n\n');
}

function caveatList(record: RunRecord): string {
  const said = caveats(record);
  return said.length === 0
    ? ''
    : `**Before you rely on this verdict**\n\n${said.map((sentence) => `- ${inert(sentence, MAX_SENTENCE)}`).join('\n')}`;
}
