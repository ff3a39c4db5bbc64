import { setImmediate } from 'node:timers/promises';

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
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
