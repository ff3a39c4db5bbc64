import { EXIT } from '../host/errors.ts';

const CODES = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/**
 * Runs work that SIGINT or SIGTERM cancels, and resolves to its exit code, or to 130 or 143 when it was cancelled. A
 * second signal ends the process at once.
 */
export async function cancellable(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  const cancelled: { by: keyof typeof CODES | null } = { by: null };
  const onSignal = (name: keyof typeof CODES) => (): void => {
    if (cancelled.by !== null) process.exit(CODES[name]);
    cancelled.by = name;
    controller.abort(new Error(`interrupted by ${name}`));
  };
  const handlers = { SIGINT: onSignal('SIGINT'), SIGTERM: onSignal('SIGTERM') };
  process.on('SIGINT', handlers.SIGINT).on('SIGTERM', handlers.SIGTERM);
  try {
    const code = await work(controller.signal);
    return cancelled.by === null ? code : CODES[cancelled.by];
  } catch (error) {
    if (cancelled.by !== null) return CODES[cancelled.by];
    throw error;
  } finally {
    process.off('SIGINT', handlers.SIGINT).off('SIGTERM', handlers.SIGTERM);
  }
}
