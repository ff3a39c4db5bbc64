import { RedisConnection, textOf } from './connection.ts';
import type { Command, RedisAddress } from './connection.ts';
import type { RedisStore } from './declared.ts';
import { errorClass } from './errors.ts';
import { KeptConnections } from './kept.ts';

/** What one Sentinel knows of the master. */
export interface SentinelView {
  /** Which Sentinel. */
  source: string;
  /** Where it sends clients. */
  address: RedisAddress;
  /** Such as `master`, `s_down`, `o_down`, `failover_in_progress`. */
  flags: string[];
  /** Grows with each failover: of two Sentinels that differ, the one with the higher is right. */
  configEpoch: number;
  /** All of SENTINEL MASTER, by its names. */
  settings: Readonly<Record<string, string>>;
}

/**
 * A replica as a Sentinel knows it. Only one with no other flag than `slave` can be promoted; and one that was last seen as a
 * master (it was cut off, and INFO is read every 10 s only) would be made a replica again as soon as it is promoted.
 */
export interface KnownReplica {
  address: string;
  flags: string;
  role: string;
}

/** No Sentinel could be queried. */
export class NoSentinel extends Error {
  override readonly name = 'NoSentinel';
  readonly code = 'no Sentinel';
}

/** The events that tell how a failover goes (Redis documentation, "Sentinel Pub/Sub messages"). */
const EVENTS = [
  '+sdown',
  '-sdown',
  '+odown',
  '-odown',
  '+try-failover',
  '+elected-leader',
  '+selected-slave',
  '+promoted-slave',
  '+failover-end',
  '+failover-end-for-timeout',
  '-failover-abort-no-good-slave',
  '-failover-abort-not-elected',
  '+switch-master',
  '+convert-to-slave',
  '+tilt',
  '-tilt',
] as const;

/** The Sentinels of one master. Connections are kept: asking one then costs a round trip. */
export class Sentinels {
  readonly #store: RedisStore;
  readonly #kept = new KeptConnections();
  readonly #listening = new Map<string, RedisConnection>();
  /** Whom clients ask first: the one that answered last. */
  #first = 0;

  constructor(store: RedisStore) {
    this.#store = store;
  }

