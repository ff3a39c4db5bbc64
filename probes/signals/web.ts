import { HttpClient, HttpError } from '../../host/http.ts';
import type { HttpServer } from '../../host/http.ts';
import { SignalError } from './errors.ts';

/** How a source of telemetry is reached. */
export type SignalAddress = HttpServer;

export interface SignalBounds {
  /** For one answer, ms. */
  deadlineMs: number;
  signal?: AbortSignal | undefined;
}

export interface SignalQuestion {
  /** With its query string. */
  path: string;
  method?: 'GET' | 'POST';
  /** Sent as JSON. */
  body?: unknown;
}

/** A page of 5,000 log records with the fields that are asked for has some 2 MiB; a hundred traces of twenty spans have some 3. */
const MAX_BYTES = 32 << 20;

/** Queries one source by HTTP. It keeps its connections until it is closed, and never retries. */
export class SignalClient {
  readonly #client: HttpClient;

  constructor(to: SignalAddress) {
    this.#client = new HttpClient(to);
  }

  get url(): string {
    return this.#client.url;
  }

  close(): void {
    this.#client.close();
  }

  /** Status and text, whatever the status is. @throws SignalError (unreachable, or failed where it says too much); the reason of the caller's signal */
  async ask(
    { path, method = 'GET', body }: SignalQuestion,
    bounds: SignalBounds,
  ): Promise<{ status: number; text: string }> {
    const sent = body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    try {
      return await this.#client.ask({ path, method, ...sent }, { ...bounds, maxBytes: MAX_BYTES });
    } catch (cause) {
      if (!(cause instanceof HttpError)) throw cause;
      const reason = cause.tooLarge ? 'failed' : 'unreachable';
      throw new SignalError(`${this.#at(path)}: ${cause.message}`, { reason, cause });
    }
  }

  /**
   * The JSON of a successful answer.
   * @param accepted statuses beside 2xx whose JSON is an answer too
   * @throws SignalError refused, failed, or unreachable for what is no JSON
   */
  async json(
    question: SignalQuestion,
    bounds: SignalBounds,
    accepted: readonly number[] = [],
  ): Promise<{ status: number; data: unknown }> {
    const { status, text } = await this.ask(question, bounds);
    const at = this.#at(question.path);
    if (status === 401 || status === 403)
      throw new SignalError(`${at}: refused (${status}): the account or token is not accepted`, {
        reason: 'refused',
        status,
      });
    if ((status < 200 || status > 299) && !accepted.includes(status))
      throw new SignalError(`${at}: status ${status}: ${text.replaceAll(/\s+/g, ' ').slice(0, 200)}`, {
        reason: 'failed',
        status,
      });
    try {
      return { status, data: text === '' ? null : (JSON.parse(text) as unknown) };
    } catch (cause) {
      throw new SignalError(`${at}: status ${status}, not JSON: ${text.slice(0, 100)}`, {
        reason: 'unreachable',
        status,
        cause,
      });
    }
  }

  /** Without the query string, which may be long. */
  #at(path: string): string {
    return `${this.url}${path.replace(/\?.*$/, '')}`;
  }
}
