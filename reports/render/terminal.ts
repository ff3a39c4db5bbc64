import { reasonLine } from '../record/compose.ts';
import { unmet } from '../record/rule.ts';
import type { CheckResult, Reason, RunRecord } from '../record/run-record.ts';
import { achievedText, budgetText, goalRows, metText } from './goals.ts';
import { notRunGroups } from './not-run.ts';
import { CHECK_WORDS, GLYPHS, caveats, failoverText, oneLine } from './text.ts';

export interface TerminalOptions {
  /** Printed as the last line, which stays visible above the prompt. */
  reportPath: string;
  /** Columns; longer lines are cut, but for what limits the verdict and, where there is room, reasons and figures of failovers: they are wrapped. Default 100. */
  width?: number | undefined;
}

/** Most lines in all; each section counts the lines it leaves out. */
export const MAX_LINES = 40;
const MOST_PROBLEMS = 10;
const MOST_FAILOVERS = 5;
const MOST_GOALS = 5;
const MOST_CAVEATS = 5;
const MOST_GROUPS = 3;

/** The summary that ends a run: at most 40 lines, the verdict and the path of the report last. */
export function renderTerminal(record: RunRecord, { reportPath, width = 100 }: TerminalOptions): string {
  const line = (text: string): string => oneLineKeepingIndent(text, width);
  const ending = [oneLine(record.sentence), `report: ${oneLine(reportPath)}`];
  // A blocked run looked at nothing: its sentence says why, and there is no more to print.
  if (record.blocked !== undefined) return `${ending.join('\n')}\n`;
  const passed = suites(record.checks).map(line);
  const figures = section(failovers(record.checks), MOST_FAILOVERS, '');
  const objectives = section(goals(record), MOST_GOALS, '').map(line);
  const skipped = section(groups(record.checks), MOST_GROUPS, '').map(line);
  const after = [
    '',
    ...(record.environment.kind === 'local' ? [line(staysUp(record.environment.name))] : []),
    ...ending,
  ];
  const limits = caveats(record);
  const room = MAX_LINES - passed.length - figures.length - objectives.length - skipped.length - after.length;
  // What limits the verdict has a line at least, be it only the one that counts them.
  const roomForProblems = room - (limits.length === 0 ? 0 : SECTION_LINES + 1);
  const most = Math.min(MOST_PROBLEMS, roomForProblems - SECTION_LINES - 1);
  const attention = section(problems(record), most, 'Needs attention');
  const reliance = section(
    fitting(limits, Math.max(width, LEAST_WIDTH), room - attention.length - SECTION_LINES),
    Number.POSITIVE_INFINITY,
    'Before you rely on this verdict',
  );
  const spare = room - attention.length - reliance.length;
  const reasons = wholeWhereRoom(attention, { width, spare });
  const drills = wholeWhereRoom(figures, { width, spare: spare + attention.length - reasons.length });
  const lines = [...passed, ...drills, ...objectives, ...reasons, ...skipped, ...reliance, ...after];
  return `${lines.join('\n')}\n`;
}

/** Lines in full, wrapped, as long as `spare` lines more are enough for it; those after that are cut. */
function wholeWhereRoom(
  lines: readonly string[],
  { width, spare }: { width: number; spare: number },
): string[] {
  let left = spare;
  return lines.flatMap((text) => {
    const whole = wrapped(text.trimStart(), Math.max(width, LEAST_WIDTH) - 2 * INDENT.length);
    if (whole.length - 1 > left) return [oneLineKeepingIndent(text, width)];
    left -= whole.length - 1;
    const indent = text.startsWith(INDENT) ? INDENT : '';
    return whole.map((part, at) => `${at === 0 ? indent : `${INDENT}${INDENT}`}${part}`);
  });
}

const INDENT = '  ';

/** What a section has besides its own lines: a blank one and its title. */
const SECTION_LINES = 2;
/** Narrower than this nothing is wrapped to. */
const LEAST_WIDTH = 20;

