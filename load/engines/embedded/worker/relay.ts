import { BroadcastChannel } from 'node:worker_threads';

/** An iteration that is handed over (`dueMs`), or the answer to it (`taken`). */
type Message = { to: number; from: number; scenario: number } & ({ dueMs: number } | { taken: boolean });

interface RelayListener {
  /** @returns whether the iteration was accepted */
  take(scenario: number, dueMs: number): boolean;
  handed(scenario: number, taken: boolean): void;
}

/** Hands iterations over between the threads of one load. They are rare, so every message is broadcast to all threads. */
export class Relay {
  readonly #channel: BroadcastChannel;
  readonly #index: number;

  /** @param name of the channel, unique to the load */
  constructor(name: string, index: number, listener: RelayListener) {
    this.#index = index;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event) => this.#hear((event as { data: Message }).data, listener);
    // The channel must not keep the thread alive.
    this.#channel.unref();
  }

  offer(to: number, scenario: number, dueMs: number): void {
    this.#say({ to, from: this.#index, scenario, dueMs });
  }

  #hear(message: Message, listener: RelayListener): void {
    const { to, from, scenario } = message;
    if (to !== this.#index) return;
    if ('taken' in message) listener.handed(scenario, message.taken);
    else this.#say({ to: from, from: this.#index, scenario, taken: listener.take(scenario, message.dueMs) });
  }

  #say(message: Message): void {
    this.#channel.postMessage(message);
  }
}
