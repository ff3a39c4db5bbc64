import { RedisConnection, textOf } from './connection.ts';
import type { Command, RedisAddress, RedisEnd } from './connection.ts';

/** Connections that are kept from question to question, one an address: a new one costs the server a handshake. */
export class KeptConnections {
  readonly #open = new Map<string, RedisConnection>();

  /** Commands in one packet, answered in order; an error reply stands in its place. @throws the error of the connection, or RedisTimeout */
  async batch({ at, login }: RedisEnd, commands: readonly Command[], limitMs: number): Promise<unknown[]> {
    return (await this.#connection(at, login, limitMs)).batch(commands, limitMs);
  }

  /** One command. @throws also its error reply */
  async call({ at, login }: RedisEnd, command: Command, limitMs: number): Promise<unknown> {
    return (await this.#connection(at, login, limitMs)).call(command, limitMs);
  }

  close(): void {
    for (const connection of this.#open.values()) connection.destroy();
  }

  async #connection(at: RedisAddress, login: RedisEnd['login'], limitMs: number): Promise<RedisConnection> {
    const known = this.#open.get(textOf(at));
    if (known?.usable() === true) return known;
    known?.destroy();
    const connection = new RedisConnection(at, login);
    await connection.open(limitMs).catch((error: unknown) => {
      connection.destroy();
      throw error;
    });
    this.#open.get(textOf(at))?.destroy();
    this.#open.set(textOf(at), connection);
    return connection;
  }
}