  /**
   * Where the master is, from the first Sentinel that answers, as any client finds it; each is given `limitMs`.
   * @throws NoSentinel with what each of them said
   */
  async master(limitMs: number): Promise<RedisAddress> {
    const { sentinels, master, primary } = this.#store;
    if (sentinels.length === 0) return primary;
    const said: string[] = [];
    const errors: unknown[] = [];
    for (let i = 0; i < sentinels.length; i++) {
      const index = (this.#first + i) % sentinels.length;
      const at = sentinels[index] as RedisAddress;
      try {
        const found = addressIn(
          await this.#ask(at, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master], limitMs),
        );
        if (found === null) throw new Error(`knows no master "${master}"`);
        this.#first = index;
        return found;
      } catch (error) {
        said.push(`${textOf(at)}: ${errorClass(error)}`);
        errors.push(error);
      }
    }
    throw new NoSentinel(`no Sentinel answers: ${said.join('; ')}`, { cause: new AggregateError(errors) });
  }

  /** The last answer led nowhere: the next query goes to another Sentinel. */
  doubt(): void {
    this.#first = (this.#first + 1) % Math.max(1, this.#store.sentinels.length);
  }

  /** What each Sentinel knows; those that do not answer are left out. */
  async views(limitMs: number): Promise<SentinelView[]> {
    return (await this.asked(limitMs)).views;
  }

  /** As `views`, with the errors of those that do not answer. */
  async asked(limitMs: number): Promise<{ views: SentinelView[]; errors: unknown[] }> {
    const { sentinels, primary } = this.#store;
    if (sentinels.length === 0) {
      const declared = {
        source: 'declared',
        address: primary,
        flags: ['master'],
        configEpoch: 0,
        settings: {},
      };
      return { views: [declared], errors: [] };
    }
    const asked = await Promise.allSettled(sentinels.map((at) => this.#view(at, limitMs)));
    return {
      views: asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
      errors: asked.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : [])),
    };
  }

  /** The replicas that a Sentinel knows. @throws the error of the connection or of the Sentinel */
  async replicas(source: string, limitMs: number): Promise<KnownReplica[]> {
    const at = this.#store.sentinels.find((address) => textOf(address) === source);
    if (at === undefined) return [];
    const reply = await this.#ask(at, ['SENTINEL', 'REPLICAS', this.#store.master], limitMs);
    return (Array.isArray(reply) ? reply : []).map((one) => {
      const { ip = '', port = '', flags = '', 'role-reported': role = '' } = pairs(one);
      return { address: `${ip}:${port}`, flags, role };
    });
  }

  /** @throws the error of the connection or of the Sentinel */
  async #view(at: RedisAddress, limitMs: number): Promise<SentinelView> {
    const { master } = this.#store;
    const settings = pairs(await this.#ask(at, ['SENTINEL', 'MASTER', master], limitMs));
    const address = addressIn(await this.#ask(at, ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', master], limitMs));
    if (address === null) throw new Error(`${textOf(at)} knows no master "${master}"`);
    return {
      source: textOf(at),
      address,
      flags: (settings['flags'] ?? '').split(','),
      configEpoch: Number(settings['config-epoch'] ?? 0),
      settings,
    };
  }

  /** One command to the Sentinel that answers first. @throws NoSentinel, or its error reply */
  async command(command: Command, limitMs: number): Promise<unknown> {
    const { sentinels } = this.#store;
    if (sentinels.length === 0) throw new NoSentinel('no Sentinel is declared');
    await this.master(limitMs);
    return this.#ask(sentinels[this.#first] as RedisAddress, command, limitMs);
  }

  /** Listens to every Sentinel that can be reached and is not listened to yet. */
  async listen(
    onEvent: (source: string, event: string, detail: string) => void,
    limitMs: number,
  ): Promise<void> {
    const { sentinels, sentinelLogin } = this.#store;
    await Promise.all(
      sentinels.map(async (at) => {
        const source = textOf(at);
        if (this.#listening.get(source)?.usable() === true) return;
        const connection = new RedisConnection(at, sentinelLogin);
        this.#listening.set(source, connection);
        try {
          await connection.open(limitMs);
          await connection.subscribe(EVENTS, (event, detail) => onEvent(source, event, detail), limitMs);
        } catch {
          connection.destroy();
        }
      }),
    );
  }

  close(): void {
    this.#kept.close();
    for (const connection of this.#listening.values()) connection.destroy();
  }

  #ask(at: RedisAddress, command: Command, limitMs: number): Promise<unknown> {
    return this.#kept.call({ at, login: this.#store.sentinelLogin }, command, limitMs);
  }
}

/** Whether a Sentinel that others agree with holds the master to be down to which it sends clients, and not one before it. */
export function isDown({ address, flags, settings }: SentinelView): boolean {
  const own = `${settings['ip'] ?? ''}:${settings['port'] ?? ''}`;
  return flags.includes('o_down') && own === textOf(address);
}

/** The newest of several views; null if no Sentinel answered. */
export function newest(views: readonly SentinelView[]): SentinelView | null {
  return views.toSorted((a, b) => b.configEpoch - a.configEpoch)[0] ?? null;
}

function addressIn(reply: unknown): RedisAddress | null {
  if (!Array.isArray(reply)) return null;
  const [host, port] = reply as unknown[];
  return typeof host === 'string' ? { host, port: Number(port) } : null;
}

/** A flat list of names and values, as Redis answers with. */
export function pairs(reply: unknown): Record<string, string> {
  const list = Array.isArray(reply) ? reply.map(String) : [];
  return Object.fromEntries(
    list.flatMap((name, index) => (index % 2 === 0 ? [[name, list[index + 1] ?? '']] : [])),
  );
}
