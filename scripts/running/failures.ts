/** What failed in a runner's output, a line each: whoever reads a long log reads its last lines first. */
import type { StepResult } from './steps.ts';

/** What `plumbline controls` prints above its sum, followed by an indented line for each. */
const CONTROLS = /^\d+ negative controls? (?:was|were) not caught:$/;
/** A verdict as `plumbline run` prints it: mark, verdict, check, reason, how far the run is. */
const VERDICT = /^[✘?] (fail|inconclusive) +(\S+) {2}(.*?)(?: {2}\[[^\]]*\])?$/;
const FAILING_TESTS = '✖ failing tests:';
const FAILED_TEST = /^\s*✖ (.+?) \(\d[\d.]*ms\)/;
/** Lines by which linters, compilers and scripts say what they found. */
const TELLING = /\berror\b|^\s*[✗✘✖]|^\[warn\]/i;
const ANSI = new RegExp(`${String.fromCodePoint(27)}\\[[\\d;]*m`, 'g');

/** The names of what failed and why, by what the runner says; a runner that names nothing is told by a line of its output. */
export function failuresIn({ exitCode, output }: Pick<StepResult, 'exitCode' | 'output'>): string[] {
  const lines = output.replaceAll(ANSI, '').split('\n');
  for (const read of [failedTests, failedControls, failedChecks]) {
    const found = read(lines);
    if (found.length > 0) return found;
  }
  return [`ended with ${exitCode}: ${tellingLine(lines)}`];
}

/** By the section that node's test runner ends with; where it did not come so far, by the tests as they ended. */
function failedTests(lines: readonly string[]): string[] {
  const section = lines.indexOf(FAILING_TESTS);
  if (section < 0) return lines.flatMap((line) => FAILED_TEST.exec(line)?.[1] ?? []);
  return lines.slice(section).flatMap((line, index, rest) => {
    const place = /^test at (.+?)(?::\d+)?$/.exec(line)?.[1];
    const name = FAILED_TEST.exec(rest[index + 1] ?? '')?.[1];
    // A test that is still to be done is among them, and has not failed.
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
  return said.find((line) => TELLING.test(line)) ?? said.at(-1) ?? 'it said nothing';
}

/** `failed:` and a line for each; empty where nothing has. */
export function failuresText(failures: readonly string[]): string {
  return failures.length === 0 ? '' : ['failed:', ...failures.map((line) => `  ${line}`), ''].join('\n');
}
