import { z } from 'zod';
import { endpoint, kubeName, port, secretSource, storeTls } from '../declaring.ts';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { COUNT, SWITCH, ANY } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

const postgres = z
  .strictObject({
    ...common,
    database: z.string().min(1),
    user: z.string().min(1),
    password: secretSource,
    tls: storeTls.optional(),
    paths: z
      .record(
        kubeName,
        z
          .array(endpoint)
          .min(1)
          .describe(
            'Addresses, tried in this order: a connection is made to the first server that is not in recovery, as libpq does with target_session_attrs=primary. A single address is taken as it is',
          ),
      )
      .optional()
      .describe(
        'Further ways by which clients write, by name, such as past a pooler. Each gets an RTO of its own in every trial, with the goal of the store; lost writes are counted of the load through `primary` alone. Each path costs one more process that writes as many rows a second as the load through `primary` (200 by default); its rows are not read back',
      ),
    services: z
      .strictObject({ primary: kubeName, replica: kubeName.optional() })
      .describe('Services in the namespace of the StatefulSet whose endpoints follow the roles'),
    patroni: z
      .strictObject({
        port,
        scope: z.string().min(1),
        tls: z
          .literal(true)
          .optional()
          .describe('Its REST API is asked by https, as `tls` of the store says'),
      })
      .optional()
      .describe(
        'REST port of Patroni in each pod, and the name of its cluster. Left out: the servers themselves are asked who leads and who follows, for which the account needs the role pg_monitor; nobody can then be asked to change the leader',
      ),
  })
  .refine(({ patroni, tls }) => patroni?.tls === undefined || tls !== undefined, {
    path: ['patroni', 'tls'],
    message: 'needs `tls` of the store, which says whom to trust',
  });

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    postgres: z.infer<typeof postgres>;
  }
}

const ON_OFF = /^(?:on|off)$/;

/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
export const GOVERNING = {
  /** Patroni's dynamic settings (documentation, "Dynamic Configuration Settings"). */
  patroni: {
    ttl: COUNT,
    loop_wait: COUNT,
    retry_timeout: COUNT,
    primary_start_timeout: COUNT,
    maximum_lag_on_failover: COUNT,
    // Or `quorum`.
    synchronous_mode: /^[a-z]+$/,
    synchronous_mode_strict: SWITCH,
    failsafe_mode: SWITCH,
  },
  /** What decides whether an acknowledged write is on disk and on a replica; by name. */
  server: {
    data_checksums: ON_OFF,
    fsync: ON_OFF,
    full_page_writes: ON_OFF,
    synchronous_commit: /^[a-z_]+$/,
    synchronous_standby_names: ANY,
    wal_level: /^(?:minimal|replica|logical)$/,
    wal_log_hints: ON_OFF,
  },
} as const satisfies Readonly<Record<string, SettingKinds>>;

export const store: StoreKind = {
  name: 'postgres',
  order: 10,
  label: 'PostgreSQL',
  schema: postgres,
  seconds: { 'pod-crash': 30, 'pod-delete': 15, hang: 35, 'node-loss': 45, partition: 45, switchover: 10 },
  goals: { lostWrites: 0 },
  lacks: (declared, fault) =>
    fault === 'switchover' && !('patroni' in declared)
      ? 'stores.postgres.patroni, which is asked for a planned change of leader'
      : null,
  lostText: '0 acknowledged writes lost',
  dataFolders: ['/var/lib/postgresql'],
  recorded: {
    governing: { read: GOVERNING.server, managed: { by: 'patroni', read: GOVERNING.patroni } },
    members: {
      serving: 'running',
      following: 'streaming',
      roles: ['replica', 'sync_standby', 'quorum_standby'],
    },
  },
};
