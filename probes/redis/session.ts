import { monoMs } from '../../host/clock.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import type { OperationResult, LoadClient, ClientLoadSession } from '../client-load/client.ts';
import { RedisConnection, textOf } from './connection.ts';
import type { Command } from './connection.ts';
import { redisStore } from './declared.ts';
import type { RedisStore } from './declared.ts';
import { errorClass, replyCode, DEFINITE_FAILURES } from './errors.ts';
import { Sentinels } from './sentinel.ts';
import { errorCode } from '../../reports/record/error-text.ts';

/** Every run writes into a list of its own, which goes by itself after this time. */
const TIME_TO_LIVE_S = 24 * 3600;
/** What makes the list, so that it can be given its time to live; not a number, so that nobody takes it for a write. */
const FIRST_ELEMENT = 'begin';
/** More than the operations in flight at once: the highest number is among the last this many. */
export const NEWEST = 64;
/** What the engine's own deadline of an operation does not reach. */
export const LIMIT_MS = 60_000;

/** The key of a run: one list, to which every write appends its number. A list keeps what is written twice. */
export function canaryKey(run: string): string {
  return `plumbline:canary:${run}`;
}

/** Gives a list its time to live. */
export function expiring(key: string): Command {
  return ['EXPIRE', key, TIME_TO_LIVE_S];
}

/** State shared by the sessions of one client. */
interface Shared {
  readonly store: RedisStore;
  readonly sentinels: Sentinels;
  readonly key: string;
  readonly moves: Moves;
}

/** How long a Sentinel may take to answer before the first write. */
const LISTEN_MS = 2000;

/**
 * Redis' part of the client load. As Sentinel's documentation asks of clients, every connection queries the Sentinels for the master, and
 * is given up when they report that the master has moved.
 */
export class RedisLoadClient implements LoadClient {
  readonly #shared: Shared;

  constructor(connection: StoreConnection, run: string) {
    const store = redisStore(connection);
    this.#shared = { store, sentinels: new Sentinels(store), key: canaryKey(run), moves: new Moves() };
  }

