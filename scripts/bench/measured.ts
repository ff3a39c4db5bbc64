/** A program with what it printed and the processor time that it took. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Ran {
  stdout: string;
  /** User and system time of the program and everything that it started, seconds. */
  cpuSeconds: number;
}

/** What `times` prints of the children of a shell, POSIX: `0m1.230000s 0m0.120000s`. */
const TIMES = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/;

/**
 * Runs it in a group of its own, all of which is killed after the deadline.
 * @throws Error when it ends badly, with what it said last
 */
export async function measured(program: string, args: readonly string[], timeoutMs: number): Promise<Ran> {
  // The shell's own builtin counts what its children used, when they have ended.
  const script = '"$@"; code=$?; times >&2; exit $code';
  const child = spawn('sh', ['-c', script, 'sh', program, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const kill = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  const timer = setTimeout(kill, timeoutMs);
  process.once('exit', kill);
  const code = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  try {
    const [stdout, stderr, ended] = await Promise.all([text(child.stdout), text(child.stderr), code]);
    const lines = stderr.trimEnd().split('\n');
    if (ended !== 0)
      throw new Error(`${program} ended with ${ended ?? 'a signal'}: ${lines.slice(-5).join(' | ')}`);
    return { stdout, cpuSeconds: cpuOf(lines.at(-1) ?? '', program) };
  } finally {
    clearTimeout(timer);
    process.off('exit', kill);
  }
}

function cpuOf(line: string, program: string): number {
  const [, userMinutes, user, systemMinutes, system] = TIMES.exec(line) ?? [];
  if (system === undefined) throw new Error(`${program}: no times in "${line}"`);
  return Number(userMinutes) * 60 + Number(user) + Number(systemMinutes) * 60 + Number(system);
}
