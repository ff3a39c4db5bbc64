import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { onLines } from '../../suites/harness/lines.ts';
import type {
  Method,
  Params,
  ReplyEnvelope,
  RequestEnvelope,
  Result,
} from '../../suites/harness/protocol.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** Who asks, and until when the answer is wanted. */
export interface Call {
  /** The check that asks; undefined for the reporter. */
  check: string | undefined;
  /** Aborted when the asking worker is gone or the session ends. */
  signal: AbortSignal;
}

const requestSchema: z.ZodType<RequestEnvelope> = z.object({
  id: z.number(),
  method: z.string(),
  params: z.unknown(),
  check: z.string().exactOptional(),
});

export type Handler<M extends Method> = (params: Params<M>, call: Call) => Promise<Result<M>>;
/** The dispatch table: one handler a method; `methods/` has one file a group of methods. */
export type Handlers = { [M in Method]: Handler<M> };
type AnyHandler = (params: unknown, call: Call) => Promise<unknown>;

/** A request that is refused for a reason the asking check can branch on. */
export class RequestError extends Error {
  readonly reason: string;
  constructor(message: string, reason: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'RequestError';
    this.reason = reason;
  }
}

/** What a check asks for is not declared. */
export function undeclared(what: string): RequestError {
  return new RequestError(`the environment declares no ${what}`, 'refused');
}

export interface SessionHooks {
  /** Called with each check whose worker closed its connection before `check.end`. */
  gone(check: string): void;
  /** Wraps the handling of every request, for counting what it costs. */
  around?<T>(check: string | undefined, work: () => Promise<T>): Promise<T>;
}

/** The runner's end of the socket on which Playwright's workers ask for data, faults and judgement. */
export class Session {
  readonly #handlers: Handlers;
  readonly #server: Server;
  readonly #folder: string;
  readonly #open = new Set<Socket>();
  readonly #hooks: SessionHooks;

  private constructor(handlers: Handlers, hooks: SessionHooks) {
    this.#handlers = handlers;
    this.#hooks = hooks;
    // Not in the run folder, which may be too deep: a socket's path has 107 characters at most.
    this.#folder = mkdtempSync(join(tmpdir(), 'plumbline-'));
    this.#server = createServer((socket) => this.#serve(socket));
  }

  /** @throws Error when the socket cannot be made. */
  static async listen(handlers: Handlers, hooks: SessionHooks): Promise<Session> {
    const session = new Session(handlers, hooks);
    await new Promise<void>((resolve, reject) => {
      session.#server.once('error', reject);
      session.#server.listen(session.path, resolve);
    });
    return session;
  }

  get path(): string {
    return join(this.#folder, 'runner.sock');
  }

  /** Closes every connection: workers abort. */
  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
    });
    for (const socket of this.#open) socket.destroy();
    await closed;
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #serve(socket: Socket): void {
    this.#open.add(socket);
    const gone = new AbortController();
    const asked = new Set<string>();
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#open.delete(socket);
      gone.abort(new RequestError('the worker is gone', 'aborted'));
      for (const check of asked) this.#hooks.gone(check);
    });
    onLines(socket, (line) => {
      void this.#reply(socket, line, { asked, signal: gone.signal });
    });
  }

  async #reply(
    socket: Socket,
    line: string,
    from: { asked: Set<string>; signal: AbortSignal },
  ): Promise<void> {
    let request: RequestEnvelope;
    try {
      request = requestSchema.parse(JSON.parse(line));
    } catch {
      socket.destroy();
      return;
    }
    if (request.check !== undefined) from.asked.add(request.check);
    const reply = await this.#answer(request, from.signal);
    if (request.method === 'check.end' && request.check !== undefined) from.asked.delete(request.check);
    if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`);
  }

  async #answer(request: RequestEnvelope, signal: AbortSignal): Promise<ReplyEnvelope> {
    const { id, method } = request;
    try {
      if (!Object.hasOwn(this.#handlers, method))
        throw new RequestError(`no method "${method}"`, 'unknown-method');
      const handler = this.#handlers[method as Method] as AnyHandler;
      const work = () => handler(request.params, { check: request.check, signal });
      const result = await (this.#hooks.around?.(request.check, work) ?? work());
      return { id, result: result ?? null };
    } catch (error) {
      const message = errorText(error);
      return { id, error: { message, reason: reasonOf(error) } };
    }
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Error && 'reason' in error && typeof error.reason === 'string') return error.reason;
  return 'crash';
}
