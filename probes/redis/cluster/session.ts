import type { ClientLoadSession, LoadClient, OperationResult } from '../../client-load/client.ts';
import type { StoreConnection } from '../../store/store-driver.ts';
import { errorCode } from '../../../reports/record/error-text.ts';
import { RedisConnection, textOf } from '../connection.ts';
import type { Command, RedisAddress } from '../connection.ts';
import { redisStore } from '../declared.ts';
import type { RedisStore } from '../declared.ts';
import { DEFINITE_FAILURES, errorClass, replyCode } from '../errors.ts';
import { acknowledged, expiring, LIMIT_MS, NEWEST, NotMaster, preparedBy } from '../session.ts';
import { beginning, clusterKey } from './keys.ts';
import { nodesIn, redirectIn, shardsOf } from './nodes.ts';
import type { ShardAddress } from './nodes.ts';
import { leastOf, Owners, redirected } from './owners.ts';
import type { ShardRead } from './owners.ts';
import { Seeds } from './seeds.ts';

interface Shared {
  readonly store: RedisStore;
  readonly run: string;
  readonly seeds: Seeds;
  readonly owners: Owners;
}

/**
 * The client load of a Redis Cluster. One write appends its number to a list in every shard, and is acknowledged when every shard has
 * acknowledged it: clients are served again when the slowest shard is, so that the RTO is that of the worst one.
 */
export class ClusterLoadClient implements LoadClient {
  readonly #shared: Shared;

  constructor(connection: StoreConnection, run: string) {
    const store = redisStore(connection);
    this.#shared = { store, run, seeds: new Seeds(store.primary), owners: new Owners() };
  }