  async prepare(deadlineMs: number): Promise<void> {
    await this.#shared.sentinels.listen((_, event, detail) => {
      if (event === '+switch-master') this.#shared.moves.note(detail, monoMs());
      if (event === '+promoted-slave') this.#shared.moves.promoted(detail);
    }, LISTEN_MS);
    await preparedBy(new RedisSession(this.#shared), deadlineMs);
  }

  session(): ClientLoadSession {
    return new RedisSession(this.#shared);
  }

  end(): null {
    this.#shared.sentinels.close();
    return null;
  }

  refused(error: unknown): boolean {
    return errorCode(error) === 'ECONNREFUSED';
  }

  errorClass(error: unknown): string {
    return errorClass(error);
  }
}

/** Has a session of its own make the lists of a run. @throws Error when it cannot within the deadline */
export async function preparedBy(
  session: ClientLoadSession & { prepare: (deadlineMs: number) => Promise<void> },
  deadlineMs: number,
): Promise<void> {
  try {
    await session.open(deadlineMs);
    await session.prepare(deadlineMs);
  } finally {
    session.destroy();
  }
}

export class NotMaster extends Error {
  readonly code: string;
  constructor(at: string, role: string) {
    super(`${at} is a ${role}`);
    this.code = `not a master but ${role}`;
  }
}

class RedisSession implements ClientLoadSession {
  readonly #shared: Shared;
  #redis: RedisConnection | null = null;
  /** Which master it is connected to, and since when. */
  #at = '';
  #sinceMs = 0;
  /** Whether it has given the list its time to live: a list that is made again, since all was lost, has none. */
  #isExpiring = false;
  #destroyed = false;

  constructor(shared: Shared) {
    this.#shared = shared;
  }

  /** Sentinel's advice to clients: ask for the master, connect, and see by ROLE that it is one. */
  async open(connectTimeoutMs: number): Promise<void> {
    const at = await this.#shared.sentinels.master(connectTimeoutMs);
    if (this.#destroyed) throw new Error('given up');
    this.#at = textOf(at);
    this.#sinceMs = monoMs();
    this.#redis = new RedisConnection(at, this.#shared.store.login);
    try {
      await this.#redis.open(connectTimeoutMs, LIMIT_MS);
      const role = await this.#redis.call(['ROLE'], LIMIT_MS);
      const name = Array.isArray(role) ? String(role[0]) : 'unknown';
      if (name !== 'master') throw new NotMaster(textOf(at), name);
    } catch (error) {
      this.#shared.sentinels.doubt();
      this.#redis.destroy();
      throw error;
    }
  }

  async prepare(deadlineMs: number): Promise<void> {
    await this.#connection.call(['RPUSH', this.#shared.key, FIRST_ELEMENT], deadlineMs);
    await this.#connection.call(expiring(this.#shared.key), deadlineMs);
  }

  async write(n: number): Promise<OperationResult> {
    const result = await this.#append(n);
    // The master has too few replicas, or is none any more: a Sentinel, this one or another, may know better by now.
    if (result.outcome !== 'ok') this.#shared.sentinels.doubt();
    return result;
  }

  async #append(n: number): Promise<OperationResult> {
    const { waitReplicas, waitMs } = this.#shared.store;
    try {
      const [pushed, waited] = await this.#connection.batch(
        [
          ['RPUSH', this.#shared.key, n],
          ['WAIT', waitReplicas, waitMs],
          ...(this.#isExpiring ? [] : [expiring(this.#shared.key)]),
        ],
        LIMIT_MS,
      );
      if (!(pushed instanceof Error)) {
        this.#isExpiring = true;
        return acknowledged(waited, waitReplicas);
      }
      const definite = (replyCode(pushed) ?? '') in DEFINITE_FAILURES;
      return { outcome: definite ? 'fail' : 'unknown', detail: errorClass(pushed) };
    } catch (error) {
      return { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  async read(): Promise<OperationResult> {
    try {
      const [found, role] = await this.#connection.batch(
        [['LRANGE', this.#shared.key, -NEWEST, -1], ['ROLE']],
        LIMIT_MS,
      );
      if (found instanceof Error) return { outcome: 'unknown', detail: errorClass(found) };
      const numbers = (found as string[]).map(Number).filter((n) => Number.isInteger(n));
      const highest = numbers.length === 0 ? 0 : Math.max(...numbers);
      const master = Array.isArray(role) && role[0] === 'master';
      // One that is cut off takes itself for the master, and so does a Sentinel that has not heard of the new one yet.
      const by = master ? (this.#shared.moves.isAway(this.#at) ? '@replaced' : '') : '@replica';
      return { outcome: 'ok', detail: `${highest}${by}` };
    } catch (error) {
      return { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  usable(): boolean {
    return this.#redis?.usable() === true && this.#shared.moves.lastFrom(this.#at) < this.#sinceMs;
  }

  destroy(): void {
    this.#destroyed = true;
    this.#redis?.destroy();
  }

  get #connection(): RedisConnection {
    if (this.#redis === null) throw new Error('not connected');
    return this.#redis;
  }
}

/** Host and port, as far as an event names them. */
type Place = readonly (string | undefined)[];

/** What the Sentinels said of a master that moved. */
export class Moves {
  readonly #lastMs = new Map<string, number>();
  readonly #away = new Set<string>();

  /** @param detail of `+switch-master`: name, old host and port, new host and port */
  note(detail: string, atMs: number): void {
    const [, oldHost, oldPort, newHost, newPort] = detail.split(' ');
    const from = this.#replaced([oldHost, oldPort], [newHost, newPort]);
    if (from !== null) this.#lastMs.set(from, atMs);
  }

  /**
   * Sentinels send clients to the promoted replica as soon as it says that it is one; `+switch-master` comes once the others have been
   * told to follow it.
   * @param detail of `+promoted-slave`: `slave NAME HOST PORT @ MASTER HOST PORT`, its master's at the end
   */
  promoted(detail: string): void {
    const [slave = '', master = ''] = detail.split(' @ ');
    this.#replaced(master.split(' ').slice(1), slave.split(' ').slice(2));
  }

  /** @returns who was replaced; null: the detail does not name it */
  #replaced([oldHost, oldPort]: Place, [newHost, newPort]: Place): string | null {
    if (oldHost === undefined || oldPort === undefined) return null;
    const from = `${oldHost}:${oldPort}`;
    this.#away.add(from);
    if (newHost !== undefined && newPort !== undefined) this.#away.delete(`${newHost}:${newPort}`);
    return from;
  }

  /** Whether the master was last said to have moved away from there, and not back. */
  isAway(address: string): boolean {
    return this.#away.has(address);
  }

  /** When it last was; -Infinity: it was not. */
  lastFrom(address: string): number {
    return this.#lastMs.get(address) ?? -Infinity;
  }
}

/**
 * What WAIT answered after a push that succeeded: the number of replicas that have it. With too few it is unknown whether the write
 * survives.
 */
export function acknowledged(waited: unknown, wanted: number): OperationResult {
  if (wanted === 0) return { outcome: 'ok' };
  if (typeof waited !== 'number') return { outcome: 'unknown', detail: `WAIT: ${errorClass(waited)}` };
  return waited >= wanted
    ? { outcome: 'ok' }
    : { outcome: 'unknown', detail: `WAIT: ${waited} of ${wanted} replicas` };
}
