import { monoMs } from '../../host/clock.ts';
import { HttpConnection, httpErrorClass } from './connection.ts';
import type { HttpEndpoint, HttpQuestion } from './connection.ts';

export interface EdgeQuestion {
  method: string;
  url: URL;
  headers: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is; the headers give its type. */
  text?: string;
}

export interface EdgeReply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  text: string;
  /** From connecting to the last byte, ms. */
  ms: number;
}

/**
 * One request over a connection of its own, through the edge or to a similar address: one attempt, no redirects.
 * @throws Error with a short class of what went wrong (errno, TLS code), or that there was no answer within the time
 */
export async function askEdge(
  endpoint: HttpEndpoint,
  question: EdgeQuestion,
  bounds: { deadlineMs: number; signal?: AbortSignal },
): Promise<EdgeReply> {
  const connection = new HttpConnection(endpoint);
  const startedMs = monoMs();
  const late = Promise.withResolvers<never>();
  const end = (why: unknown): void => {
    late.reject(why);
    connection.destroy();
  };
  const timer = setTimeout(
    () => end(new Error(`no answer within ${bounds.deadlineMs / 1000} s`)),
    bounds.deadlineMs,
  );
  const abort = (): void => end(bounds.signal?.reason);
  bounds.signal?.addEventListener('abort', abort, { once: true });
  try {
    bounds.signal?.throwIfAborted();
    const answered = async (): Promise<Omit<EdgeReply, 'ms'>> => {
      await connection.open(bounds.deadlineMs);
      return connection.ask(exchangeOf(question));
    };
    const reply = await Promise.race([answered(), late.promise]);
    return { ...reply, ms: monoMs() - startedMs };
  } catch (error) {
    bounds.signal?.throwIfAborted();
    throw new Error(httpErrorClass(error), { cause: error });
  } finally {
    clearTimeout(timer);
    bounds.signal?.removeEventListener('abort', abort);
    connection.destroy();
  }
}

/** The request for a kept connection. */
export function exchangeOf({ method, url, headers, body, text: given }: EdgeQuestion): HttpQuestion {
  const text = given ?? (body === undefined ? undefined : JSON.stringify(body));
  return {
    method,
    path: url.pathname + url.search,
    keep: true,
    headers: {
      host: url.host,
      'user-agent': 'plumbline',
      ...(text !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
      }),
      ...headers,
    },
    ...(text !== undefined && { body: text }),
  };
}
