import { monoMs } from '../host/clock.ts';
import { askOnce, urlOf } from '../host/http.ts';
import type { HttpAnswer, HttpServer } from '../host/http.ts';
import { dialled } from './store/store-driver.ts';
import type { Bounds, Dial, StoreTlsFiles } from './store/store-driver.ts';
import { errorText } from '../reports/record/error-text.ts';

export interface HttpQuestion {
  /** Name of the server, for errors: `Patroni of postgres-0`. */
  who: string;
  host: string;
  port: number;
  path: string;
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  /** By https, held to the name that is declared. */
  tls?: StoreTlsFiles | undefined;
  dial?: Dial | undefined;
  /** Basic authentication. */
  account?: { user: string; password: string } | undefined;
  /** More bytes than this in the answer are refused; 4 MiB when left out. */
  maxBytes?: number | undefined;
}

/** For answers that grow with what is in a store: 10,000 queues or indices take some MiB. */
export const MOST_STORE_BYTES = 64 << 20;

/** The server answered with an unexpected status. */
export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal';
  readonly status: number;
  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/**
 * One request, one answer, one connection.
 * @returns the answer, whatever its status is
 * @throws Error that names the server, the request, and why there was no answer
 */
export async function askHttp(question: HttpQuestion, bounds: Bounds): Promise<HttpAnswer> {
  const { path, method = 'GET', account, body, maxBytes } = question;
  const untilMs = monoMs() + bounds.deadlineMs;
  try {
    const at = await dialled(question, question, bounds);
    return await askOnce(
      { ...serverOf(question, at), account },
      {
        path,
        method,
        ...(body !== undefined && {
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        }),
      },
      { ...bounds, maxBytes, deadlineMs: Math.max(1, Math.round(untilMs - monoMs())) },
    );
  } catch (cause) {
    throw new Error(`${whereOf(question)}: ${errorText(cause)}`, { cause });
  }
}

function serverOf(
  { host, port, tls }: HttpQuestion,
  at: { host: string; port: number },
): Pick<HttpServer, 'url' | 'address' | 'ca'> {
  const address = urlOf('https', at).slice('https://'.length);
  if (tls === undefined) return { url: urlOf('http', { host, port }), address };
  return { url: urlOf('https', { host: tls.serverName, port }), address, ca: tls.ca };
}

/** The JSON of an answer. @throws HttpRefusal with the status and the beginning of what is not JSON */
export function jsonOf(question: HttpQuestion, { status, text }: { status: number; text: string }): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const said = `${whereOf(question)}: status ${status}, not JSON: ${text.slice(0, 100)}`;
    throw new HttpRefusal(said, status, { cause });
  }
}

export function whereOf({ who, host, port, path, tls }: HttpQuestion): string {
  return `${who} (${urlOf(tls === undefined ? 'http' : 'https', { host, port })}${path})`;
}
