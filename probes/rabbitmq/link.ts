import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { connect as netConnect } from 'node:net';
import type { Socket } from 'node:net';
import { connect } from 'amqplib';
import type { ChannelModel } from 'amqplib';
import { dialled } from '../store/store-driver.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import { tlsOptions } from '../store/tls.ts';
import { optionsOf } from './options.ts';

/**
 * One AMQP connection that can be ended at any moment, also while it is being opened: amqplib keeps its socket to itself and says
 * goodbye to the server first, which a frozen one never answers. Its recovery is an option that is not given: one attempt.
 */
export class Link {
  readonly #connection: StoreConnection;
  readonly #name: string;
  #socket: Socket | null = null;
  #model: ChannelModel | null = null;
  #up = false;
  #destroyed = false;
  /** Why it ended, as far as it is known. */
  cause: Error | null = null;
  /** The server has an alarm (memory, disk) and reads nothing more from publishers. */
  blocked: string | null = null;

  /** @param name shown by the server in its list of connections */
  constructor(connection: StoreConnection, name: string) {
    this.#connection = connection;
    this.#name = name;
  }

  /**
   * Connects and logs in. `connectTimeoutMs` limits only the reaching of the server, for which `destroy` sets no limit of its own.
   * @throws the error of the socket, of the handshake, or of the ending
   */
  async open(connectTimeoutMs: number): Promise<ChannelModel> {
    const at = await dialled(this.#connection, this.#connection, { deadlineMs: connectTimeoutMs });
    if (this.#destroyed) throw new Error('the connection was ended before it was opened');
    const { started, socket } = this.#start(at);
    this.#socket = socket;
    const closed = Promise.withResolvers<never>();
    closed.promise.catch(() => undefined);
    socket.on('error', (error: Error) => (this.cause ??= error));
    socket.once('close', () => {
      this.#up = false;
      closed.reject(this.cause ?? new Error('the connection was closed'));
    });
    // SYN packets that are dropped are sent again after 1 s only: without a limit of our own the return would be seen late.
    const timer = setTimeout(
      () => socket.destroy(new Error('no connection within the limit')),
      connectTimeoutMs,
    );
    socket.once('connect', () => clearTimeout(timer));
    started.catch(() => undefined);
    try {
      const model = await Promise.race([started, closed.promise]);
      this.#took(model);
      return model;
    } finally {
      clearTimeout(timer);
    }
  }

  usable(): boolean {
    return this.#up;
  }

  /** The interval that client and server agreed on, seconds; null while there is no connection. */
  heartbeatSeconds(): number | null {
    const agreed = (this.#model?.connection as { heartbeat?: number } | undefined)?.heartbeat;
    return typeof agreed === 'number' ? agreed : null;
  }

  /** Ends it at once, without asking the server. */
  destroy(): void {
    this.#destroyed = true;
    this.#up = false;
    // With an error: amqplib then rejects what is outstanding and stops its heartbeat.
    this.#socket?.destroy(new Error('ended by the client'));
  }

  #took(model: ChannelModel): void {
    this.#model = model;
    this.#up = this.#socket?.destroyed === false;
    model.on('error', (error: Error) => (this.cause ??= error));
    model.on('close', () => (this.#up = false));
    model.on('blocked', (reason: string) => (this.blocked = reason));
    model.on('unblocked', () => (this.blocked = null));
  }

  #start(at: At): { started: Promise<ChannelModel>; socket: Socket } {
    const { tls } = this.#connection;
    if (tls === undefined) return socketOf(() => connect(this.#address('amqp', at), this.#options()));
    // TLS over a socket of ours: the one that amqplib would open is announced nowhere.
    const socket = netConnect({ ...at, noDelay: true });
    const options = { ...this.#options(), ...tlsOptions(tls), socket };
    return { started: connect(this.#address('amqps', at), options), socket };
  }

  #address(protocol: 'amqp' | 'amqps', { host, port }: At): Parameters<typeof connect>[0] {
    const { user, password } = this.#connection;
    const { vhost, heartbeatSeconds } = optionsOf(this.#connection);
    return {
      protocol,
      hostname: host,
      port,
      heartbeat: heartbeatSeconds,
      username: user,
      password,
      vhost: encodeURIComponent(vhost),
    };
  }

  #options(): Parameters<typeof connect>[1] {
    return { noDelay: true, clientProperties: { connection_name: this.#name } };
  }
}

type At = Pick<StoreConnection, 'host' | 'port'>;

/** The socket that `start` opens; Node announces each on this channel at the moment of its making. */
function socketOf<T>(start: () => T): { started: T; socket: Socket } {
  const sockets: Socket[] = [];
  const listen = (message: unknown): void => {
    sockets.push((message as { socket: Socket }).socket);
  };
  subscribe('net.client.socket', listen);
  try {
    const started = start();
    const [socket] = sockets;
    if (socket === undefined) throw new Error('amqplib opened no socket');
    return { started, socket };
  } finally {
    unsubscribe('net.client.socket', listen);
  }
}
