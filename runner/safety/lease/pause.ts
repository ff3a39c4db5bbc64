import { setTimeout as sleep } from 'node:timers/promises';

/** Waits between two looks without keeping the process alive. Returns false when the signal fired meanwhile. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  await sleep(ms, undefined, { signal, ref: false }).catch(() => undefined);
  return !signal.aborted;
}
