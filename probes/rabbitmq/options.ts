import { z } from 'zod';
import type { StoreConnection, StoreMember } from '../store/store-driver.ts';

/** RabbitMQ's own ports (its documentation, "Networking and RabbitMQ"). */
const AMQP_PORT = 5672;
const AMQPS_PORT = 5671;
const MANAGEMENT_PORT = 15672;
/** RabbitMQ advises 5 to 20 s ("Detecting Dead TCP Connections with Heartbeats"); below 5 s false alarms become likely. */
const HEARTBEAT_SECONDS = 5;

/** The setting for durability under which the types of queues are declared that durable data may be in. */
export const QUEUE_TYPE = 'queue type';

const declaredSchema = z.object({
  /** Of the cluster. */
  members: z.int().min(1).optional(),
  vhost: z.string().default('/'),
  management: z.object({ port: z.int() }).default({ port: MANAGEMENT_PORT }),
  heartbeatSeconds: z.int().min(1).default(HEARTBEAT_SECONDS),
  queue: z
    .object({
      type: z.enum(['quorum', 'classic']).default('quorum'),
      durable: z.boolean().default(true),
      replicas: z.int().min(1).optional(),
    })
    .default({ type: 'quorum', durable: true }),
  durability: z
    .object({ [QUEUE_TYPE]: z.union([z.string(), z.array(z.string())]).default('quorum') })
    .default({ [QUEUE_TYPE]: 'quorum' }),
});

/** What only RabbitMQ declares; see declaration.ts. */
export type RabbitOptions = z.infer<typeof declaredSchema>;

/** @throws ZodError when the declaration is not one of RabbitMQ */
export function optionsOf(connection: StoreConnection): RabbitOptions {
  return declaredSchema.parse(connection.declared ?? {});
}

/** Where a member listens that lists no port. */
export function memberPort({ tls }: StoreConnection, { port }: StoreMember): number {
  return port ?? (tls === undefined ? AMQP_PORT : AMQPS_PORT);
}

const MAX_NAME_BYTES = 255;

/** The queue that a run writes to, and that nobody consumes before it is read back. */
export function recordQueue(run: string): string {
  return named(`plumbline.${run}`);
}

/** The queue of the reader beside the writes. */
export function readerQueue(run: string): string {
  return named(`plumbline.${run}.reader`);
}

/** The run of the trial before in the same series, whose last part is the trial's number; null for the first, or where it has none. */
export function runBefore(run: string): string | null {
  const [, series = '', trial = ''] = /^(.*\/)(\d+)$/.exec(run) ?? [];
  return Number(trial) > 1 ? `${series}${Number(trial) - 1}` : null;
}

function named(name: string): string {
  const bytes = Buffer.byteLength(name);
  if (bytes > MAX_NAME_BYTES) throw new Error(`queue ${name}: ${bytes} bytes, AMQP allows ${MAX_NAME_BYTES}`);
  return name;
}
