import { Redis } from 'ioredis';
import { dialled } from '../store/store-driver.ts';
import type { Bounds, Dial, StoreTlsFiles } from '../store/store-driver.ts';
import { tlsOptions } from '../store/tls.ts';

export interface RedisAddress {
  host: string;
  port: number;
}

export interface RedisLogin {
  /** Empty: the default user. */
  user: string;
  password: string;
  tls?: StoreTlsFiles | undefined;
  dial?: Dial | undefined;
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
  readonly #login: RedisLogin;
  readonly #redis: Redis;
  /** Rejects when this side closes the connection. */
  readonly #ended = Promise.withResolvers<never>();
  #cause: Error | null = null;
  #usable = false;
  #over = false;

  constructor(at: RedisAddress, login: RedisLogin) {
    this.#at = at;
    this.#login = login;
    this.#redis = new Redis({
      ...at,
      protocol: 2,
      ...(login.user !== '' && { username: login.user }),
      ...(login.password !== '' && { password: login.password }),
      ...(login.tls !== undefined && { tls: tlsOptions(login.tls) }),
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
    this.#ended.promise.catch(() => undefined);
    // ioredis rejects with "Connection is closed" and gives the cause only here.
    this.#redis.on('error', (error: Error) => (this.#cause ??= error));
    this.#redis.on('close', () => (this.#usable = false));
  }

  /**
   * The limits are for reaching the server's machine, and for the login after it.
   * @throws the error of the connection, or RedisTimeout
   */
  async open(limitMs: number, loginMs: number = limitMs): Promise<void> {
    const reaching = setTimeout(() => this.#end(new RedisTimeout(this.#at, limitMs)), limitMs);
    this.#redis.once('connect', () => clearTimeout(reaching));
    try {
      await this.#within(limitMs + loginMs, this.#connect(limitMs));
      this.#usable = true;
    } finally {
      clearTimeout(reaching);
    }
  }

  async #connect(limitMs: number): Promise<void> {
    // ioredis reads them when it connects.
    Object.assign(this.#redis.options, await dialled(this.#at, this.#login, { deadlineMs: limitMs }));
    if (!this.#over) await this.#redis.connect();
  }

  /**
   * Commands in one packet, answered in order; an error reply stands in its place.
   * @throws the error of the connection when it breaks before all are answered, or RedisTimeout
   */
  async batch(commands: readonly Command[], limitMs: number): Promise<unknown[]> {
    const pipeline = this.#redis.pipeline(commands.map(([name, ...args]) => ['call', name, ...args]));
    const answers = await this.#within(limitMs, pipeline.exec());
    const replies = (answers ?? []).map(([error, reply]) => error ?? reply);
    const last = replies.at(-1);
    // A connection that breaks rejects what is outstanding, and that is no reply.
    if (replies.length < commands.length || (last instanceof Error && !this.#usable))
      throw this.#cause ?? last;
    return replies;
  }

  /** One command. @throws also its error reply */
  async call(command: Command, limitMs: number): Promise<unknown> {
    const [reply] = await this.batch([command], limitMs);
    if (reply instanceof Error) throw reply;
    return reply;
  }

  /** Delivers messages of these channels from now on; the connection takes no other command afterwards. */
  async subscribe(
    channels: readonly string[],
    onMessage: (channel: string, message: string) => void,
    limitMs: number,
  ): Promise<void> {
    this.#redis.on('message', onMessage);
    await this.#within(limitMs, this.#redis.subscribe(...channels));
  }

  usable(): boolean {
    return this.#usable;
  }

  /** Ends it at once, without asking the server. */
  destroy(): void {
    this.#end(new Error('the client gave up the connection'));
  }

  /** ioredis ends a connection when the server agrees, which a silent server never does: nothing waits for that. */
  async #within<T>(limitMs: number, work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this.#end(new RedisTimeout(this.#at, limitMs)), limitMs);
    work.catch(() => undefined);
    try {
      return await Promise.race([work, this.#ended.promise]);
    } catch (error) {
      throw this.#cause ?? error;
    } finally {
      clearTimeout(timer);
    }
  }

  #end(cause: Error): void {
    this.#usable = false;
    if (this.#over) return;
    this.#over = true;
    this.#cause ??= cause;
    this.#ended.reject(this.#cause);
    this.#redis.disconnect();
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
