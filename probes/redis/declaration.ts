import { z } from 'zod';
import { endpoint, secretSource, storeTls } from '../declaring.ts';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { COUNT } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

const redis = z.strictObject({
  ...common,
  tls: storeTls
    .optional()
    .describe('Of members and Sentinels alike. Left out: nothing is encrypted, passwords included'),
  sentinel: z
    .strictObject({
      master: z.string().min(1).describe('The name under which the Sentinels watch the master'),
      addresses: z.array(endpoint).min(1).describe('Every Sentinel, in the order in which clients ask them'),
      user: z.string().min(1).optional(),
      password: secretSource
        .optional()
        .describe('Password of the Sentinels; that of the store when left out'),
    })
    .optional()
    .describe(
      'The Sentinels through which applications find the master; when left out, primary is the address of the master',
    ),
  wait: z
    .strictObject({
      replicas: z
        .int()
        .min(0)
        .default(1)
        .describe('Replicas that WAIT asks for; 0: a write counts as acknowledged with its reply'),
      milliseconds: z.int().min(1).default(400),
    })
    .default({ replicas: 1, milliseconds: 400 })
    .describe('A write counts as acknowledged when WAIT says that this many replicas have it'),
});

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    redis: z.infer<typeof redis>;
  }
}

const YES_NO = /^(?:yes|no)$/;

/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
export const GOVERNING = {
  /** Of SENTINEL MASTER. */
  sentinel: {
    'down-after-milliseconds': COUNT,
    'failover-timeout': COUNT,
    'parallel-syncs': COUNT,
    quorum: COUNT,
    'num-other-sentinels': COUNT,
    'num-slaves': COUNT,
  },
  /** What decides whether an acknowledged write is on disk and on a replica. */
  master: {
    appendonly: YES_NO,
    appendfsync: /^(?:always|everysec|no)$/,
    'no-appendfsync-on-rewrite': YES_NO,
    'aof-load-truncated': YES_NO,
    save: /^(?:\d+ \d+ ?)*$/,
    'min-replicas-to-write': COUNT,
    'min-replicas-max-lag': COUNT,
    'replica-serve-stale-data': YES_NO,
    'repl-timeout': COUNT,
    'repl-ping-replica-period': COUNT,
    'repl-diskless-sync': YES_NO,
    'maxmemory-policy': /^[a-z-]{4,}$/,
  },
  /** What the harness itself waits for. */
  wait: { 'WAIT replicas': COUNT, 'WAIT milliseconds': COUNT },
} as const satisfies Readonly<Record<string, SettingKinds>>;

export const store: StoreKind = {
  name: 'redis',
  order: 20,
  label: 'Redis',
  schema: redis,
  seconds: { 'pod-crash': 15, 'pod-delete': 15, hang: 20, 'node-loss': 20, partition: 20, switchover: 5 },
  goals: { lossWindowSeconds: 1 },
  // A master that is cut off takes writes until it misses its replicas, and clients find it until another one is elected.
  goalsUnder: { partition: { lossWindowBeyondFailover: 'min-replicas-max-lag' } },
  lostText: 'lost writes lie within 1 s; in a partition within failover time + min-replicas-max-lag',
  dataFolders: ['/data', '/var/lib/redis'],
  recorded: {
    governing: { read: { ...GOVERNING.sentinel, ...GOVERNING.master, ...GOVERNING.wait } },
    members: { serving: 'running', following: 'streaming', roles: ['replica'] },
  },
};
