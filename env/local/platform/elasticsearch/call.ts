import { askOnce } from '../../../../host/http.ts';
import type { PlatformContext } from '../context.ts';

const ANSWER_MS = 10_000;

/** One request to Elasticsearch's HTTP API; any status is an answer. */
export type Call = (method: string, path: string, body?: string) => Promise<{ status: number; text: string }>;

/** Requests of one account, each with a deadline and the context's signal. */
export function callOf(
  { signal }: Pick<PlatformContext, 'signal'>,
  { url, user, password }: { url: string; user: string; password: string },
): Call {
  const headers = { 'content-type': 'application/x-ndjson' };
  return (method, path, body) =>
    askOnce(
      { url, account: { user, password } },
      { method, path, headers, body },
      { deadlineMs: ANSWER_MS, signal },
    );
}
