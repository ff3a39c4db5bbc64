import { AsyncLocalStorage } from 'node:async_hooks';
import type { Exchange } from './http/exchange.ts';
import type { HttpClient } from './http/client.ts';

/** What a VU needs of its load. */
export interface VuLoad {
  /** Asks to send one more request; false: the limit is reached, and the load ends. */
  takeRequest(): boolean;
  requestEnded(vu: Vu, exchange: Exchange): void;
  checked(vu: Vu, name: string, passed: boolean): void;
  /** The script uses what this engine lacks: in k6 the iteration would have gone on, so this is not the load that was meant. It fails. */
  refuse(reason: string): void;
}

/** One virtual user: its connections, and its iteration. */
export class Vu {
  readonly load: VuLoad;
  readonly client: HttpClient;
  /** As k6 writes it: empty, or `::setup`. */
  readonly group: string;
  /** Number of the iteration among all of the scenario, from 0; null: it runs none, but `setup` or `teardown`. */
  iteration: number | null = null;
  /** How late the iteration began, ms. Its first request adds that to its latency and resets it. */
  latenessMs = 0;
  /** Requests and sleeps that have not ended. */
  pending = 0;
  /** Whether the iteration has awaited anything, which let other VUs run. */
  waited = false;
  /** An answer of this iteration has set a cookie, which k6 would send with the next request. */
  hasCookie = false;
  /** It was cut off: nothing that it awaits ends any more. */
  over = false;

  constructor(load: VuLoad, client: HttpClient, group = '') {
    this.load = load;
    this.client = client;
    this.group = group;
  }

  begin(iteration: number, latenessMs: number): void {
    this.iteration = iteration;
    this.latenessMs = latenessMs;
    this.pending = 0;
    this.waited = false;
    this.hasCookie = false;
  }

  cut(): void {
    this.over = true;
    this.client.close();
  }
}

/** The VU for which code of the script runs. */
export const vus = new AsyncLocalStorage<Vu>();
