/**
 * `npm test`: static checks and unit tests, then integration tests and controls on the small embedded environment,
 * which is removed afterwards whatever happened. Ends with one line that adds up all runners.
 */
import { writeFileSync } from 'node:fs';
import { addUp, readCounts, runShown, type RunnerResult } from './runners.ts';

interface Step {
  title: string;
  command: readonly string[];
  /** Later steps cannot run when this one failed. */
  needed: boolean;
  /** It has tests of its own to count; others count as one passed or one failed. */
  counts: boolean;
}

const plumbline = (...args: string[]) => [process.execPath, 'cli/plumbline.mjs', ...args];
const steps: readonly Step[] = [
  { title: 'check', command: [process.execPath, 'scripts/check.ts'], needed: false, counts: true },
  { title: 'env up local-small', command: plumbline('env', 'up', '--env', 'local-small'), needed: true, counts: false },
  { title: 'integration', command: ['npm', 'run', '--silent', 'test:integration'], needed: false, counts: true },
  { title: 'controls', command: plumbline('controls', '--size', 'small'), needed: false, counts: true },
];
const removal: Step = {
  title: 'env down local-small',
  command: plumbline('env', 'down', '--env', 'local-small'),
  needed: false,
  counts: false,
};

const interrupt = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => interrupt.abort());
const startedMs = performance.now();

/** Says which step is running, for whoever stops us from outside (PLUMBLINE_STEP_FILE). */
function announce(title: string): void {
  const minutes = ((performance.now() - startedMs) / 60_000).toFixed(1);
  console.log(`\n=== ${title} (${minutes} min)`);
  const file = process.env.PLUMBLINE_STEP_FILE;
  if (file) writeFileSync(file, `${title}\n`);
}

async function runStep(step: Step, signal?: AbortSignal): Promise<RunnerResult> {
  announce(step.title);
  const { exitCode, output } = await runShown(step.command, signal);
  if (step.counts) return { exitCode, counts: readCounts(output) };
  return { exitCode, counts: { passed: exitCode === 0 ? 1 : 0, failed: exitCode === 0 ? 0 : 1, skipped: 0 } };
}

const results: RunnerResult[] = [];
for (const step of steps) {
  const result = await runStep(step, interrupt.signal);
  results.push(result);
  if (interrupt.signal.aborted || (step.needed && result.exitCode !== 0)) break;
}
results.push(await runStep(removal));

const sum = addUp(results);
console.log(`\n${sum.passed} passed, ${sum.failed} failed, ${sum.skipped} skipped`);
process.exitCode = sum.failed > 0 || interrupt.signal.aborted ? 1 : 0;
