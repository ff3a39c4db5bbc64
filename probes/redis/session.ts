import type { StoreConnection } from '../store-driver.ts';
import type { OperationResult, WorkloadClient, WorkloadSession } from '../workload/client.ts';
import { RedisConnection, textOf } from './connection.ts';
import { redisStore } from './declared.ts';
import type { RedisStore } from './declared.ts';
import { errorClass, replyCode, SURE_FAILURES } from './errors.ts';
import { Sentinels } from './sentinel.ts';

/** Every run writes into a list of its own, which goes by itself after this time. */
const TIME_TO_LIVE_S = 24 * 3600;
/** What makes the list, so that it can be given its time to live; not a number, so that nobody takes it for a write. */
const FIRST_ELEMENT = 'begin';
/** More than operations can be under way at once: the highest number is among the last this many. */
const NEWEST = 64;
/** What the engine's own deadline of an operation does not reach. */
const LIMIT_MS = 60_000;

/** The key of a run: one list, to which every write appends its number. A list keeps what is written twice. */
export function canaryKey(run: string): string {
  return `plumbline:canary:${run}`;
}

/** Redis' part of the workload: the master is asked of the Sentinels for every connection. */
export class RedisWorkloadClient implements WorkloadClient {
  readonly #store: RedisStore;
  readonly #sentinels: Sentinels;
  readonly #key: string;

  constructor(connection: StoreConnection, run: string) {
    this.#store = redisStore(connection);
    this.#sentinels = new Sentinels(this.#store);
    this.#key = canaryKey(run);
  }

  async prepare(deadlineMs: number): Promise<void> {
    const session = new RedisSession(this.#store, this.#sentinels, this.#key);
    try {
      await session.open(deadlineMs);
      await session.prepare(deadlineMs);
    } finally {
      session.destroy();
    }
  }

  session(): WorkloadSession {
    return new RedisSession(this.#store, this.#sentinels, this.#key);
  }

  refused(error: unknown): boolean {
    return error instanceof Error && 'code' in error && error.code === 'ECONNREFUSED';
  }

  errorClass(error: unknown): string {
    return errorClass(error);
  }
}

class NotMaster extends Error {
  readonly code: string;
  constructor(at: string, role: string) {
    super(`${at} is a ${role}`);
    this.code = `not a master but ${role}`;
  }
}

class RedisSession implements WorkloadSession {
  readonly #store: RedisStore;
  readonly #sentinels: Sentinels;
  readonly #key: string;
  #redis: RedisConnection | null = null;
  #destroyed = false;

  constructor(store: RedisStore, sentinels: Sentinels, key: string) {
    this.#store = store;
    this.#sentinels = sentinels;
    this.#key = key;
  }

  /** Sentinel's advice to clients: ask for the master, connect, and see by ROLE that it is one. */
  async open(connectTimeoutMs: number): Promise<void> {
    const at = await this.#sentinels.master(connectTimeoutMs);
    if (this.#destroyed) throw new Error('given up');
    this.#redis = new RedisConnection(at, this.#store.login);
    try {
      await this.#redis.open(connectTimeoutMs);
      const role = await this.#redis.call(['ROLE'], LIMIT_MS);
      const name = Array.isArray(role) ? String(role[0]) : 'unknown';
      if (name !== 'master') throw new NotMaster(textOf(at), name);
    } catch (error) {
      this.#sentinels.doubt();
      this.#redis.destroy();
      throw error;
    }
  }

  async prepare(deadlineMs: number): Promise<void> {
    await this.#connection.call(['RPUSH', this.#key, FIRST_ELEMENT], deadlineMs);
    await this.#connection.call(['EXPIRE', this.#key, TIME_TO_LIVE_S], deadlineMs);
  }

  async write(n: number): Promise<OperationResult> {
    const { waitReplicas, waitMs } = this.#store;
    try {
      const [pushed, waited] = await this.#connection.batch(
        [
          ['RPUSH', this.#key, n],
          ['WAIT', waitReplicas, waitMs],
        ],
        LIMIT_MS,
      );
      if (pushed instanceof Error) return this.#failed(pushed);
      return acknowledged(waited, waitReplicas);
    } catch (error) {
      return { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  async read(): Promise<OperationResult> {
    try {
      const [found, role] = await this.#connection.batch(
        [['LRANGE', this.#key, -NEWEST, -1], ['ROLE']],
        LIMIT_MS,
      );
      if (found instanceof Error) return { outcome: 'unknown', detail: errorClass(found) };
      const numbers = (found as string[]).map(Number).filter((n) => Number.isInteger(n));
      const highest = numbers.length === 0 ? 0 : Math.max(...numbers);
      const master = Array.isArray(role) && role[0] === 'master';
      return { outcome: 'ok', detail: master ? String(highest) : `${highest}@replica` };
    } catch (error) {
      return { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  usable(): boolean {
    return this.#redis?.usable() === true;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#redis?.destroy();
  }

  get #connection(): RedisConnection {
    if (this.#redis === null) throw new Error('not connected');
    return this.#redis;
  }

  #failed(error: Error): OperationResult {
    // A master without replicas, or one that is none any more: whoever named it may know better by now, or another Sentinel does.
    this.#sentinels.doubt();
    const sure = (replyCode(error) ?? '') in SURE_FAILURES;
    return { outcome: sure ? 'fail' : 'unknown', detail: errorClass(error) };
  }
}

/** What WAIT answered after a push that succeeded: the number of replicas that have it. Too few: nobody knows what will be left. */
export function acknowledged(waited: unknown, wanted: number): OperationResult {
  if (wanted === 0) return { outcome: 'ok' };
  if (typeof waited !== 'number') return { outcome: 'unknown', detail: `WAIT: ${errorClass(waited)}` };
  return waited >= wanted
    ? { outcome: 'ok' }
    : { outcome: 'unknown', detail: `WAIT: ${waited} of ${wanted} replicas` };
}
