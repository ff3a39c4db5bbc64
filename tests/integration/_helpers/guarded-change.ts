/** A change of the machine that does not outlive the process which made it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const CHANGED = 'changed';
/**
 * `$1` makes the change, `$2` undoes it. In between it waits for the end of its input. The kernel closes the other end when the process that
 * holds it has ended, even by SIGKILL.
 */
const GUARD = `exec 2>&1
trap '' HUP INT PIPE TERM
sh -ec "$1" && echo ${CHANGED} && cat >/dev/null
made=$?
sh -ec "$2" && exit $made`;

/**
 * Makes a change of the machine by a shell command, and undoes it by another, at the latest when this process has ended, however it ended.
 * Both are run by a shell in a session of its own, which signals to this process group do not reach.
 * @returns what undoes it now.
 * @throws Error when the change cannot be made; what was made of it is undone.
 */
export async function guardedChange(change: string, undo: string): Promise<() => Promise<void>> {
  const guard = spawn('sh', ['-c', GUARD, 'guard', change, undo], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  let said = '';
  const ended = once(guard, 'close') as Promise<[number | null]>;
  const made = new Promise<true>((resolve) => {
    guard.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.endsWith(`${CHANGED}\n`)) resolve(true);
    });
  });
  if ((await Promise.race([made, ended])) !== true) throw new Error(`not changed: ${said.trim()}`);
  return async () => {
    guard.stdin.end();
    const [code] = await ended;
    if (code !== 0) throw new Error(`not undone (exit ${String(code)}): ${said.trim()}`);
  };
}
