/** Extracts the failures from a runner's output, one line each, to repeat them at the end of a long log. */
import type { StepResult } from './steps.ts';

/** The line of `plumbline controls` that is followed by an indented line for each failure. */
const CONTROLS = /^\d+ negative controls? (?:was|were) not caught:$/;
/** A verdict in the output of `plumbline run`: mark, verdict, check, reason, progress of the run. */
const VERDICT = /^[✗?] (fail|inconclusive) +(\S+) {2}(.*?)(?: {2}\[[^\]]*\])?$/;
const FAILING_TESTS = '✖ failing tests:';
const FAILED_TEST = /^\s*✖ (.+?) \(\d[\d.]*ms\)/;
/** Lines in which linters, compilers and scripts report an error. */
const TELLING = /\berror\b|^\s*[✗✖]|^\[warn\]/i;
const ANSI = new RegExp(`${String.fromCodePoint(27)}\\[[\\d;]*m`, 'g');

/** The failures in the output, with their reasons; if the runner names none, a line of its output that shows the cause. */
export function failuresIn({ exitCode, output }: Pick<StepResult, 'exitCode' | 'output'>): string[] {
  const lines = output.replaceAll(ANSI, '').split('\n');
  for (const read of [failedTests, failedControls, failedChecks]) {
    const found = read(lines);
    if (found.length > 0) return found;
  }
  return [`ended with ${exitCode}: ${tellingLine(lines)}`];
}

/** Failed tests in the last section of node's test runner; if it was killed before that, the tests that were reported as failed. */
function failedTests(lines: readonly string[]): string[] {
  const section = lines.indexOf(FAILING_TESTS);
  if (section < 0) return lines.flatMap((line) => FAILED_TEST.exec(line)?.[1] ?? []);
  return lines.slice(section).flatMap((line, index, rest) => {
    const place = /^test at (.+?)(?::\d+)?$/.exec(line)?.[1];
    const name = FAILED_TEST.exec(rest[index + 1] ?? '')?.[1];
    // A todo test is listed in this section too, but does not count as failed.
    if (place === undefined || name === undefined) return [];
    return [`${name} (${place}): ${(rest[index + 2] ?? '').trim()}`];
  });
}

function failedControls(lines: readonly string[]): string[] {
  const section = lines.findIndex((line) => CONTROLS.test(line));
  if (section < 0) return [];
  const after = lines.slice(section + 1);
  const end = after.findIndex((line) => !line.startsWith('  '));
  return after.slice(0, end < 0 ? after.length : end).map((line) => line.trim());
}

function failedChecks(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const [, verdict, check, reason] = VERDICT.exec(line) ?? [];
    return check === undefined ? [] : [`${check}: ${verdict ?? ''}: ${reason ?? ''}`];
  });
}

function tellingLine(lines: readonly string[]): string {
  const said = lines.map((line) => line.trim()).filter((line) => line !== '');
  return said.find((line) => TELLING.test(line)) ?? said.at(-1) ?? 'it printed nothing';
}

/** `failed:` and one line for each failure; empty if there is none. */
export function failuresText(failures: readonly string[]): string {
  return failures.length === 0 ? '' : ['failed:', ...failures.map((line) => `  ${line}`), ''].join('\n');
}
