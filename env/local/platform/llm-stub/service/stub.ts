/**
 * A stand-in for a language model: OpenAI's chat completions after its API reference (POST /v1/chat/completions, November 2025). The same
 * question always gets the same text. `PUT /control` makes it slow, makes it refuse, or makes it fail.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { hasToken, readJson } from '../../service-kit/request.ts';

/** Configured behaviour of the stub. */
export interface Behaviour {
  /** Delay before every answer, including refusals. */
  readonly delayMs: number;
  /** Share of the requests that are answered with `status` instead of a completion, 0 to 1. */
  readonly failRatio: number;
  /** Status of a failure: 429 is too many requests, 500 and 503 are failures of the server. */
  readonly status: number;
}

export const DEFAULT_BEHAVIOUR: Behaviour = { delayMs: 300, failRatio: 0, status: 503 };

/** Requests by outcome, for `GET /control`. */
export interface Counts {
  answered: number;
  failed: number;
  unauthorized: number;
}

export interface StubOptions {
  readonly apiKey: string;
  readonly random?: () => number;
}

const LONGEST_DELAY_MS = 120_000;
const MAX_BODY_BYTES = 256 * 1024;
const MODEL = 'plumbline-stub-1';

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** An error in the format of OpenAI's API. */
function refusal(status: number, type: string, message: string): Answer {
  const retry = status === 429 ? { headers: { 'retry-after': '1' } } : {};
  return { status, body: { error: { message, type, param: null, code: null } }, ...retry };
}

const isNumber = (value: unknown, from: number, to: number): value is number =>
  typeof value === 'number' && value >= from && value <= to;

/** The behaviour with the changes of a request; a text that says what is wrong if they are invalid. */
export function changed(before: Behaviour, wanted: Record<string, unknown>): Behaviour | string {
  const { delayMs = before.delayMs, failRatio = before.failRatio, status = before.status } = wanted;
  if (!isNumber(delayMs, 0, LONGEST_DELAY_MS)) return `"delayMs" must be 0 to ${String(LONGEST_DELAY_MS)}`;
  if (!isNumber(failRatio, 0, 1)) return '"failRatio" must be 0 to 1';
  if (!isNumber(status, 400, 599)) return '"status" must be 400 to 599';
  const unknown = Object.keys(wanted).find((name) => !['delayMs', 'failRatio', 'status'].includes(name));
  return unknown === undefined
    ? { delayMs, failRatio, status }
    : `unknown "${unknown}"; allowed: delayMs, failRatio, status`;
}

function questionOf(body: Record<string, unknown>): string | undefined {
  const messages = body.messages;
  if (!Array.isArray(messages)) return undefined;
  const last: unknown = messages.at(-1);
  const content = typeof last === 'object' && last !== null && 'content' in last ? last.content : undefined;
  return typeof content === 'string' ? content : undefined;
}

function completion(question: string, number: number): unknown {
  const content = `Draft. ${question.slice(0, 400)} The bidder states price, term and references.`;
  const tokens = (text: string): number => Math.ceil(text.length / 4);
  const [prompt, answered] = [tokens(question), tokens(content)];
  return {
    id: `chatcmpl-stub-${String(number)}`,
    object: 'chat.completion',
    created: Math.floor(Date.now() / 1000),
    model: MODEL,
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        logprobs: null,
        finish_reason: 'stop',
      },
    ],
    usage: { prompt_tokens: prompt, completion_tokens: answered, total_tokens: prompt + answered },
  };
}

export class LlmStub {
  readonly #options: StubOptions;
  behaviour: Behaviour = DEFAULT_BEHAVIOUR;
  readonly counts: Counts = { answered: 0, failed: 0, unauthorized: 0 };

  constructor(options: StubOptions) {
    this.#options = options;
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const { pathname } = new URL(request.url ?? '/', 'http://llm-stub');
    if (pathname === '/healthz') return { status: 200, body: { alive: true } };
    if (pathname === '/control') return await this.#control(request);
    if (pathname !== '/v1/chat/completions' || request.method !== 'POST')
      return refusal(
        404,
        'invalid_request_error',
        `Unknown request URL: ${request.method ?? ''} ${pathname}`,
      );
    return await this.#complete(request);
  }

  async #complete(request: IncomingMessage): Promise<Answer> {
    const { delayMs, failRatio, status } = this.behaviour;
    if (!hasToken(request, this.#options.apiKey)) {
      this.counts.unauthorized += 1;
      return refusal(401, 'invalid_request_error', 'Incorrect API key provided.');
    }
    const body = await readJson(request, MAX_BODY_BYTES);
    const question = body && questionOf(body);
    if (question === undefined)
      return refusal(400, 'invalid_request_error', "Missing required parameter: 'messages'.");
    await delay(delayMs);
    if ((this.#options.random ?? Math.random)() < failRatio) {
      this.counts.failed += 1;
      return status === 429
        ? refusal(429, 'rate_limit_error', 'Rate limit reached.')
        : refusal(status, 'server_error', 'The server had an error processing your request.');
    }
    this.counts.answered += 1;
    return { status: 200, body: completion(question, this.counts.answered) };
  }

  async #control(request: IncomingMessage): Promise<Answer> {
    if (request.method === 'PUT') {
      const wanted = await readJson(request, MAX_BODY_BYTES);
      const next = wanted === undefined ? 'the body is not a JSON object' : changed(this.behaviour, wanted);
      if (typeof next === 'string') return { status: 400, body: { error: next } };
      this.behaviour = next;
    } else if (request.method === 'DELETE') this.behaviour = DEFAULT_BEHAVIOUR;
    else if (request.method !== 'GET') return { status: 405, body: { error: 'use GET, PUT or DELETE' } };
    return { status: 200, body: { ...this.behaviour, counts: this.counts } };
  }
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json',
    'x-plumbline-stub': 'openai-chat-completions',
    ...headers,
  });
  response.end(JSON.stringify(body));
}

/** The stub's server, not listening yet. */
export function stubServer(stub: LlmStub): Server {
  return createServer((request, response) => {
    stub.answer(request).then(
      (answer) => {
        send(response, answer);
      },
      () => {
        response.destroy();
      },
    );
  });
}
