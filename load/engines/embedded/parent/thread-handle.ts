import { Worker } from 'node:worker_threads';
import type {
  FromThread,
  OperationName,
  Operations,
  RenewOrder,
  StopOrder,
  ThreadData,
  Told,
} from '../worker/protocol.ts';

/** Receives the messages of a thread that are not answers. */
export interface ThreadListener {
  told(handle: ThreadHandle, told: Told): void;
  log(level: 'debug' | 'info' | 'warn' | 'error', text: string): void;
  abort(reason: string): void;
  unsupported(reason: string): void;
}

/** The thread has ended; its open questions get no answer. */
export class ThreadDied extends Error {}

/**
 * Size of a thread's young generation. A request leaves only short-lived garbage. With Node's default of 48 MiB it accumulates over the
 * first millions of requests: that looks like a leak, and makes nothing faster (`npm run bench -- load memory`).
 */
const YOUNG_MB = 3;

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** The parent's handle of one thread: sends questions, matches answers, and detects the thread's end. */
export class ThreadHandle {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #death: ThreadDied | null = null;

  /** @param memoryMb limit of the thread's heap; undefined: Node's default */
  constructor(data: ThreadData, listener: ThreadListener, memoryMb: number | undefined) {
    this.#worker = new Worker(new URL('../worker/main.ts', import.meta.url), {
      workerData: data,
      // Scripts must not see this process's environment, only `__ENV`.
      env: {},
      resourceLimits: {
        maxYoungGenerationSizeMb: YOUNG_MB,
        ...(memoryMb !== undefined && { maxOldGenerationSizeMb: memoryMb }),
      },
    });
    this.#worker.on('message', (message: FromThread) => this.#hear(message, listener));
    this.#worker.on('error', (error) => this.#die(`a thread of the load died: ${deathOf(error)}`));
    this.#worker.on('exit', (code) => this.#die(`a thread of the load ended with code ${code}`));
  }

  get alive(): boolean {
    return this.#death === null;
  }

  /** @throws ThreadDied; Error with the message of what failed in the thread */
  ask<Name extends OperationName>(
    name: Name,
    ask: Operations[Name]['ask'],
  ): Promise<Operations[Name]['answer']> {
    if (this.#death !== null) return Promise.reject(this.#death);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: (value) => resolve(value as Operations[Name]['answer']), reject });
      this.#worker.postMessage({ id, name, ask });
    });
  }

  stop(order: StopOrder['stop']): void {
    this.#worker.postMessage({ stop: order } satisfies StopOrder);
  }

  renew(variables: RenewOrder['renew']): void {
    this.#worker.postMessage({ renew: variables } satisfies RenewOrder);
  }

  /** Terminates the thread. Open questions are rejected with the reason. */
  async end(reason: string): Promise<void> {
    this.#die(reason);
    await this.#worker.terminate();
  }

  #hear(message: FromThread, listener: ThreadListener): void {
    switch (message.type) {
      case 'told':
        listener.told(this, message.told);
        break;
      case 'log':
        listener.log(message.level, message.text);
        break;
      case 'abort':
        listener.abort(message.reason);
        break;
      case 'unsupported':
        listener.unsupported(message.reason);
        break;
      default: {
        const waiting = this.#waiting.get(message.id);
        this.#waiting.delete(message.id);
        if (message.type === 'answer') waiting?.resolve(message.value);
        else waiting?.reject(new Error(message.message));
      }
    }
  }

  #die(reason: string): void {
    if (this.#death !== null) return;
    this.#death = new ThreadDied(reason);
    for (const one of this.#waiting.values()) one.reject(this.#death);
    this.#waiting.clear();
  }
}

function deathOf(error: unknown): string {
  const { code, message } = error as Error & { code?: string };
  return code === 'ERR_WORKER_OUT_OF_MEMORY' ? 'it ran out of memory' : message;
}
