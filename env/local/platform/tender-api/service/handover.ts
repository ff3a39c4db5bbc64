/**
 * After a tender is stored in PostgreSQL, it is cached and handed over to the AI service. No accepted tender is lost: the table is the
 * outbox. A tender that RabbitMQ has not confirmed is handed over again by any pod.
 */
import { parseTraceparent } from '../../service-kit/tracer.ts';
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

/** Interval at which the outbox is read and confirmations are recorded. */
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

  /** Stops after recording the pending confirmations. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#writeDown();
  }

  /** Never rejects: a failed handover is retried from the outbox. */
  async accept(tender: Tender, mark: string | undefined): Promise<void> {
    await Promise.all([this.#parts.cache.put(tender), this.#publish({ ...tender, mark })]);
  }

  /** Records confirmations and hands over unconfirmed tenders again. Never rejects: the next interval retries. */
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

  /** Hands a tender over again, within the trace of its original request. */
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
      this.#parts.telemetry.log('warn', 'the tender was not handed over and will be retried', {
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
