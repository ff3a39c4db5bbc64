/** How many tests a runner reported. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Result of a runner: its counts (null if it printed none) and its exit code. */
export interface RunnerResult {
  counts: Counts | null;
  exitCode: number;
}

const PLAIN = /^(?:[\w-]+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;
const NODE_TEST = /^(?:# |ℹ )(pass|fail|cancelled|skipped|todo) (\d+)$/;

/**
 * The counts in a runner's output: the last plain line `N passed, N failed[, N skipped]`; without one, the closing lines of
 * node's test runner, where cancelled tests count as failed and todo tests as skipped.
 */
export function readCounts(output: string): Counts | null {
  const node = new Map<string, number>();
  let plain: Counts | null = null;
  for (const line of output.split('\n').map((text) => text.trim())) {
    const found = PLAIN.exec(line);
    if (found) plain = { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3] ?? 0) };
    const closing = NODE_TEST.exec(line);
    if (closing?.[1] !== undefined) node.set(closing[1], Number(closing[2]));
  }
  if (plain !== null || !node.has('pass')) return plain;
  const sum = (...words: string[]): number => words.reduce((total, word) => total + (node.get(word) ?? 0), 0);
  return { passed: sum('pass'), failed: sum('fail', 'cancelled'), skipped: sum('skipped', 'todo') };
}

/** Adds counts up. A runner without counts adds one failure, because it has not shown that anything passed. */
export function addUp(results: readonly RunnerResult[]): Counts {
  const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { counts, exitCode } of results) {
    const { passed, failed, skipped } = counts ?? { passed: 0, failed: 1, skipped: 0 };
    sum.passed += passed;
    sum.skipped += skipped;
    sum.failed += failed === 0 && exitCode !== 0 ? 1 : failed;
  }
  return sum;
}

/** Counts for a command that passes or fails as a whole. */
export function single(exitCode: number): RunnerResult {
  const ok = exitCode === 0;
  return { exitCode, counts: { passed: ok ? 1 : 0, failed: ok ? 0 : 1, skipped: 0 } };
}

/** `12 passed, 0 failed, 0 skipped` */
export function renderCounts({ passed, failed, skipped }: Counts): string {
  return `${String(passed)} passed, ${String(failed)} failed, ${String(skipped)} skipped`;
}
