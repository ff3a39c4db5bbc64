import { run } from '../../../host/run.ts';
import type { RunOptions, Signalled } from '../../../host/run.ts';
import { retry } from '../../../host/wait.ts';
import { asError, errorText } from '../../../reports/record/error-text.ts';

const DEADLINE_MS = 600_000;
/** How long apt waits for the lock of another apt, s. */
const LOCK_SECONDS = 300;
/** The lock of the lists of packages, as apt's error names it. `DPkg::Lock::Timeout` does not cover it. */
const LISTS_LOCK = '/lists/lock';
const RETRY_EVERY_MS = 1000;

/**
 * Runs apt-get without interactive questions. At the deadline or an interrupt it is killed, so it must not change packages.
 * @returns its output
 * @throws CommandError with apt-get's error text
 */
export function aptGet(args: readonly string[], { signal }: Signalled): Promise<string> {
  return runApt(['apt-get'], args, { timeoutMs: DEADLINE_MS, signal });
}

/**
 * Refreshes apt's lists of packages, and waits while another apt does. The lists may be good enough without that: what fails is often a
 * single source that somebody else has added.
 * @returns why they could not be refreshed; null if they were
 * @throws the reason of the signal
 */
export async function updateLists(options: Signalled): Promise<Error | null> {
  try {
    await retry(() => aptGet(['update'], options), {
      deadlineMs: LOCK_SECONDS * 1000,
      intervalMs: RETRY_EVERY_MS,
      signal: options.signal,
      isFinal: (error) => !errorText(error).includes(LISTS_LOCK),
    });
    return null;
  } catch (error) {
    options.signal?.throwIfAborted();
    return asError(error);
  }
}

/**
 * Runs apt-get to change packages. Neither a deadline nor an interrupt ends it: packages would be left half installed, or dpkg would run on
 * and enable services that nobody disables again. It runs in a session of its own, so that a terminal's Ctrl-C does not reach it, and goes on
 * if this process is killed.
 * @throws the reason of the signal, once apt-get has ended
 */
export async function aptToItsEnd(
  args: readonly string[],
  { signal, onSpawn }: Signalled & Pick<RunOptions, 'onSpawn'>,
): Promise<string> {
  signal?.throwIfAborted();
  // 0: no deadline. setsid becomes apt-get, so that the process which starts is apt-get's.
  const said = await runApt(['setsid', '--wait', 'apt-get'], args, { timeoutMs: 0, onSpawn });
  signal?.throwIfAborted();
  return said;
}

function runApt(
  program: readonly string[],
  args: readonly string[],
  bounds: Pick<RunOptions, 'timeoutMs' | 'signal' | 'onSpawn'>,
): Promise<string> {
  return run([...program, '-q', '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`, ...args], {
    ...bounds,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}
