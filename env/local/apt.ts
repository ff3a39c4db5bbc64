import { run } from '../../host/run.ts';

const DEADLINE_MS = 600_000;
/** apt's own wait for another apt. */
const LOCK_SECONDS = 300;

/**
 * Runs apt-get, which asks nothing.
 * @returns what it said
 * @throws CommandError with its own words
 */
export function aptGet(
  args: readonly string[],
  options: { readonly signal?: AbortSignal | undefined },
): Promise<string> {
  return run(['apt-get', '-q', '-o', `DPkg::Lock::Timeout=${LOCK_SECONDS}`, ...args], {
    timeoutMs: DEADLINE_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    signal: options.signal,
  });
}
