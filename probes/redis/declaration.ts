import { z } from 'zod';
import { endpoint, secretSource, storeTls } from '../declaring.ts';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { COUNT } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

const redis = z
  .strictObject({
    ...common,
    tls: storeTls
      .optional()
      .describe('Of members and Sentinels alike. Left out: nothing is encrypted, passwords included'),
    sentinel: z
      .strictObject({
        master: z.string().min(1).describe('The name under which the Sentinels watch the master'),
        addresses: z
          .array(endpoint)
          .min(1)
          .describe('Every Sentinel, in the order in which clients ask them'),
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
          .optional()
          .describe(
            'Replicas that WAIT asks for; 0: a write counts as acknowledged with its reply. Left out: 1, or 0 where the masters of a Redis Cluster have one replica at most. Where a master has no more replicas than this, no write is acknowledged from its failure until the old master is back',
          ),
        milliseconds: z.int().min(1).default(400),
      })
      .prefault({})
      .describe('A write counts as acknowledged when WAIT says that this many replicas have it'),
    cluster: z
      .strictObject({
        replicas: z.int().min(0).default(1).describe('Replicas of each master'),
      })
      .optional()
      .describe(
        'Instead of sentinel: the members are a Redis Cluster, and primary is the address of any of them. All slots must be served, every write goes to each shard, and faults hit the master of the first one',
      ),
  })
  .refine(({ sentinel, cluster }) => sentinel === undefined || cluster === undefined, {
    path: ['cluster'],
    error: 'found beside sentinel; allowed: one of the two, since either decides who leads',
  })
  .refine(({ members, cluster }) => cluster === undefined || members % (cluster.replicas + 1) === 0, {
    path: ['members'],
    error: 'no multiple of a master and its cluster.replicas; allowed: as many for each shard',
  })
  .refine(({ wait, cluster }) => cluster === undefined || (wait.replicas ?? 0) <= cluster.replicas, {
    path: ['wait', 'replicas'],
    error:
      'more than cluster.replicas, so that no write is ever acknowledged; allowed: fewer, or as many where a failover may wait for the old master',
  })
  .transform(({ wait, ...declared }) => ({
    ...declared,
    wait: { ...wait, replicas: wait.replicas ?? waitFor(declared.cluster) },
  }));

/** A master that was just promoted has one replica less than declared: with the last of them gone, WAIT would never be answered. */
function waitFor(cluster: { replicas: number } | undefined): number {
  return cluster === undefined ? 1 : Math.max(0, Math.min(1, cluster.replicas - 1));
}

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    redis: z.infer<typeof redis>;
  }
}

const YES_NO = /^(?:yes|no)$/;

/** What decides whether an acknowledged write is on disk and on a replica. */
const OF_MASTER = {
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
} as const satisfies SettingKinds;

const OF_CLUSTER = {
  'cluster-node-timeout': COUNT,
  'cluster-require-full-coverage': YES_NO,
  'cluster-replica-validity-factor': COUNT,
  'cluster-migration-barrier': COUNT,
  'cluster-allow-reads-when-down': YES_NO,
} as const satisfies SettingKinds;

/** Those of a Redis Cluster, as `GOVERNING`; every member has them. */
export const CLUSTER_GOVERNING = {
  cluster: OF_CLUSTER,
  master: { ...OF_CLUSTER, ...OF_MASTER },
} as const satisfies Readonly<Record<string, SettingKinds>>;

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
  master: OF_MASTER,
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
  listsMembers: (declared) => 'cluster' in declared && declared.cluster !== undefined,
  lostText: 'lost writes lie within 1 s; in a partition within failover time + min-replicas-max-lag',
  dataFolders: ['/data', '/var/lib/redis'],
  recorded: {
    governing: {
      read: { ...GOVERNING.master, ...GOVERNING.wait },
      // A master with a declared address has no Sentinels.
      perThing: GOVERNING.sentinel,
      instead: { by: 'cluster', read: { ...CLUSTER_GOVERNING.master, ...GOVERNING.wait } },
    },
    members: { serving: 'running', following: 'streaming', roles: ['replica'] },
  },
};
