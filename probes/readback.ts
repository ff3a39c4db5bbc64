import type { Bounds, ReadBackRequest, StoreDriver, StoreTarget } from './store-driver.ts';

/** Does one part of a read-back. What it throws is written as `readback-failed` of that source, and null is the result. */
export async function attempt<T>(
  request: ReadBackRequest,
  source: string,
  action: () => Promise<T>,
): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    request.write({ kind: 'readback-failed', source, reason: message(error) });
    return null;
  }
}

/**
 * Reads a store back; once more when a source went away in the middle of it, as soon as the store is steady again: some restart a member
 * after all have come back (RabbitMQ's autoheal). What was read before `readback-again` then counts for nothing, and that line says why.
 * What was read and disagrees is never read again.
 */
export async function readBackWhole(
  driver: Pick<StoreDriver, 'readBack' | 'waitSteady'>,
  target: StoreTarget,
  request: ReadBackRequest,
  { reading, steady }: { reading: Bounds; steady: Bounds },
): Promise<void> {
  const failed: string[] = [];
  const noted: ReadBackRequest = {
    ...request,
    write: (seen) => {
      if (seen.kind === 'readback-failed') failed.push(`${text(seen['source'])}: ${text(seen['reason'])}`);
      request.write(seen);
    },
  };
  await driver.readBack(target, noted, reading);
  if (failed.length === 0) return;
  const { ok } = await driver.waitSteady(target, steady);
  if (!ok) return;
  request.write({ kind: 'readback-again', reason: failed.join('; ') });
  await driver.readBack(target, request, reading);
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '?';
}

/** The same bounds, with a deadline of at most `limitMs`. */
export function within(bounds: Bounds, limitMs: number): Bounds {
  return { ...bounds, deadlineMs: Math.min(bounds.deadlineMs, limitMs) };
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