  prepare(deadlineMs: number): Promise<void> {
    return preparedBy(new ClusterSession(this.#shared), deadlineMs);
  }

  session(): ClientLoadSession {
    return new ClusterSession(this.#shared);
  }

  refused(error: unknown): boolean {
    return errorCode(error) === 'ECONNREFUSED';
  }

  errorClass(error: unknown): string {
    return errorClass(error);
  }
}

class ClusterSession implements ClientLoadSession {
  readonly #shared: Shared;
  readonly #connections = new Map<string, RedisConnection>();
  /** Tags of the lists to which it has given their time to live: a list that is made again, since all was lost, has none. */
  readonly #expiring = new Set<string>();
  #shards: ShardAddress[] = [];
  /** Who named the shards. */
  #seed: RedisAddress;
  #destroyed = false;

  constructor(shared: Shared) {
    this.#shared = shared;
    this.#seed = shared.seeds.next();
  }

  /** As any client of a cluster: asks a node for the shards, connects to every master, and sees by ROLE that it is one. */
  async open(connectTimeoutMs: number): Promise<void> {
    try {
      this.#shards = await this.#askForShards(connectTimeoutMs);
      await Promise.all(this.#shards.map(({ master }) => this.#openMaster(master, connectTimeoutMs)));
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  async #askForShards(limitMs: number): Promise<ShardAddress[]> {
    const { seeds, owners } = this.#shared;
    const seed = seeds.next();
    this.#seed = seed;
    try {
      const connection = await this.#connected(seed, limitMs);
      const nodes = nodesIn(await connection.call(['CLUSTER', 'NODES'], LIMIT_MS), seed);
      seeds.add(nodes.filter(({ flags }) => !flags.includes('noaddr')).map(({ address }) => address));
      const shards = shardsOf(nodes);
      if (shards.length === 0) throw new Error(`${textOf(seed)} knows no master with slots`);
      owners.note(shards);
      return shards;
    } catch (error) {
      seeds.doubt(seed);
      throw error;
    }
  }

  async #openMaster(at: RedisAddress, limitMs: number): Promise<void> {
    try {
      const connection = await this.#connected(at, limitMs);
      const role = await connection.call(['ROLE'], LIMIT_MS);
      const name = Array.isArray(role) ? String(role[0]) : 'unknown';
      if (name !== 'master') throw new NotMaster(textOf(at), name);
    } catch (error) {
      this.#doubt(at);
      throw error;
    }
  }

  /** Who named this master may know less than others; the master itself may be cut off from all of them, and comes last. */
  #doubt(master: RedisAddress): void {
    this.#shared.seeds.doubt(this.#seed, master);
  }

  async #connected(at: RedisAddress, limitMs: number): Promise<RedisConnection> {
    const known = this.#connections.get(textOf(at));
    if (known?.usable() === true) return known;
    if (this.#destroyed) throw new Error('given up');
    const connection = new RedisConnection(at, this.#shared.store.login);
    this.#connections.set(textOf(at), connection);
    known?.destroy();
    await connection.open(limitMs, LIMIT_MS);
    return connection;
  }

  async prepare(deadlineMs: number): Promise<void> {
    const first = beginning(this.#shards.map(({ tag }) => tag));
    await Promise.all(
      this.#shards.map(async ({ tag }) => {
        const key = clusterKey(this.#shared.run, tag);
        const replies = await this.#ask(tag, [['RPUSH', key, first], expiring(key)], deadlineMs);
        for (const reply of replies) if (reply instanceof Error) throw reply;
      }),
    );
  }

  async write(n: number): Promise<OperationResult> {
    const results = await Promise.all(
      this.#shards.map(async ({ tag, master }) => {
        const result = await this.#append(tag, n);
        if (result.outcome !== 'ok') this.#doubt(master);
        return result;
      }),
    );
    return worst(results);
  }

  async #append(tag: string, n: number): Promise<OperationResult> {
    const { waitReplicas, waitMs } = this.#shared.store;
    const key = clusterKey(this.#shared.run, tag);
    try {
      const [pushed, waited] = await this.#ask(
        tag,
        [
          ['RPUSH', key, n],
          ['WAIT', waitReplicas, waitMs],
          ...(this.#expiring.has(tag) ? [] : [expiring(key)]),
        ],
        LIMIT_MS,
      );
      if (!(pushed instanceof Error)) {
        this.#expiring.add(tag);
        return acknowledged(waited, waitReplicas);
      }
      const definite = (replyCode(pushed) ?? '') in DEFINITE_FAILURES;
      return { outcome: definite ? 'fail' : 'unknown', detail: errorClass(pushed) };
    } catch (error) {
      return { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  /** Commands about one key; a redirection is followed once, since the node that gives it has done nothing. */
  async #ask(tag: string, commands: readonly Command[], limitMs: number): Promise<unknown[]> {
    const at = this.#shards.find((shard) => shard.tag === tag)?.master;
    const connection = at === undefined ? undefined : this.#connections.get(textOf(at));
    if (at === undefined || connection === undefined) throw new Error('not connected');
    const replies = await connection.batch(commands, limitMs);
    const redirect = redirectIn(replies[0], at);
    if (redirect === null) return replies;
    const other = await this.#connected(redirect.at, limitMs).catch(() => null);
    // Nothing was sent there: the redirection stays the answer.
    if (other === null) return replies;
    if (redirect.asking) return (await other.batch([['ASKING'], ...commands], limitMs)).slice(1);
    this.#shards = this.#shards.map((shard) => (shard.tag === tag ? redirected(shard, redirect.at) : shard));
    return other.batch(commands, limitMs);
  }

  async read(): Promise<OperationResult> {
    try {
      const reads = await Promise.all(this.#shards.map((shard) => this.#readOf(shard)));
      return { outcome: 'ok', detail: leastOf(reads) };
    } catch (error) {
      return { outcome: 'unknown', detail: errorClass(error) };
    }
  }

  async #readOf(shard: ShardAddress): Promise<ShardRead> {
    const [list, role] = await this.#newest(shard);
    const isMaster = Array.isArray(role) && role[0] === 'master';
    // Who answered, after a redirection. One that was cut off takes itself for the master; another session may have heard of its successor.
    const answered = this.#shards.find(({ tag }) => tag === shard.tag) ?? shard;
    const isReplaced = isMaster && this.#shared.owners.isReplaced(answered);
    return { highest: highestIn(list), by: isReplaced ? '@replaced' : isMaster ? '' : '@replica' };
  }

  /** The end of a shard's list, and the role of who gave it. @throws Error also where it is refused */
  async #newest({ tag, master }: ShardAddress): Promise<unknown[]> {
    try {
      const key = clusterKey(this.#shared.run, tag);
      const found = await this.#ask(tag, [['LRANGE', key, -NEWEST, -1], ['ROLE']], LIMIT_MS);
      if (found[0] instanceof Error) throw found[0];
      return found;
    } catch (error) {
      this.#doubt(master);
      throw error;
    }
  }

  usable(): boolean {
    return (
      this.#shards.length > 0 &&
      this.#shards.every(({ master }) => this.#connections.get(textOf(master))?.usable() === true)
    );
  }

  destroy(): void {
    this.#destroyed = true;
    for (const connection of this.#connections.values()) connection.destroy();
  }
}

function highestIn(list: unknown): number {
  const numbers = (list as string[]).map(Number).filter((n) => Number.isInteger(n));
  return Math.max(0, ...numbers);
}

/** Acknowledged by all, or refused by all; anything else is on some shards and may be on others. */
export function worst(results: readonly OperationResult[]): OperationResult {
  const other = results.find(({ outcome }) => outcome !== 'ok');
  if (other === undefined)
    return results.length === 0 ? { outcome: 'fail', detail: 'connect' } : { outcome: 'ok' };
  if (results.every(({ outcome }) => outcome === 'fail')) return other;
  return {
    outcome: 'unknown',
    detail: results.find(({ outcome }) => outcome === 'unknown')?.detail ?? other.detail ?? '',
  };
}
