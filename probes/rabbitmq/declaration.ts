import { z } from 'zod';
import { port, storeTls } from '../declaring.ts';
import { execsIn } from '../kubernetes/access/rights.ts';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { COUNT, SWITCH } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

const rabbitmq = z.strictObject({
  ...common,
  tls: storeTls
    .optional()
    .describe(
      'AMQP and the management API alike, the latter without a client certificate. Left out: nothing is encrypted, passwords included',
    ),
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
    .describe('AMQP heartbeat that the client load requests; the server may demand a shorter one'),
  queue: z
    .strictObject({
      type: z.enum(['quorum', 'classic']).default('quorum'),
      durable: z.boolean().default(true),
      replicas: z
        .int()
        .min(1)
        .optional()
        .describe(
          'Members that every quorum queue and stream has, of the canary and of the application; all of the cluster when left out',
        ),
    })
    .default({ type: 'quorum', durable: true })
    .describe('The queue that the canary writes to, as the queues of the application are'),
});

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    rabbitmq: z.infer<typeof rabbitmq>;
  }
}

/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
export const GOVERNING = {
  cluster: {
    version: /^\d+\.\d+.* on Erlang /,
    members: COUNT,
    net_ticktime: /^(?:\d+|unknown)$/,
    heartbeat: /^(?:\d+|unknown)$/,
    'canary queue': /^\w+, (?:durable|transient)$/,
  },
  /** Of the platform's own queues. */
  queues: { 'queue type': /^[\w-]+(?:, \d+ members?)?$/, 'queue durable': SWITCH },
} as const satisfies Readonly<Record<string, SettingKinds>>;

export const store: StoreKind = {
  name: 'rabbitmq',
  order: 30,
  label: 'RabbitMQ',
  schema: rabbitmq,
  seconds: { 'pod-crash': 15, 'pod-delete': 10, hang: 30, 'node-loss': 30, partition: 30, switchover: 10 },
  // rabbitmqctl in the leader's pod orders it.
  rightsFor: {
    switchover: [
      {
        ...execsIn('platform'),
        notGiven:
          'this right allows anything in the pods of the platform; without it Plumbline cannot order the change of leader, and the check is inconclusive',
      },
    ],
  },
  goals: { lostWrites: 0 },
  listsMembers: () => true,
  lostText: '0 confirmed messages lost',
  dataFolders: ['/var/lib/rabbitmq'],
  recorded: {
    governing: { read: GOVERNING.cluster, perThing: GOVERNING.queues },
    watches: [{ kind: 'reader', what: 'a consumer beside the writes' }],
    durabilityOfCluster: true,
    conditions: ['quorum queues', 'virtual hosts'],
  },
};
