import { run } from '../../../host/run.ts';

const DEADLINE_MS = 600_000;
/** How long apt waits for the lock of another apt, s. */
const LOCK_SECONDS = 300;

type Signalled = { readonly signal?: AbortSignal | undefined };

/**
 * Runs apt-get without interactive questions.
 * @returns its output
 * @throws CommandError with apt-get's error text
 */
export function aptGet(args: readonly string[], options: Signalled): Promise<string> {
  return runApt([], args, options);
}

/**
 * Runs apt-get to change packages. An interrupt does not end it: packages would be left half installed, or dpkg would run on and
 * enable services that nobody disables again. It runs in a session of its own, so that a terminal's Ctrl-C does not reach it.
 * @throws the reason of the signal, once apt-get has ended
 */
export async function aptToItsEnd(args: readonly string[], { signal }: Signalled): Promise<string> {
  signal?.throwIfAborted();
  const said = await runApt(['setsid', '--wait'], args, {});
  signal?.throwIfAborted();
  return said;
}

function runApt(first: readonly string[], args: readonly string[], { signal }: Signalled): Promise<string> {
  return run([...first, 'apt-get', '-q', '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`, ...args], {
    timeoutMs: DEADLINE_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    signal,
  });
}
