/** Runs a program and returns its output and processor time. */
import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

export interface Ran {
  stdout: string;
  /** User and system time of the program and its descendants, seconds. */
  cpuSeconds: number;
}

/** Output of POSIX `times` for the children of a shell: `0m1.230000s 0m0.120000s`. */
const TIMES = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/;

/**
 * Runs a program in a process group of its own, which is killed after the deadline.
 * @throws Error with its last output if it fails
 */
export async function measured(program: string, args: readonly string[], timeoutMs: number): Promise<Ran> {
  // The shell builtin `times` reports the processor time of the shell's ended children.
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
