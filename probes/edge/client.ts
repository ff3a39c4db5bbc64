import { z } from 'zod';
import { monoMs } from '../../host/clock.ts';
import { lookUntil } from '../../host/wait.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';
import { exchangeOf } from './ask.ts';
import { HttpConnection, httpErrorClass, wasRefused } from './connection.ts';
import type { HttpEndpoint } from './connection.ts';
import { edgeEndpoint } from './endpoint.ts';

const declaredSchema = z.object({
  url: z.url(),
  correlationHeader: z.string().min(1),
  /** PEM of the authorities that a client trusts; the system's when left out. */
  ca: z.string().optional(),
  /** Each request is a POST of a tender with a title of its own, and its answer names the tender: `id=…` in the detail. */
  tender: z.boolean().default(false),
});

const CREATED = 201;

/** What proves that a request failed; everything else that is not a 2xx is unanswered. Both count as failed. */
export const EDGE_DEFINITE_FAILURES: readonly string[] = [
  'connect: any error before the request was sent',
  'status: any answer but 2xx',
  'correlation-id: a 2xx without the correlation id of this request, so another service answered',
];

const TRY_AGAIN_MS = 200;

/** Requests through the edge: each a GET, or a tender, with a correlation id of its own, over kept connections, one attempt, no redirects. */
export class EdgeLoadClient implements LoadClient {
  readonly #endpoint: HttpEndpoint;
  readonly #url: URL;
  readonly #correlationHeader: string;
  readonly #run: string;
  readonly #tender: boolean;

  /** @throws ZodError when the connection does not declare the request. */
  constructor(connection: StoreConnection, run: string) {
    const { url, correlationHeader, ca, tender } = declaredSchema.parse(connection.declared);
    this.#url = new URL(url);
    this.#correlationHeader = correlationHeader.toLowerCase();
    this.#run = run;
    this.#tender = tender;
    const { host, port } = connection;
    this.#endpoint = { ...edgeEndpoint(this.#url, undefined, ca), host, port };
  }

  /** One request must get through: else there is nothing to measure. */
  async prepare(deadlineMs: number): Promise<void> {
    const end = monoMs() + deadlineMs;
    let last = 'nothing';
    const failure = await lookUntil(
      async () => {
        const seen = await this.#once(end);
        // An error caused by the deadline itself says less than the one before it.
        if (seen !== null && (monoMs() < end || last === 'nothing')) last = seen;
        return seen;
      },
      (seen) => seen === null,
      { deadlineMs, intervalMs: TRY_AGAIN_MS },
    );
    if (failure === null) return;
    throw new Error(
      `the edge answers ${last}, expected a 2xx with the correlation id within ${Math.round(deadlineMs)} ms`,
    );
  }

  /** Null when a request got through, else what it got. */
  async #once(endMs: number): Promise<string | null> {
    const session = this.session();
    const left = Math.max(1, endMs - monoMs());
    const timer = setTimeout(() => session.destroy(), left);
    try {
      await session.open(left);
      const seen = await session.write(0);
      return seen.outcome === 'ok' ? null : (seen.detail ?? seen.outcome);
    } catch (error) {
      return httpErrorClass(error);
    } finally {
      clearTimeout(timer);
      session.destroy();
    }
  }

  session(): ClientLoadSession {
    const connection = new HttpConnection(this.#endpoint);
    const send = (n: number): Promise<OperationResult> => this.#send(connection, n);
    return {
      open: (connectTimeoutMs) => connection.open(connectTimeoutMs),
      write: send,
      read: () => send(0),
      usable: () => connection.usable(),
      destroy: () => connection.destroy(),
    };
  }

  refused(error: unknown): boolean {
    return wasRefused(error);
  }

  errorClass(error: unknown): string {
    return httpErrorClass(error);
  }

  async #send(connection: HttpConnection, n: number): Promise<OperationResult> {
    const correlationId = `${this.#run}/${n}`;
    const correlated = { [this.#correlationHeader]: correlationId };
    try {
      if (this.#tender) return await this.#create(connection, correlationId, correlated);
      const { status, headers } = await connection.ask({
        method: 'GET',
        path: this.#url.pathname + this.#url.search,
        headers: { host: this.#url.host, ...correlated, 'user-agent': 'plumbline' },
      });
      if (status < 200 || status > 299) return { outcome: 'fail', detail: `status ${status}` };
      return headers[this.#correlationHeader] === correlationId
        ? { outcome: 'ok' }
        : { outcome: 'fail', detail: 'correlation-id' };
    } catch (error) {
      return { outcome: 'unknown', detail: httpErrorClass(error) };
    }
  }

  /** Accepted means that the answer has an id: the job is followed by it. The first request (0) only tests the way. */
  async #create(
    connection: HttpConnection,
    title: string,
    correlated: Record<string, string>,
  ): Promise<OperationResult> {
    const question = { method: 'POST', url: this.#url, headers: correlated, body: { title } } as const;
    const { status, text } = await connection.ask(exchangeOf(question));
    if (status !== CREATED) return { outcome: 'fail', detail: `status ${status}` };
    const { id } = JSON.parse(text) as { id?: string | number };
    return id === undefined ? { outcome: 'fail', detail: 'no id' } : { outcome: 'ok', detail: `id=${id}` };
  }
}
