import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { pipeline } from 'node:stream';
import type { Duplex } from 'node:stream';
import { monoMs } from '../../host/clock.ts';
import type { PodPort } from './port-forward.ts';

type Bounds = { deadlineMs: number; signal?: AbortSignal | undefined };

/** Where a client on this machine connects. */
export interface Near {
  host: string;
  port: number;
}

/** How long opening a connection took, over all of them. */
interface ForwardTimes {
  connections: number;
  medianMs: number;
  longestMs: number;
}

const LOOPBACK = '127.0.0.1';
/** A client that has been given its port connects within a turn of the event loop. One that was given up meanwhile never does. */
const UNCLAIMED_MS = 10_000;
/** A runtime says that nothing listens in the pod as soon as it has tried; nothing says that something does. */
const REFUSAL_MS = 500;

/**
 * Connections to ports of pods, each by a port of the loopback interface: one listener for each port of a pod, opened when it is first needed
 * and kept until `close`. A connection is opened at the API server before its client connects here, so that why it cannot be had is known to
 * the one who asks; it goes to the pod that has that name then. Only as many connections are let in as were asked for: the server in the pod
 * takes what comes for a client of its own machine.
 */
export class Forwards {
  readonly #open: (to: PodPort, bounds: Bounds) => Promise<Duplex>;
  readonly #doors = new Map<string, Promise<Door>>();
  readonly #tookMs: number[] = [];
  #closed = false;

  constructor(open: (to: PodPort, bounds: Bounds) => Promise<Duplex>) {
    this.#open = open;
  }

  /**
   * Opens a connection for the next client that connects where this says.
   * @param broke hears why it broke, which the client only sees as a reset, and null when it ended after an answer
   * @throws as `open`, or why it broke meanwhile
   */
  async dial(to: PodPort, bounds: Bounds, broke: (error: unknown) => void): Promise<Near> {
    const far = await this.#timed(to, bounds);
    const door = await this.#doorTo(to);
    if (this.#closed) far.destroy();
    if (far.errored !== null) throw far.errored;
    return door.expect(far, broke);
  }

  /** Whether something listens there; the kernel of a frozen server still accepts. Never throws. */
  async accepts(to: PodPort, bounds: Bounds): Promise<boolean> {
    const far = await this.#timed(to, bounds).catch(() => null);
    if (far === null) return false;
    const refused = new Promise<boolean>((resolve) => {
      far.once('close', () => resolve(false));
      setTimeout(() => resolve(true), Math.min(REFUSAL_MS, bounds.deadlineMs));
    });
    const accepted = await refused;
    far.destroy();
    return accepted;
  }

  /** null: there was no connection. */
  times(): ForwardTimes | null {
    const sorted = this.#tookMs.toSorted((a, b) => a - b);
    const [medianMs, longestMs] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    if (medianMs === undefined || longestMs === undefined) return null;
    return { connections: sorted.length, medianMs, longestMs };
  }

  /** Ends every listener and connection. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const opening of this.#doors.values()) (await opening.catch(() => null))?.close();
    this.#doors.clear();
  }

  async #timed(to: PodPort, bounds: Bounds): Promise<Duplex> {
    const startMs = monoMs();
    const far = await this.#open(to, bounds);
    this.#tookMs.push(monoMs() - startMs);
    return far;
  }

  #doorTo({ namespace, pod, port }: PodPort): Promise<Door> {
    const key = `${namespace}/${pod}:${port}`;
    const known = this.#doors.get(key) ?? Door.open();
    this.#doors.set(key, known);
    return known;
  }
}

interface Expected {
  far: Duplex;
  broke: (error: unknown) => void;
}

/** One listener. */
class Door {
  readonly #server: Server;
  readonly #expected: Expected[] = [];
  readonly #open = new Set<Duplex>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (near: Socket) => this.#letIn(near));
  }

  static async open(): Promise<Door> {
    const server = createServer();
    const door = new Door(server);
    server.listen(0, LOOPBACK);
    await once(server, 'listening');
    // A run that is over ends with it open.
    server.unref();
    return door;
  }

  expect(far: Duplex, broke: (error: unknown) => void): Near {
    const one = { far, broke };
    this.#expected.push(one);
    this.#open.add(far);
    const timer = setTimeout(() => {
      if (this.#expected.includes(one)) far.destroy();
    }, UNCLAIMED_MS);
    far.once('close', () => {
      clearTimeout(timer);
      this.#open.delete(far);
    });
    // What broke before its client came stays expected: the client must not be given another's.
    return { host: LOOPBACK, port: (this.#server.address() as AddressInfo).port };
  }

  close(): void {
    this.#server.close();
    for (const far of this.#open) far.destroy();
  }

  #letIn(near: Socket): void {
    const one = this.#expected.shift();
    if (one === undefined) {
      near.destroy();
      return;
    }
    const { far, broke } = one;
    near.setNoDelay(true);
    near.on('error', () => undefined);
    if (far.destroyed) {
      broke(far.errored);
      near.resetAndDestroy();
      return;
    }
    // Asked here, since `pipeline` reports the end of the nearer side as well.
    far.once('error', broke);
    pipeline(near, far, near, () => {
      if (far.errored === null && near.bytesWritten > 0) broke(null);
      far.destroy();
    });
  }
}
