/** A program with what it printed and the processor time that it took. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Ran {
  stdout: string;
  /** User and system time of the program and everything that it started, seconds. */
  cpuSeconds: number;
}

/** What `times` prints of the children of a shell, POSIX: `0m1.230000s 0m0.120000s`. */
const TIMES = /^(\d+)m([\d.]+)s (\d+)m([\d.]+)s$/;
const MOST_OUTPUT = 64 << 20;

/** @throws Error when it ends badly, with what it said */
export async function measured(program: string, args: readonly string[], timeoutMs: number): Promise<Ran> {
  // The shell's own builtin counts what its children used, when they have ended.
  const script = '"$@"; code=$?; times >&2; exit $code';
  const options = { timeout: timeoutMs, maxBuffer: MOST_OUTPUT };
  const { stdout, stderr } = await run('sh', ['-c', script, 'sh', program, ...args], options);
  const last = stderr.trimEnd().split('\n').at(-1) ?? '';
  const [, userMinutes, user, systemMinutes, system] = TIMES.exec(last) ?? [];
  if (system === undefined) throw new Error(`${program}: no times in "${last}"`);
  const cpuSeconds = Number(userMinutes) * 60 + Number(user) + Number(systemMinutes) * 60 + Number(system);
  return { stdout, cpuSeconds };
}
