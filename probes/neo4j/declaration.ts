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
    edition: z
      .enum(['community', 'enterprise'])
      .default('community')
      .describe('Community has no clustering: it has one member, which cannot fail over'),
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
  .refine(({ edition, members }) => edition === 'enterprise' || members === 1, {
    path: ['members'],
    message: 'Neo4j Community has no clustering: expected 1 member, or edition enterprise',
  });

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    neo4j: z.infer<typeof neo4j>;
  }
}

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
} as const satisfies Readonly<Record<string, SettingKinds>>;

function sorted(kinds: SettingKinds): SettingKinds {
  return Object.fromEntries(Object.entries(kinds).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

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
  dataFolders: ['/data', '/var/lib/neo4j'],
  recorded: {
    governing: {
      // Its settings come sorted by name.
      read: { ...GOVERNING.itself, ...sorted({ ...GOVERNING.server, ...GOVERNING.routing }) },
      placeOf: (name) =>
        ({ edition: 'dbms.components()', members: 'SHOW DATABASES' })[name] ?? 'SHOW SETTINGS',
    },
    members: { serving: 'online', following: 'online', roles: ['follower', 'secondary', 'primary'] },
    conditions: ['edition'],
  },
};
