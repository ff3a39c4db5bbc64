/** The edge becomes ready while other checks run: which of them wait for it, and for how long. */
import type { PlannedCheck } from '../env/catalogue/index.ts';

/** Checks that can run now and those that need the edge while it is not ready. */
export async function splitByEdge(
  planned: readonly PlannedCheck[],
  edgeReady: Promise<void> | null,
): Promise<{ now: PlannedCheck[]; later: PlannedCheck[] }> {
  const pending = Symbol('pending');
  const settled =
    edgeReady === null
      ? null
      : await Promise.race([edgeReady.catch(() => pending), Promise.resolve(pending)]);
  const needsEdge = ({ row }: PlannedCheck) => settled === pending && (row.needs ?? []).includes('edge');
  return { now: planned.filter((one) => !needsEdge(one)), later: planned.filter(needsEdge) };
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
