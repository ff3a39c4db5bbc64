import { z } from 'zod';
import { port } from '../common.ts';
import { common } from './common.ts';

export const rabbitmq = z.strictObject({
  ...common,
  vhost: z
    .string()
    .min(1)
    .default('/')
    .describe('Virtual host of the canary queues, never the one of the application'),
  management: z
    .strictObject({ port })
    .default({ port: 15_672 })
    .describe('Port of the management API in each pod; the user needs the tag monitoring'),
  heartbeatSeconds: z
    .int()
    .min(1)
    .max(60)
    .default(5)
    .describe('AMQP heartbeat that the workload asks for; the server may ask for a shorter one'),
  queue: z
    .strictObject({
      type: z.enum(['quorum', 'classic']).default('quorum'),
      durable: z.boolean().default(true),
    })
    .default({ type: 'quorum', durable: true })
    .describe('The queue that the canary writes to, as the queues of the application are'),
});
