import { BroadcastChannel } from 'node:worker_threads';

/** What became of an iteration that another thread was given, or the iteration itself. */
type Message = { to: number; from: number; scenario: number } & ({ dueMs: number } | { taken: boolean });

interface RelayListener {
  /** @returns whether the iteration began */
  take(scenario: number, dueMs: number): boolean;
  handed(scenario: number, taken: boolean): void;
}

/** Iterations on their way between the threads of one load: rare, so that all hear all of them. */
export class Relay {
  readonly #channel: BroadcastChannel;
  readonly #index: number;

  /** @param name of the load's channel, and no other's */
  constructor(name: string, index: number, listener: RelayListener) {
    this.#index = index;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = (event) => this.#hear((event as { data: Message }).data, listener);
    // What keeps a thread alive is its parent.
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
