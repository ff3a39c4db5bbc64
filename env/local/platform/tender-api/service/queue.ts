/**
 * Hands tenders over to the AI service as persistent messages in its quorum queue. A tender counts as handed over when RabbitMQ has
 * confirmed it.
 */
import { connect, type ChannelModel, type ConfirmChannel } from 'amqplib';
import { broken, CORRELATION_HEADER, type Telemetry } from '../../service-kit/telemetry.ts';

export interface QueueOptions {
  /** `host:port` */
  readonly address: string;
  readonly vhost: string;
  readonly user: string;
  readonly password: string;
}

/** Message to the AI service about a tender. */
export interface TenderJob {
  readonly tender: string;
  readonly title: string;
  readonly mark: string | undefined;
}

/** Declared by the environment on all members of the cluster (env/local/platform/rabbitmq/queue.ts). */
export const JOBS_QUEUE = 'tender.jobs';
const HEARTBEAT_S = 5;
const CONNECT_MS = 3_000;
/** A later confirmation is ignored: the job is handed over again, which is harmless because doing it twice has the same effect as once. */
const CONFIRM_MS = 1_500;
const RETRY_MS = 500;

class NotConfirmed extends Error {}

export class JobQueue {
  readonly #options: QueueOptions;
  readonly #telemetry: Telemetry;
  readonly #waiting = new Map<string, (error: Error) => void>();
  #channel: ConfirmChannel | undefined;
  #model: ChannelModel | undefined;
  #retry: NodeJS.Timeout | undefined;
  #closed = false;
  #told = '';

  constructor(options: QueueOptions, telemetry: Telemetry) {
    this.#options = options;
    this.#telemetry = telemetry;
  }

  /** Connects, and reconnects whenever the connection is lost, until close. */
  start(): void {
    void this.#open().catch((error: unknown) => {
      this.#lost(error);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#retry);
    await this.#model?.close().catch(() => undefined);
  }

  /**
   * Resolves when RabbitMQ has confirmed the job.
   * @throws NotConfirmed when there is no connection, no queue took it, or no confirmation came in time
   */
  async publish(job: TenderJob): Promise<void> {
    const attributes = { 'messaging.system': 'rabbitmq', 'messaging.destination.name': JOBS_QUEUE };
    const options = { kind: 'producer', mark: job.mark, attributes } as const;
    await this.#telemetry.tracer.within(`${JOBS_QUEUE} publish`, options, async (span) => {
      const headers = {
        ...(!broken('amqp-context') && { traceparent: span.traceparent() }),
        ...(job.mark !== undefined && { [CORRELATION_HEADER]: job.mark }),
      };
      await this.#send(job, headers);
    });
  }

  #send(job: TenderJob, headers: Record<string, string>): Promise<void> {
    const channel = this.#channel;
    if (channel === undefined) return Promise.reject(new NotConfirmed('there is no connection to RabbitMQ'));
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const timer = setTimeout(() => {
      reject(new NotConfirmed(`not confirmed within ${String(CONFIRM_MS)} ms`));
    }, CONFIRM_MS);
    this.#waiting.set(job.tender, reject);
    const { tender, title } = job;
    channel.publish(
      '',
      JOBS_QUEUE,
      Buffer.from(JSON.stringify({ tender, title })),
      // mandatory: RabbitMQ also confirms a message that no queue takes, but returns it first, so that it can be rejected here.
      { persistent: true, mandatory: true, messageId: tender, contentType: 'application/json', headers },
      (error: Error | null) => {
        if (error !== null) reject(new NotConfirmed(`refused: ${error.message}`));
        else resolve(undefined);
      },
    );
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(tender);
    });
  }

  async #open(): Promise<void> {
    const { address, vhost, user, password } = this.#options;
    const [hostname = '', port = ''] = address.split(':');
    const model = await connect(
      {
        protocol: 'amqp',
        hostname,
        port: Number(port),
        heartbeat: HEARTBEAT_S,
        username: user,
        password,
        vhost: encodeURIComponent(vhost),
      },
      { noDelay: true, timeout: CONNECT_MS, clientProperties: { connection_name: 'tender-api' } },
    );
    if (this.#closed) {
      await model.close();
      return;
    }
    this.#model = model;
    model.on('error', () => undefined); // 'close' follows
    model.on('close', (cause: unknown) => {
      this.#lost(cause ?? 'closed');
    });
    const channel = await model.createConfirmChannel();
    channel.on('error', () => undefined);
    channel.on('close', () => {
      this.#channel = undefined;
      void model.close().catch(() => undefined);
    });
    channel.on('return', ({ properties }) => {
      this.#waiting.get(String(properties.messageId))?.(new NotConfirmed(`no queue ${JOBS_QUEUE} took it`));
    });
    this.#channel = channel;
    this.#told = '';
    this.#telemetry.log('info', 'connected to RabbitMQ');
  }

  #lost(cause: unknown): void {
    this.#channel = undefined;
    this.#model = undefined;
    for (const reject of this.#waiting.values()) reject(new NotConfirmed('the connection was lost'));
    if (this.#closed) return;
    // Logged once per cause, because it reconnects twice a second.
    if (this.#told !== String(cause))
      this.#telemetry.log('warn', 'no connection to RabbitMQ', { cause: String(cause) });
    this.#told = String(cause);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => {
      this.start();
    }, RETRY_MS);
  }
}
