import { setImmediate } from 'node:timers/promises';
import { errorText } from '../../reports/record/error-text.ts';

/** Whether a promise is fulfilled already; one that was rejected is not. */
export function isFulfilled(work: Promise<unknown>): Promise<boolean> {
  const settled = work.then(
    () => true,
    () => false,
  );
  return Promise.race([settled, setImmediate(false)]);
}

/** @throws Error when it takes longer than `ms`, or the signal fires */
export async function withDeadline<T>(work: Promise<T>, ms: number, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`not within ${Math.round(ms / 1000)} s`)), ms);
  const onAbort = () => reject(new Error('interrupted'));
  signal.addEventListener('abort', onAbort, { once: true });
  // A signal that has already fired calls no listener.
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

export interface PlatformWait {
  platformReady: Promise<void>;
  limitMs: number;
  /** Runs the checks that need the cluster alone. */
  meanwhile: () => Promise<void>;
  /** Ctrl-C or SIGTERM. */
  interrupted: AbortSignal;
  /** The kill switch, or the loss of the Lease: the checks report it themselves. */
  stopped: AbortSignal;
}

/**
 * Waits for the platform of a cluster that is up already.
 * @returns why it is not ready, in one line; null: it is, or the run was stopped
 * @throws the reason of `interrupted`
 */
export async function untilPlatform(of: PlatformWait): Promise<string | null> {
  const { platformReady, limitMs, meanwhile, interrupted, stopped } = of;
  await meanwhile();
  interrupted.throwIfAborted();
  try {
    await withDeadline(platformReady, limitMs, AbortSignal.any([interrupted, stopped]));
    return null;
  } catch (error) {
    interrupted.throwIfAborted();
    if (stopped.aborted) return null;
    const why = errorText(error);
    return why.split('\n', 1)[0] ?? '';
  }
}
