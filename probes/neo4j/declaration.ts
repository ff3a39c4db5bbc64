import { z } from 'zod';
import { storeTls } from '../declaring.ts';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { COUNT, SWITCH, TIME, ANY } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

export const neo4j = z
  .strictObject({
    ...common,
    database: z.string().min(1).default('neo4j'),
    user: z.string().min(1).default('neo4j'),
    enterprise: z
      .strictObject({
        primaries: z.int().min(1).describe('Copies that elect a leader: fewer than three outlive no loss'),
        secondaries: z.int().min(0).default(0).describe('Copies that only follow'),
      })
      .optional()
      .describe(
        'The Enterprise edition, and the copies that the cluster keeps of `database`, as in CREATE DATABASE … TOPOLOGY; further members are servers without one. Left out: Community, which has no clustering: one member, which cannot fail over',
      ),
    tls: storeTls
      .optional()
      .describe(
        'TLS with an authority of its own, for members that are asked by address too. Left out: as `scheme` says. Met on a server of the Community edition; routing over it on a stand-in only',
      ),
    scheme: z
      .enum(['bolt', 'neo4j', 'bolt+s', 'neo4j+s', 'bolt+ssc', 'neo4j+ssc'])
      .default('bolt')
      .describe(
        'As in the URI that applications use: neo4j routes writes to the leader of a cluster. Without `tls`, +s means TLS with public authorities and each server held to the name by which it is reached, which no pod address is, and +ssc TLS with any certificate',
      ),
  })
  .refine(({ scheme, tls }) => tls === undefined || !scheme.endsWith('+ssc'), {
    path: ['scheme'],
    message: '+ssc accepts any certificate, and `tls` says which one holds: declare one of them',
  })
  .refine(({ enterprise, members }) => enterprise !== undefined || members === 1, {
    path: ['members'],
    message: 'Neo4j Community has no clustering: expected 1 member, or the section enterprise',
  })
  .refine(({ enterprise, members }) => copiesOf(enterprise) <= members, {
    path: ['enterprise'],
    message: 'every copy needs a member of its own: expected at most `members` of them',
  });

function copiesOf(topology: { primaries: number; secondaries: number } | undefined): number {
  return topology === undefined ? 1 : topology.primaries + topology.secondaries;
}

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    neo4j: z.infer<typeof neo4j>;
  }
}

/** Role of a server of the cluster that does not host the database. */
export const NO_COPY = 'without a copy';
/** From the shortest to the longest, `20s-23s`. */
const TIME_RANGE = /^\d+(?:ms|s|m|h)-\d+(?:ms|s|m|h)$/;
/** Conditions of a cluster, besides those of every server. */
export const CLUSTER_CONDITIONS = { servers: 'servers', copies: 'copies of the database' } as const;

/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
export const GOVERNING = {
  itself: { edition: /^[a-z]+$/, members: COUNT },
  /** What decides how long recovery after a crash takes, and whether it may pass over missing logs; every edition has it. */
  server: {
    'db.checkpoint': /^[A-Z]+$/i,
    'db.checkpoint.interval.time': TIME,
    'db.checkpoint.interval.tx': COUNT,
    'db.recovery.fail_on_missing_files': SWITCH,
    'db.tx_log.preallocate': SWITCH,
    'db.tx_log.rotation.retention_policy': ANY,
    'server.databases.read_only': ANY,
  },
  /** How long clients keep a route. */
  routing: { 'dbms.routing_ttl': TIME },
  /**
   * Of a cluster: how many elect, when the loss of a leader is noticed, and how elections are spaced (Operations manual, "Configuration
   * settings"). They are read first.
   */
  cluster: {
    primaries: COUNT,
    'dbms.cluster.raft.election_failure_detection_window': TIME_RANGE,
    'dbms.cluster.raft.leader_failure_detection_window': TIME_RANGE,
  },
} as const satisfies Readonly<Record<string, SettingKinds>>;

export const store: StoreKind = {
  name: 'neo4j',
  order: 50,
  label: 'Neo4j',
  schema: neo4j,
  seconds: {
    'pod-crash': 60,
    'pod-delete': 60,
    hang: 90,
    'node-loss': null,
    partition: null,
    switchover: null,
  },
  goals: { lostWrites: 0 },
  lostText: '0 committed transactions lost',
  alone: 'clustering needs Neo4j Enterprise',
  managers: { enterprise: { label: 'Neo4j Enterprise', metWith: null, changesLeader: false } },
  dataFolders: ['/data', '/var/lib/neo4j'],
  recorded: {
    governing: {
      read: { ...GOVERNING.itself, ...GOVERNING.server, ...GOVERNING.routing },
    },
    members: {
      serving: 'online',
      following: 'online',
      roles: ['follower', 'secondary', 'primary', NO_COPY],
    },
    conditions: ['edition'],
    managers: {
      enterprise: { governing: GOVERNING.cluster, conditions: Object.values(CLUSTER_CONDITIONS) },
    },
  },
};
