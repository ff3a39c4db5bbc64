import { createConnection, type Socket } from 'node:net';
import { parseJson } from '../../host/json.ts';
import { onLines } from './lines.ts';
import type { Method, Params, ReplyEnvelope, RequestEnvelope, Result } from './protocol.ts';
import { envelope, replyTo } from './replies.ts';
import { errorText } from '../../reports/record/error-text.ts';

/** The runner refused or failed a request. `reason` is a word to branch on, such as `crash`, `refused`, `aborted`. */
export class RunnerError extends Error {
  readonly reason: string;
  constructor(message: string, reason: string) {
    super(message);
    this.name = 'RunnerError';
    this.reason = reason;
  }
}

interface Waiting {
  answered(result: unknown): void;
  reject(error: Error): void;
}

/** The worker's end of the socket: requests and answers, one JSON object a line. */
export class RunnerClient {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #lost = new AbortController();
  #next = 1;
  #closing = false;

  private constructor(socket: Socket, onLost: () => void) {
    this.#socket = socket;
    onLines(socket, (line) => this.#answer(line));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      const error = new RunnerError('the runner is gone: its socket closed', 'aborted');
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
      if (this.#closing) return;
      this.#lost.abort(error);
      onLost();
    });
  }

  /**
   * Connects to the runner. `onLost` is called when the socket closes without `close()`: the runner is gone, and a worker
   * must not continue by itself.
   */
  static connect(path: string, onLost: () => void): Promise<RunnerClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection(path);
      socket.once('error', (cause) => {
        reject(new RunnerError(`the runner does not answer on ${path}: ${cause.message}`, 'aborted'));
      });
      socket.once('connect', () => resolve(new RunnerClient(socket, onLost)));
    });
  }

  /** Aborted when the runner is gone. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** @throws RunnerError when the runner refuses, fails or is gone. */
  call<M extends Method>(method: M, params: Params<M>, check?: string): Promise<Result<M>> {
    const id = this.#next++;
    const request: RequestEnvelope = { id, method, params, check };
    return new Promise<Result<M>>((resolve, reject) => {
      if (this.#socket.destroyed) {
        reject(new RunnerError('the runner is gone: its socket closed', 'aborted'));
        return;
      }
      const answered = (result: unknown): void => {
        try {
          resolve(replyTo(method, result));
        } catch (error) {
          reject(new RunnerError(errorText(error), 'crash'));
        }
      };
      this.#waiting.set(id, { answered, reject });
      this.#socket.write(`${JSON.stringify(request)}\n`);
    });
  }

  close(): void {
    this.#closing = true;
    this.#socket.end();
  }

  /** A malformed answer ends the connection: the request that it belongs to is unknown. */
  #answer(line: string): void {
    const reply = envelope.safeParse(parseJson(line)).data;
    if (reply === undefined) this.#socket.destroy();
    else this.#settle(reply);
  }

  #settle(reply: ReplyEnvelope): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    this.#waiting.delete(reply.id);
    if ('error' in reply) waiting.reject(new RunnerError(reply.error.message, reply.error.reason));
    else waiting.answered(reply.result);
  }
}

/**
 * Ends this worker and Playwright with it: they share a process group of their own, made by the runner that is now gone.
 */
export function abortWorker(): void {
  process.kill(0, 'SIGKILL');
}
