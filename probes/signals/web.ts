import { HttpClient, HttpError } from '../../host/http.ts';
import type { HttpServer } from '../../host/http.ts';
import { SignalError } from './errors.ts';
import { insteadOf } from './instead.ts';

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

  /** What came, whatever the status is. @throws SignalError (unreachable, or failed where it says too much); the reason of the caller's signal */
  async ask(
    { path, method = 'GET', body }: SignalQuestion,
    bounds: SignalBounds,
  ): Promise<{ status: number; text: string; location: string }> {
    const sent = body !== undefined && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    try {
      const asked = { path, method, ...sent };
      const { status, text, headers } = await this.#client.ask(asked, { ...bounds, maxBytes: MAX_BYTES });
      return { status, text, location: String(headers['location'] ?? '') };
    } catch (cause) {
      if (!(cause instanceof HttpError)) throw cause;
      const reason = cause.tooLarge ? 'failed' : 'unreachable';
      throw new SignalError(`${this.#at(path)}: ${cause.message}`, { reason, cause });
    }
  }

  /**
   * The JSON of a successful answer. What else may answer in its place, such as a login page, is named.
   * @param accepted statuses beside 2xx whose JSON is an answer too
   * @throws SignalError refused, failed, or unreachable for what is no JSON
   */
  async json(
    question: SignalQuestion,
    bounds: SignalBounds,
    accepted: readonly number[] = [],
  ): Promise<{ status: number; data: unknown }> {
    const answer = await this.ask(question, bounds);
    return { status: answer.status, data: this.parsed(answer, question.path, accepted) };
  }

  /** What `json` makes of an answer. */
  parsed(
    { status, text, location }: { status: number; text: string; location: string },
    path: string,
    accepted: readonly number[] = [],
  ): unknown {
    const at = this.#at(path);
    const failed = !accepted.includes(status) && (status < 200 || status > 299);
    if (failed) throw refusal(at, { status, text, location });
    try {
      return text === '' ? null : (JSON.parse(text) as unknown);
    } catch (cause) {
      const said = insteadOf({ status, location, text }) ?? `not JSON: ${shortened(text)}`;
      throw new SignalError(`${at}: status ${status}, ${said}`, { reason: 'unreachable', status, cause });
    }
  }

  /** Without the query string, which may be long. */
  #at(path: string): string {
    return `${this.url}${path.replace(/\?.*$/, '')}`;
  }
}

function refusal(at: string, answer: { status: number; text: string; location: string }): SignalError {
  const { status, text } = answer;
  const instead = insteadOf(answer);
  if (status === 401 || status === 403) {
    const why = instead ?? `the account or token is not accepted${said(text)}`;
    return new SignalError(`${at}: refused (${status}): ${why}`, { reason: 'refused', status });
  }
  const why = instead === null ? said(text) : `: ${instead}`;
  return new SignalError(`${at}: status ${status}${why}`, { reason: 'failed', status });
}

/** What a server says of why, such as the permission that is missing. */
function said(text: string): string {
  const short = shortened(text);
  return short === '' || short === '{}' ? '' : `: ${short}`;
}

function shortened(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
}
