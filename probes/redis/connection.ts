import { Redis } from 'ioredis';
import type { Bounds } from '../store-driver.ts';

export interface RedisAddress {
  host: string;
  port: number;
}

export interface RedisLogin {
  /** Empty: the default user. */
  user: string;
  password: string;
}

export type Command = readonly [name: string, ...args: (string | number)[]];

/** The server did not answer before the deadline. */
export class RedisTimeout extends Error {
  override readonly name = 'RedisTimeout';
  readonly code = 'timeout';
  constructor({ host, port }: RedisAddress, waitedMs: number) {
    super(`Redis at ${host}:${port} did not answer within ${Math.round(waitedMs)} ms`);
  }
}

/**
 * One connection of ioredis without anything that it would do of its own accord: it connects once, keeps no queue while it is not
 * connected, and sends nothing a second time.
 */
export class RedisConnection {
  readonly #at: RedisAddress;
  readonly #redis: Redis;
  #cause: Error | null = null;
  #usable = false;

  constructor(at: RedisAddress, login: RedisLogin) {
    this.#at = at;
    this.#redis = new Redis({
      ...at,
      protocol: 2,
      ...(login.user !== '' && { username: login.user }),
      ...(login.password !== '' && { password: login.password }),
      lazyConnect: true,
      retryStrategy: null,
      reconnectOnError: null,
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      autoResubscribe: false,
      maxRetriesPerRequest: 0,
      enableReadyCheck: false,
      disableClientInfo: true,
      // The limits are the caller's; this one only keeps ioredis from a longer one of its own.
      connectTimeout: 60_000,
    });
    // ioredis rejects with "Connection is closed" and tells the cause here only.
    this.#redis.on('error', (error: Error) => (this.#cause ??= error));
    this.#redis.on('close', () => (this.#usable = false));
  }

  /** @throws the error of the connection, or RedisTimeout after `limitMs` */
  async open(limitMs: number): Promise<void> {
    const timer = setTimeout(() => this.#end(new RedisTimeout(this.#at, limitMs)), limitMs);
    try {
      await this.#redis.connect();
      this.#usable = true;
    } catch (error) {
      throw this.#cause ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  /**
   * Commands in one packet, answered in order; an error reply stands in its place.
   * @throws the error of the connection when it breaks before all are answered, or RedisTimeout
   */
  async batch(commands: readonly Command[], limitMs: number): Promise<unknown[]> {
    const timer = setTimeout(() => this.#end(new RedisTimeout(this.#at, limitMs)), limitMs);
    try {
      const answers = await this.#redis
        .pipeline(commands.map(([name, ...args]) => ['call', name, ...args]))
        .exec();
      const replies = (answers ?? []).map(([error, reply]) => error ?? reply);
      const last = replies.at(-1);
      // A connection that breaks rejects what is outstanding, and that is no reply.
      if (replies.length < commands.length || (last instanceof Error && !this.#usable))
        throw this.#cause ?? last;
      return replies;
    } finally {
      clearTimeout(timer);
    }
  }

  /** One command. @throws also its error reply */
  async call(command: Command, limitMs: number): Promise<unknown> {
    const [reply] = await this.batch([command], limitMs);
    if (reply instanceof Error) throw reply;
    return reply;
  }

  /** Messages of these channels from now on; nothing else can be asked on this connection any more. */
  async subscribe(
    channels: readonly string[],
    onMessage: (channel: string, message: string) => void,
  ): Promise<void> {
    this.#redis.on('message', onMessage);
    await this.#redis.subscribe(...channels);
  }

  usable(): boolean {
    return this.#usable;
  }

  /** Ends it at once, without asking the server. */
  destroy(): void {
    this.#usable = false;
    this.#redis.disconnect();
  }

  #end(cause: Error): void {
    this.#cause ??= cause;
    this.destroy();
  }
}

/** Where to connect and as whom. */
export interface RedisEnd {
  at: RedisAddress;
  login: RedisLogin;
}

/** Opens a connection for the time of `action`. The deadline covers both. @throws also the abort reason */
export async function withRedis<T>(
  { at, login }: RedisEnd,
  bounds: Bounds,
  action: (redis: RedisConnection, limitMs: number) => Promise<T>,
): Promise<T> {
  bounds.signal?.throwIfAborted();
  const end = performance.now() + bounds.deadlineMs;
  const redis = new RedisConnection(at, login);
  const abort = (): void => redis.destroy();
  bounds.signal?.addEventListener('abort', abort, { once: true });
  try {
    await redis.open(bounds.deadlineMs);
    return await action(redis, Math.max(1, end - performance.now()));
  } finally {
    bounds.signal?.removeEventListener('abort', abort);
    redis.destroy();
  }
}

/** `host:port`, as Redis and Sentinel name each other. */
export function textOf({ host, port }: RedisAddress): string {
  return `${host}:${port}`;
}
