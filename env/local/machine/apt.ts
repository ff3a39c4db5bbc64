import { run } from '../../../host/run.ts';

const DEADLINE_MS = 600_000;
/** apt's own wait for another apt, s. */
const LOCK_SECONDS = 300;

type Signalled = { readonly signal?: AbortSignal | undefined };

/**
 * Runs apt-get, which asks nothing.
 * @returns what it said
 * @throws CommandError with its own words
 */
export function aptGet(args: readonly string[], options: Signalled): Promise<string> {
  return runApt([], args, options);
}

/**
 * The same for what changes packages. It is not ended in the middle, whoever interrupts: dpkg would be left in pieces, or go on by itself
 * and enable what nobody switches off again. A session of its own keeps a terminal's Ctrl-C from it.
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
