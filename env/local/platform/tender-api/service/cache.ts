/** The newest tenders in Redis, for five minutes each. A cache: whoever finds nothing asks PostgreSQL. */
import { Redis } from 'ioredis';
import type { Telemetry } from '../../service-kit/telemetry.ts';
import { Patience } from './patience.ts';
import type { Tender } from './store.ts';

export interface CacheOptions {
  /** `host:port` of the Sentinels, which know the master. */
  readonly sentinel: string;
  readonly master: string;
  readonly password: string;
  readonly sentinelPassword: string;
}

const TTL_S = 300;
/** A cache that does not answer within this is no help; a request waits for it that long at most. */
const ANSWER_MS = 300;
/** After failures for so long it is left alone for as long, so that a Redis that hangs does not slow every request; a busy machine fails for less. */
const PAUSE_MS = 2_000;

/** After time-outs for so long a connection is given up. One late answer is no reason: on a busy machine a new connection takes longer than that. */
const GIVE_UP_MS = 1_000;

export class TenderCache {
  readonly #redis: Redis;
  readonly #telemetry: Telemetry;
  readonly #patience = new Patience(PAUSE_MS);

  constructor(options: CacheOptions, telemetry: Telemetry) {
    const [host = '', port = ''] = options.sentinel.split(':');
    this.#telemetry = telemetry;
    this.#redis = new Redis({
      sentinels: [{ host, port: Number(port) }],
      name: options.master,
      protocol: 2, // what Sentinels answer is read as lists
      password: options.password,
      sentinelPassword: options.sentinelPassword,
      connectTimeout: 1_000,
      commandTimeout: ANSWER_MS,
      sentinelCommandTimeout: 1_000,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(times * 200, 2_000),
      sentinelRetryStrategy: (times) => Math.min(times * 200, 2_000),
      // A former master that comes back as a replica: the next connection asks the Sentinels again.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    });
    // Each is told with the command that it made fail.
    this.#redis.on('error', () => undefined);
  }

  /** Never rejects: what is not cached is found in PostgreSQL. */
  async put(tender: Tender): Promise<void> {
    if (this.#patience.pauses(performance.now())) return;
    const attributes = { 'db.system.name': 'redis', 'db.operation.name': 'SET' };
    try {
      await this.#telemetry.tracer.within('SET', { kind: 'client', attributes }, () =>
        this.#redis.set(`tender:${tender.id}`, JSON.stringify(tender), 'EX', TTL_S),
      );
      this.#patience.succeeded();
    } catch (error) {
      const failingMs = this.#patience.failed(performance.now());
      // A master that is frozen keeps its connections, and the Sentinels may have made another one: the next connection asks them. Of several that
      // time out at once the first does it: the others would end the connection that it has begun.
      const gone = failingMs >= GIVE_UP_MS && /timed out/.test(String(error));
      if (gone && this.#redis.status === 'ready') this.#redis.disconnect(true);
      this.#telemetry.log('warn', 'the tender was not cached', { tender: tender.id, cause: String(error) });
    }
  }

  close(): void {
    this.#redis.disconnect();
  }
}
