import { spawn } from 'node:child_process';

/** How many tests a runner reported. */
export interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** What a finished runner left: its counts (null when it printed none) and whether it exited with 0. */
export interface RunnerResult {
  counts: Counts | null;
  exitCode: number;
}

const PLAIN = /^(?:[\w-]+: )?(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/;
const NODE_TEST = /^(?:# |ℹ )(pass|fail|cancelled|skipped|todo) (\d+)$/;

/**
 * The counts in a runner's output: the last plain line `N passed, N failed[, N skipped]`, else the closing lines of
 * node's test runner, where cancelled tests count as failed and todo tests as skipped.
 */
export function readCounts(output: string): Counts | null {
  const node: Record<string, number> = {};
  let plain: Counts | null = null;
  for (const line of output.split('\n').map((text) => text.trim())) {
    const found = PLAIN.exec(line);
    if (found) plain = { passed: Number(found[1]), failed: Number(found[2]), skipped: Number(found[3] ?? 0) };
    const closing = NODE_TEST.exec(line);
    if (closing?.[1]) node[closing[1]] = Number(closing[2]);
  }
  if (plain) return plain;
  if (node.pass === undefined) return null;
  return {
    passed: node.pass,
    failed: (node.fail ?? 0) + (node.cancelled ?? 0),
    skipped: (node.skipped ?? 0) + (node.todo ?? 0),
  };
}

/** Adds up; a runner without counts adds one failure, since a runner that says nothing has shown nothing. */
export function addUp(results: readonly RunnerResult[]): Counts {
  const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { counts, exitCode } of results) {
    sum.passed += counts?.passed ?? 0;
    sum.skipped += counts?.skipped ?? 0;
    const failed = counts?.failed ?? 0;
    sum.failed += failed === 0 && (exitCode !== 0 || counts === null) ? 1 : failed;
  }
  return sum;
}

/** Runs a command, shows its output as it comes and keeps it. The exit code is 1 when a signal ended it. */
export function runShown(command: readonly string[], signal?: AbortSignal): Promise<{ exitCode: number; output: string }> {
  const [program, ...args] = command;
  if (program === undefined) throw new Error('runShown: an empty command');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGTERM' });
    const kept: string[] = [];
    const keep = (target: NodeJS.WriteStream) => (chunk: Buffer) => {
      kept.push(chunk.toString('utf8'));
      target.write(chunk);
    };
    child.stdout.on('data', keep(process.stdout));
    child.stderr.on('data', keep(process.stderr));
    child.on('error', (error) => (error.name === 'AbortError' ? undefined : reject(error)));
    child.on('close', (code) => resolve({ exitCode: code ?? 1, output: kept.join('') }));
  });
}
