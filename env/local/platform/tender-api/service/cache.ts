/** Caches the newest tenders in Redis for five minutes each. Tenders that are not cached are in PostgreSQL. */
import { Redis } from 'ioredis';
import type { Telemetry } from '../../service-kit/telemetry.ts';
import { Patience } from './patience.ts';
import type { Tender } from './store.ts';

export interface CacheOptions {
  /** `host:port` of the Sentinels, which return the address of the master. */
  readonly sentinel: string;
  readonly master: string;
  readonly password: string;
  readonly sentinelPassword: string;
}

const TTL_S = 300;
/** How long a request waits for the cache at most. */
const ANSWER_MS = 300;
/**
 * After failures for this long the cache is not used for as long, so that a hanging Redis does not slow every request. A busy machine
 * fails for less.
 */
const PAUSE_MS = 2_000;

/**
 * After timeouts for this long the connection is replaced. One late answer is no reason: on a busy machine a new connection takes longer.
 */
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
      protocol: 2, // ioredis expects Sentinels' answers as lists, as in RESP2
      password: options.password,
      sentinelPassword: options.sentinelPassword,
      connectTimeout: 1_000,
      commandTimeout: ANSWER_MS,
      sentinelCommandTimeout: 1_000,
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (times) => Math.min(times * 200, 2_000),
      sentinelRetryStrategy: (times) => Math.min(times * 200, 2_000),
      // READONLY: this is a former master that is now a replica. The new connection gets the master from the Sentinels.
      reconnectOnError: (error) => error.message.startsWith('READONLY'),
    });
    // Connection errors are logged with the command that they made fail.
    this.#redis.on('error', () => undefined);
  }

  /** Never rejects: a tender that is not cached is read from PostgreSQL. */
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
      // A frozen master keeps its connections open although the Sentinels may have promoted another one, so reconnect through them. If
      // several commands time out at once, only the first reconnects: the others would end the connection that it has begun.
      const gone = failingMs >= GIVE_UP_MS && /timed out/.test(String(error));
      if (gone && this.#redis.status === 'ready') this.#redis.disconnect(true);
      this.#telemetry.log('warn', 'the tender was not cached', { tender: tender.id, cause: String(error) });
    }
  }

  close(): void {
    this.#redis.disconnect();
  }
}