/** Caveats in full, wrapped and not cut, as many as fit into `room` lines; the last line counts those left out. */
function fitting(texts: readonly string[], width: number, room: number): string[] {
  const lines: string[] = [];
  for (const [i, text] of texts.entries()) {
    const own = wrapped(text, width - BULLET.length);
    const left = texts.length - i;
    const reserve = left > 1 ? 1 : 0;
    if (i >= MOST_CAVEATS || lines.length + own.length + reserve > room)
      return [...lines, `  and ${left} more in the report`];
    lines.push(...own.map((line, at) => `${at === 0 ? BULLET : ' '.repeat(BULLET.length)}${line}`));
  }
  return lines;
}

const BULLET = '  · ';

/** Lines of at most `width` characters, broken between words where they allow it. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = oneLine(text);
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const end = space > 0 ? space : width;
    lines.push(rest.slice(0, end));
    rest = rest.slice(end).trimStart();
  }
  return [...lines, rest];
}

const staysUp = (name: string): string =>
  `${name} stays up; \`npx plumbline env down --env ${name}\` removes it`;

function oneLineKeepingIndent(text: string, width: number): string {
  const indent = /^ */.exec(text)?.[0] ?? '';
  return `${indent}${oneLine(text, width - indent.length)}`;
}

/** A blank line, a title, the first `most` lines and how many were left out. */
function section(lines: readonly string[], most: number, title: string): string[] {
  if (lines.length === 0) return [];
  const left = lines.length - most;
  const shown = [...lines.slice(0, most), ...(left > 0 ? [`  and ${left} more in the report`] : [])];
  return title === '' ? shown : ['', title, ...shown];
}

/** One line for each suite of which something ran. */
function suites(checks: readonly CheckResult[]): string[] {
  const lines: string[] = [];
  for (const [suite, members] of Map.groupBy(checks, (check) => check.suite)) {
    const ran = members.filter((check) => check.verdict !== 'not-run');
    if (ran.length === 0) continue;
    const marks = ran.map((check) => GLYPHS[check.verdict]).join('');
    const passed = ran.filter((check) => check.verdict === 'pass').length;
    lines.push(`${suite.padEnd(14)} ${passed} of ${ran.length} pass  ${marks}`);
  }
  return lines.slice(0, 12);
}

function failovers(checks: readonly CheckResult[]): string[] {
  return checks
    .filter((check) => check.trials.length > 0)
    .map((check) => `  ${GLYPHS[check.verdict]} ${check.id}: ${failoverText(check)}`);
}

/** `goals          2 of 3 met`, then each, least budget left first. */
function goals(record: RunRecord): string[] {
  const rows = goalRows(record);
  if (rows.length === 0) return [];
  const each = rows.map(
    ({ goal }) =>
      `  ${GLYPHS[goal.verdict]} ${goal.objective}: ${achievedText(goal)} (${goal.target}), budget left ${budgetText(goal)}`,
  );
  return [`${'goals'.padEnd(14)} ${metText(rows)}`, ...each];
}

/** What belongs to no check comes first: it is said nowhere else. */
function problems(record: RunRecord): string[] {
  const order = unmet(record.checks);
  const lines = order.map(
    (check) => `  ${GLYPHS[check.verdict]} ${CHECK_WORDS[check.verdict]} ${check.id}: ${check.reason}`,
  );
  const said = (reasons: readonly Reason[]): string[] =>
    reasons.map((reason) => `  ${GLYPHS.inconclusive} ${reasonLine(reason)}`);
  const others = record.reasons.filter((reason) => !order.some(({ id }) => id === reason.check));
  return [
    ...said(others.filter(({ check }) => check === null)),
    ...lines,
    ...said(others.filter(({ check }) => check !== null)),
  ];
}

function groups(checks: readonly CheckResult[]): string[] {
  return notRunGroups(checks).map(
    ({ title, checks: own }) => `${GLYPHS['not-run']} ${own.length} not run: ${title}`,
  );
}
