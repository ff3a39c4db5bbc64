import type { z } from 'zod';
import { HttpClient, HttpError } from '../../host/http.ts';
import type { HttpQuestion, HttpServer } from '../../host/http.ts';
import { SignalError } from './errors.ts';
import { insteadOf } from './instead.ts';

/** How a source of telemetry is reached. */
export type SignalAddress = HttpServer;

export interface SignalBounds {
  /** For one answer, ms. */
  deadlineMs: number;
  signal?: AbortSignal | undefined;
  /** More bytes than this in one answer are refused. */
  maxBytes?: number | undefined;
}

export interface SignalQuestion {
  /** With its query string. */
  path: string;
  method?: 'GET' | 'POST';
  /** Sent as JSON. */
  body?: unknown;
  /** Sent by POST, which unlike a URL can hold a query of any length. */
  form?: URLSearchParams | undefined;
}

interface SignalAnswer {
  status: number;
  text: string;
  /** Where it redirects to; empty: nowhere. */
  location: string;
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

  /** What came, whatever the status is. @throws SignalError (unreachable, or too much); the reason of the caller's signal */
  async ask(question: SignalQuestion, bounds: SignalBounds): Promise<SignalAnswer> {
    const { path, method = 'GET' } = question;
    const asked = { path, method, ...sentWith(question) };
    try {
      const { status, text, headers } = await this.#client.ask(asked, {
        ...bounds,
        maxBytes: bounds.maxBytes ?? MAX_BYTES,
      });
      return { status, text, location: String(headers['location'] ?? '') };
    } catch (cause) {
      if (!(cause instanceof HttpError)) throw cause;
      const reason = cause.tooLarge ? 'too much' : 'unreachable';
      throw new SignalError(`${this.#at(path)}: ${cause.message}`, { reason, cause });
    }
  }

  /** The data of a successful answer, of a documented shape. @throws SignalError as `json`, and where it has another shape */
  async get<T>(schema: z.ZodType<T>, question: SignalQuestion, bounds: SignalBounds): Promise<T> {
    const { data } = await this.json(question, bounds);
    return shapedAs(schema, data, this.#at(question.path));
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
  parsed({ status, text, location }: SignalAnswer, path: string, accepted: readonly number[] = []): unknown {
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

function sentWith({ body, form }: SignalQuestion): Partial<HttpQuestion> {
  if (form !== undefined)
    return {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
    };
  if (body === undefined) return {};
  return { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}

/** Data of a documented shape. @param what address and question, for messages @throws SignalError where it has another */
export function shapedAs<T>(schema: z.ZodType<T>, data: unknown, what: string): T {
  const parsed = schema.safeParse(data);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SignalError(
    `${what}: the answer is not as documented: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`,
    { reason: 'unreachable' },
  );
}

/** What a status says that is no success. @param at address and question, for the message */
export function refusal(at: string, answer: SignalAnswer): SignalError {
  const { status, text } = answer;
  const instead = insteadOf(answer);
  if (status === 401 || status === 403) {
    const why = instead ?? 'the account or token is not accepted';
    return new SignalError(`${at}: refused (${status}): ${why}${said(text)}`, { reason: 'refused', status });
  }
  const why = instead === null ? said(text) : `: ${instead}`;
  return new SignalError(`${at}: status ${status}${why}`, { reason: 'failed', status });
}

/** What a server says of why, such as the permission that is missing; nothing where it is a page for people. */
function said(text: string): string {
  const short = shortened(text);
  return short === '' || short === '{}' || short.startsWith('<') ? '' : `: ${short}`;
}

function shortened(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
}
