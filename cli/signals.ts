import { SIGNAL_EXITS } from '../host/errors.ts';
import type { InterruptSignal } from '../host/errors.ts';
import { onInterrupts } from '../host/interrupts.ts';

/**
 * Runs work that SIGHUP, SIGINT or SIGTERM cancels, and resolves to its exit code, or to that of the signal when it was cancelled. A
 * second signal ends the process at once, as `onInterrupts` counts them.
 */
export async function cancellable(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const cancelled: { by: InterruptSignal | null } = { by: null };
  const stop = onInterrupts({
    first: (name) => {
      cancelled.by = name;
      controller.abort(new Error(`interrupted by ${name}`));
    },
    again: (name) => process.exit(SIGNAL_EXITS[name]),
  });
  try {
    const code = await work(controller.signal);
    return cancelled.by === null ? code : SIGNAL_EXITS[cancelled.by];
  } catch (error) {
    if (cancelled.by !== null) return SIGNAL_EXITS[cancelled.by];
    throw error;
  } finally {
    stop();
  }
}
