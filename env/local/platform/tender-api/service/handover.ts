/**
 * What becomes of a tender once PostgreSQL has it: it is cached, and handed to the AI service. An accepted tender is never lost to that: the table is
 * the outbox, and what RabbitMQ has not confirmed is handed over again, by whichever pod looks first.
 */
import { parseTraceparent } from '../../service-kit/context.ts';
import type { Telemetry } from '../../service-kit/telemetry.ts';
import type { TenderCache } from './cache.ts';
import type { JobQueue } from './queue.ts';
import type { OpenTender, Outbox } from './outbox.ts';
import type { Tender } from './store.ts';

export interface HandoverParts {
  readonly outbox: Pick<Outbox, 'handedOver' | 'takeOpen'>;
  readonly cache: Pick<TenderCache, 'put'>;
  readonly queue: Pick<JobQueue, 'publish'>;
  readonly telemetry: Telemetry;
}

/** How often the outbox is looked at and confirmations are written down. */
const EVERY_MS = 1_000;

export class Handover {
  readonly #parts: HandoverParts;
  readonly #confirmed: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #looking = false;

  constructor(parts: HandoverParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), EVERY_MS);
  }

  /** Ends with what is confirmed written down. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writeDown();
  }

  /** Never rejects: what fails is tried again from the outbox. */
  async accept(tender: Tender, mark: string | undefined): Promise<void> {
    await Promise.all([this.#parts.cache.put(tender), this.#publish({ ...tender, mark })]);
  }

  /** Writes down what was confirmed, and hands over again what was not. Never rejects: the next look does it. */
  async look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    try {
      await this.#writeDown();
      for (const open of await this.#parts.outbox.takeOpen()) await this.#again(open);
    } catch (error) {
      this.#parts.telemetry.log('warn', 'the outbox could not be read', { cause: String(error) });
    } finally {
      this.#looking = false;
    }
  }

  /** Within the trace of the request that brought it. */
  async #again(open: OpenTender): Promise<void> {
    const parent = parseTraceparent(open.traceparent);
    const options = { kind: 'internal', parent, mark: open.mark } as const;
    await this.#parts.telemetry.tracer.within('outbox', options, () => this.#publish(open));
  }

  async #publish({ id, title, mark }: Pick<OpenTender, 'id' | 'title' | 'mark'>): Promise<void> {
    try {
      await this.#parts.queue.publish({ tender: id, title, mark });
      this.#confirmed.push(id);
    } catch (error) {
      this.#parts.telemetry.log('warn', 'the tender was not handed over and is tried again', {
        tender: id,
        cause: String(error),
      });
    }
  }

  async #writeDown(): Promise<void> {
    const ids = this.#confirmed.splice(0);
    if (ids.length === 0) return;
    try {
      await this.#parts.outbox.handedOver(ids);
    } catch {
      this.#confirmed.unshift(...ids);
    }
  }
}
