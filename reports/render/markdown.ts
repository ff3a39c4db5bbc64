import { reasonLine, runWord } from '../record/compose.ts';
import { unmet } from '../record/rule.ts';
import type { CheckResult, RunRecord } from '../record/run-record.ts';
import { achievedText, boundsText, budgetText, goalRows, metText } from './goals.ts';
import {
  CHECK_WORDS,
  caveats,
  duration,
  failoverText,
  lossWindowText,
  lostText,
  moment,
  notRunByReason,
  oneLine,
  pathRtoText,
  plural,
  worstRtoText,
} from './text.ts';
import { atMost } from '../record/at-most.ts';

/** Most rows of a table: GitHub limits a comment to 65,536 characters. */
const MAX_ROWS = 30;
const MAX_CELL = 300;
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

function attention(record: RunRecord): string {
  const order = (['fail', 'inconclusive'] as const).flatMap((verdict) =>
    record.checks.filter((check) => check.verdict === verdict),
  );
  const required = record.checks.filter((check) => check.required && check.verdict === 'not-run');
  const all = [...order, ...required];
  const others = record.reasons.filter((reason) => !all.some((check) => check.id === reason.check));
  const said = others.map((reason) => `- ${inert(reasonLine(reason))}`).join('\n');
  if (all.length === 0) return said;
  const rows = all
    .slice(0, MAX_ROWS)
    .map((check) =>
      row([
        `${MARKS[check.verdict]} ${CHECK_WORDS[check.verdict]}`,
        code(check.id),
        inert(check.reason),
        code(check.rerun),
      ]),
    );
  const left = all.length - rows.length;
  const table = [
    row(['Verdict', 'Check', 'Reason', 'Run again']),
    row(['---', '---', '---', '---']),
    ...rows,
  ].join('\n');
  return [
    `### Why not ${runWord({ ...record, verdict: 'pass' })}`,
    table,
    left > 0 ? `and ${left} more` : '',
    ruleLines(order),
    said,
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
  return atMost(lines, MAX_ROWS)
    .map((line) => `- ${line}`)
    .join('\n');
}

function goals(record: RunRecord): string {
  const all = goalRows(record);
  if (all.length === 0) return '';
  const rows = all
    .slice(0, MAX_ROWS)
    .map(({ goal }) =>
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
  const head = [
    row(['Goal', 'Objective', 'Target', 'Achieved', 'Bounds', 'Budget left', 'Window']),
    row(['---', '---', '---', '---:', '---:', '---:', '---']),
  ];
  return [`### Goals: ${metText(all)}`, '', ...head, ...rows].join('\n');
}

function failover(checks: readonly CheckResult[]): string {
  const shown = checks.filter((check) => check.trials.length > 0);
  if (shown.length === 0) return '';
  const rows = shown.slice(0, MAX_ROWS).map((check) => {
    const elsewhere = check.trials.filter((trial) => trial.election === 'elsewhere').length;
    return row([
      code(check.id),
      `${MARKS[check.verdict]} ${CHECK_WORDS[check.verdict]}`,
      check.trials[0]?.requests === undefined
        ? `${worstRtoText(check.trials)}${inert(pathRtoText(check.trials))}`
        : inert(failoverText(check)),
      inert(check.goal),
      `${lostText(check.trials)}${lossWindowText(check.trials)}`,
      `${elsewhere} of ${check.trials.length}`,
    ]);
  });
  const head = [
    row(['Failover', 'Verdict', 'Worst RTO', 'Goal', 'Lost writes', 'Another leader']),
    row(['---', '---', '---:', '---', '---:', '---:']),
  ];
  return [...head, ...rows].join('\n');
}

/** As indented code: no Markdown applies in it, and unlike a fence the text cannot close it. */
function baseline(record: RunRecord): string {
  if (record.baseline === undefined) return '';
  const lines = record.baseline.text.split('\n').slice(0, MAX_ROWS * 2);
  return `### Compared with ${code(record.baseline.id)}\n\n${lines.map((line) => `    ${oneLineKept(line)}`).join('\n')}`;
}

function oneLineKept(line: string): string {
  return `${/^ */.exec(line)?.[0] ?? ''}${oneLine(line, MAX_CELL)}`;
}

function notRun(checks: readonly CheckResult[]): string {
  const groups = notRunByReason(checks);
  if (groups.length === 0) return '';
  const total = groups.reduce((sum, group) => sum + group[1].length, 0);
  const lines = groups.slice(0, MAX_ROWS).map(([reason, members]) => {
    const names = members.map((check) => code(check.id));
    return `- ${members.length} ${inert(reason)}: ${atMost(names, MAX_ROWS).join(', ')}`;
  });
  return `<details><summary>${plural(total, 'check')} not run</summary>\n\n${lines.join('\n')}\n\n</details>`;
}

function caveatList(record: RunRecord): string {
  const said = caveats(record);
  return said.length === 0
    ? ''
    : `**Before you rely on this verdict**\n\n${said.map((sentence) => `- ${inert(sentence, 600)}`).join('\n')}`;
}
