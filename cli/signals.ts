import { EXIT } from '../env/errors.ts';

const CODES = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

/**
 * Runs work that SIGINT or SIGTERM cancels, and resolves to its exit code, or to 130 or 143 when it was cancelled. A
 * second signal ends the process at once.
 */
export async function cancellable(work: (signal: AbortSignal) => Promise<number>): Promise<number> {
  const controller = new AbortController();
  let cancelledBy: keyof typeof CODES | null = null;
  const onSignal = (name: keyof typeof CODES) => (): void => {
    if (cancelledBy !== null) process.exit(CODES[name]);
    cancelledBy = name;
    controller.abort(new Error(`interrupted by ${name}`));
  };
  const handlers = { SIGINT: onSignal('SIGINT'), SIGTERM: onSignal('SIGTERM') };
  process.on('SIGINT', handlers.SIGINT).on('SIGTERM', handlers.SIGTERM);
  try {
    const code = await work(controller.signal);
    return cancelledBy === null ? code : CODES[cancelledBy as keyof typeof CODES];
  } catch (error) {
    if (cancelledBy !== null) return CODES[cancelledBy as keyof typeof CODES];
    throw error;
  } finally {
    process.off('SIGINT', handlers.SIGINT).off('SIGTERM', handlers.SIGTERM);
  }
}
