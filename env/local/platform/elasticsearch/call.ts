import type { PlatformContext } from '../context.ts';

const ANSWER_MS = 10_000;

/** One request to Elasticsearch's HTTP API; any status is an answer. */
export type Call = (method: string, path: string, body?: string) => Promise<{ status: number; text: string }>;

/** Requests of one account, each with a deadline and the context's signal. */
export function callOf(
  { signal }: Pick<PlatformContext, 'signal'>,
  { url, user, password }: { url: string; user: string; password: string },
): Call {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return async (method, path, body) => {
    const signals = [AbortSignal.timeout(ANSWER_MS), ...(signal === undefined ? [] : [signal])];
    const answer = await fetch(`${url}${path}`, {
      method,
      headers: { authorization, 'content-type': 'application/x-ndjson' },
      signal: AbortSignal.any(signals),
      ...(body !== undefined && { body }),
    });
    return { status: answer.status, text: await answer.text() };
  };
}
