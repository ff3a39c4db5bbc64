import type { Unread } from '../../reports/record/observations/failover.ts';
import { askFailureOf } from '../asking.ts';
import type { Bounds, ReadBackRequest, StoreDriver, StoreTarget } from './store-driver.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** The store changed while it was read: the reading says nothing about what it holds. */
export class MovedError extends Error {
  override readonly name = 'MovedError';
}

/** Does one part of a read-back. An error is written as `readback-failed` of that source, and the result is null. */
export async function attempt<T>(
  request: ReadBackRequest,
  source: string,
  action: () => Promise<T>,
): Promise<T | null> {
  try {
    return await action();
  } catch (error) {
    request.write({ kind: 'readback-failed', source, why: unreadBy(error), reason: errorText(error) });
    return null;
  }
}

/** Texts of clients for a broken connection: the code does not always survive. */
const BROKEN =
  /ECONNRESET|EPIPE|^Connection (?:terminated|is closed|was closed|closed)|^Channel closed|^Socket closed/;

/** Only a source that was unreachable, or not at rest, may be read again; any other result stands. */
export function unreadBy(error: unknown): Unread {
  if (error instanceof MovedError) return 'moved';
  const { kind, cause } = askFailureOf(error);
  const reached = kind !== 'down' && cause !== 'route' && !BROKEN.test(errorText(error));
  return reached ? 'unread' : 'unreachable';
}

/**
 * Reads a store back; once more when a source could not be reached in the middle of it, as soon as the store is steady again: some restart a
 * member after all have come back (RabbitMQ's autoheal). What was seen before `readback-again` stands: the judge looks at both readings.
 * What was reached and is not as it should be is never read again.
 */
export async function readBackWhole(
  driver: Pick<StoreDriver, 'readBack' | 'waitSteady'>,
  target: StoreTarget,
  request: ReadBackRequest,
  { reading, steady }: { reading: Bounds; steady: Bounds },
): Promise<void> {
  const away: string[] = [];
  const standing: string[] = [];
  const noted: ReadBackRequest = {
    ...request,
    write: (seen) => {
      if (seen.kind === 'readback-leaders') standing.push(seen.seen);
      if (seen.kind === 'readback-failed')
        (seen.why === 'unread' ? standing : away).push(`${seen.source}: ${seen.reason}`);
      request.write(seen);
    },
  };
  await driver.readBack(target, noted, reading);
  if (away.length === 0 || standing.length > 0) return;
  const { ok } = await driver.waitSteady(target, steady);
  if (!ok) return;
  request.write({ kind: 'readback-again', reason: away.join('; ') });
  await driver.readBack(target, request, reading);
}

/** The same bounds, with a deadline of at most `limitMs`. */
export function within(bounds: Bounds, limitMs: number): Bounds {
  return { ...bounds, deadlineMs: Math.min(bounds.deadlineMs, limitMs) };
}
