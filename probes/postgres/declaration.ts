import { z } from 'zod';
import { endpoint, kubeName, secretSource, storeTls } from '../declaring.ts';
import { common, managersIn } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { ANY } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';
import * as managers from './managers/index.ts';
import type { ManagerKind } from './managers/manager.ts';

type ManagerName = keyof typeof managers;
type Sections = { [Name in ManagerName]: z.ZodOptional<(typeof managers)[Name]['section']> };

const KINDS: Readonly<Record<ManagerName, ManagerKind>> = managers;
const NAMES = Object.keys(managers) as ManagerName[];
const CHANGE_LEADER = NAMES.filter((name) => KINDS[name].changesLeader);
/** A key for each manager. */
const sections = Object.fromEntries(NAMES.map((name) => [name, KINDS[name].section.optional()])) as Sections;
/** The section of a manager with an API of its own. */
const API = z.looseObject({ tls: z.boolean().default(false) });

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
    durabilityOverrides: z
      .array(
        z
          .strictObject({
            role: z.string().min(1).optional(),
            database: z.string().min(1).optional(),
            reason: z.string().min(1),
          })
          .refine(({ role, database }) => role !== undefined || database !== undefined, {
            message: 'needs `role`, `database` or both',
          }),
      )
      .optional()
      .describe(
        'Roles, databases, or roles in databases, whose own settings (ALTER ROLE or ALTER DATABASE … SET) may differ from `durability`, each with a reason: those of all others may not',
      ),
    ...sections,
  })
  .superRefine((declared, context) => {
    const [name, second] = managersIn(managers, declared);
    if (name === undefined) return;
    if (second !== undefined)
      context.addIssue({
        code: 'custom',
        path: [second],
        message: `\`${name}\` already says what manages the store: declare one of them`,
      });
    if (asksByTls(declared, name) && declared.tls === undefined)
      context.addIssue({
        code: 'custom',
        path: [name, 'tls'],
        message: 'needs `tls` of the store, which says whom to trust',
      });
  });

function sectionIn(declared: object, name: string): unknown {
  return (declared as Readonly<Record<string, unknown>>)[name];
}

function asksByTls(declared: object, name: string): boolean {
  return API.safeParse(sectionIn(declared, name)).data?.tls === true;
}

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    postgres: z.infer<typeof postgres>;
  }
}

const ON_OFF = /^(?:on|off)$/;

/** Settings of the servers that govern a failover, in the order in which they are read, and what each can be. Its manager's are with it. */
export const GOVERNING = {
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
  managers,
  lacks: (declared, fault) =>
    fault === 'switchover' && !managersIn(managers, declared).some((name) => KINDS[name].changesLeader)
      ? `stores.postgres.${CHANGE_LEADER.join(' or stores.postgres.')}, which is asked for a planned change of leader`
      : null,
  unencrypted: (declared) => {
    const open = managersIn(managers, declared).find(
      (name) => KINDS[name].http === true && !asksByTls(declared, name),
    );
    return open === undefined || sectionIn(declared, 'admin') === undefined
      ? null
      : { path: ['admin', 'password'], instead: `${open}.tls` };
  },
  lostText: '0 acknowledged writes lost',
  dataFolders: ['/var/lib/postgresql'],
  recorded: {
    governing: { read: GOVERNING.server },
    managers: Object.fromEntries(NAMES.map((name) => [name, KINDS[name].recorded])),
    members: {
      serving: 'running',
      following: 'streaming',
      roles: ['replica', 'sync_standby', 'quorum_standby'],
      waitedFor: ['sync_standby', 'quorum_standby'],
    },
  },
};
