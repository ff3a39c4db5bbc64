import { HttpError } from '../../host/http.ts';
import type { HttpClient } from '../../host/http.ts';
import { PrometheusError } from './errors.ts';

export interface Bounds {
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** More bytes than this in one answer are refused. */
  maxBytes: number;
}

/**
 * Sends a form by POST, which unlike a URL can hold a query of any length; without a form, a GET.
 * @returns status and text for every HTTP status, and where it redirects to; empty: nowhere
 * @throws PrometheusError unreachable, or too many samples where the answer is larger than `maxBytes`; the reason of the caller's signal
 */
export async function ask(
  client: HttpClient,
  { path, form }: { path: string; form?: URLSearchParams },
  bounds: Bounds,
): Promise<{ status: number; text: string; location: string }> {
  const posted = form && {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  };
  try {
    const { status, text, headers } = await client.ask({ path, ...posted }, bounds);
    return { status, text, location: String(headers['location'] ?? '') };
  } catch (cause) {
    if (!(cause instanceof HttpError)) throw cause;
    const where = `${client.url}${path}`;
    throw cause.tooLarge
      ? tooLarge(where, bounds.maxBytes)
      : new PrometheusError(`${where}: ${cause.message}`, { reason: 'unreachable', cause });
  }
}

function tooLarge(where: string, maxBytes: number): PrometheusError {
  return new PrometheusError(`${where}: the answer is larger than ${maxBytes} bytes`, {
    reason: 'too many samples',
  });
}
