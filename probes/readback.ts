import type { Bounds, ReadBackRequest } from './store-driver.ts';

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

/** The same bounds, with a deadline of at most `limitMs`. */
export function within(bounds: Bounds, limitMs: number): Bounds {
  return { ...bounds, deadlineMs: Math.min(bounds.deadlineMs, limitMs) };
}

export function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
