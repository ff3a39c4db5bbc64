import { z } from 'zod';
import { FAULTS } from '../../faults/index.ts';
import type { FaultName } from '../../faults/index.ts';
import type { Goals } from '../../reports/record/goals.ts';
import type { StoreFacts } from '../../reports/record/facts/store-facts.ts';
import type { Right } from '../kubernetes/access/rights.ts';
import { endpoint, kubeName, labels, objectName, secretSource } from '../declaring.ts';

export { FAULTS } from '../../faults/index.ts';
export type { FaultName } from '../../faults/index.ts';

/** What each store declares, by its name: the declaration of each adds its own. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is what others merge into
export interface StoreDeclarations {}

export type StoreName = keyof StoreDeclarations;

/** What is known before it is asked of a manager of a store: a program that decides who leads. */
export interface StoreManager {
  /** Its name for people. */
  label: string;
  /** The product and version that has answered this adapter; null: none yet, it follows the documentation alone, and reports say so. */
  metWith: string | null;
  /** It can be asked for a planned change of leader. */
  changesLeader: boolean;
}

/** The keys of those of these managers that a store declares; the schema of a store lets one of them be. */
export function managersIn<Name extends string>(
  managers: Readonly<Record<Name, unknown>>,
  declared: object,
): Name[] {
  const sections = new Map(Object.entries(declared));
  return (Object.keys(managers) as Name[]).filter((name) => sections.get(name) !== undefined);
}

/** What is known of a store before it is queried. */
export interface StoreKind {
  name: StoreName;
  /** Its place in lists: the lower the earlier. */
  order: number;
  /** Its name for people. */
  label: string;
  /** Schema of its section in an environment file. */
  schema: z.ZodType;
  /**
   * Seconds until writes must succeed again; null: one member cannot fail over, so that there is no such check. Of a fault that is not named the
   * fault's own usual time counts, where it has one.
   */
  seconds: Partial<Record<FaultName, number | null>>;
  /** What may be lost, by default. */
  goals: Goals;
  /** Instead of `goals` under this fault. */
  goalsUnder?: Partial<Record<FaultName, Goals>>;
  /** The goals for losses in words. */
  lostText: string;
  /** Rights at the API server under this fault, besides those that the fault itself needs. */
  rightsFor?: Partial<Record<FaultName, readonly Right[]>>;
  /** What a store that is declared so lacks for this fault, as `not declared: …` names it; null: nothing. */
  lacks?: (declared: object, fault: FaultName) => string | null;
  /** What may manage it, by the key that declares it; a declaration has at most one of them. */
  managers?: Readonly<Record<string, StoreManager>>;
  /** Where a store that has TLS names a password that is sent without it all the same, and what would encrypt it; null: nowhere. */
  unencrypted?: (declared: object) => { path: readonly string[]; instead: string } | null;
  /** Whether one server lists all members, so that an address without pods may stand for several. Left out: none does. */
  listsMembers?: (declared: object) => boolean;
  /** Why there is only one member, if that is not a choice. */
  alone?: string;
  /** Where its server keeps its data by its own documentation and packages, for pods that are not queried. */
  dataFolders: readonly string[];
  /** What its histories contain. */
  recorded: StoreFacts;
}

/** What a partition can cut a member off from besides its peers. */
const PARTITION_ALSO = ['api'] as const;

/** The goal of one store under one fault. */
export const failoverGoal = z.strictObject({
  rtoSeconds: z.number().positive().optional().describe('Longest time until writes succeed again, seconds'),
  lostWrites: z.int().min(0).optional().describe('Acknowledged writes that may be lost'),
  lossWindowSeconds: z
    .number()
    .min(0)
    .optional()
    .describe('Longest time from the first to the last lost acknowledgement, seconds'),
  lossWindowBeyondFailover: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A setting of the store, in seconds (Redis: min-replicas-max-lag): the loss window may be the time of failover plus its value. Used where neither this file nor the catalogue states lossWindowSeconds',
    ),
  elections: z
    .literal([0, 1])
    .optional()
    .describe(
      '0: a leader whose server is only started again is a recovery as well, as of a manager that waits for it first; 1, the default: another leader must take over in one trial at least',
    ),
  minTrials: z.int().min(1).optional().describe('Fewer trials than this are inconclusive'),
  status: z
    .enum(['assumed', 'confirmed'])
    .default('assumed')
    .describe('confirmed: an owner has agreed to it'),
});

const clientLoad = z
  .strictObject({
    writesPerSecond: z.number().min(20).max(5000).default(200),
    readsPerSecond: z.number().min(1).max(5000).default(20),
  })
  .default({ writesPerSecond: 200, readsPerSecond: 20 })
  .describe(
    'Open-loop load during a drill: what the store bears without a fault. Below 200 writes a second an RTO cannot be measured to 20 ms; its bounds say to what',
  );

/** What every store declares. */
export const common = {
  statefulSet: objectName
    .optional()
    .describe(
      'The StatefulSet whose pods are the members. Instead of it `statefulSets` or `pods`; with none of them the store is an address without pods: what needs a pod is then not-run',
    ),
  statefulSets: z
    .strictObject({
      namespace: kubeName,
      sets: z.array(z.strictObject({ name: kubeName, members: z.int().min(1) })).min(1),
    })
    .optional()
    .describe('StatefulSets whose pods are the members together, such as one a member or one a kind of node'),
  pods: z
    .strictObject({ namespace: kubeName, labels })
    .optional()
    .describe(
      'Labels that the pods of the members have and no other pod of the namespace, where a custom resource owns them',
    ),
  container: kubeName
    .optional()
    .describe('The container that holds the server: required where there are pods; no other one is ever hit'),
  members: z
    .int()
    .min(1)
    .describe(
      'All members. For an address without pods: 1, or, where the store lists its own (RabbitMQ, Elasticsearch, OpenSearch, a Redis Cluster), as many as it must list',
    ),
  primary: endpoint.describe('The address that applications write through'),
  replica: endpoint.optional().describe('The address that applications read through'),
  database: z.string().min(1).optional(),
  user: z.string().min(1).optional(),
  password: secretSource.optional(),
  plain: z
    .literal(true)
    .optional()
    .describe(
      'A password may be sent so that others can read it: required where there is one and no TLS, TLS that verifies nothing (`+ssc`), or a manager that is asked without it',
    ),
  admin: z
    .strictObject({ user: z.string().min(1), password: secretSource })
    .optional()
    .describe('The account that may order a planned change of leader, where the user of the canary may not'),
  services: z
    .strictObject({ primary: kubeName, replica: kubeName.optional() })
    .optional()
    .describe('Services in the namespace of the members whose endpoints follow the roles'),
  peers: z
    .strictObject({ labels })
    .optional()
    .describe(
      'Pods beside the members that belong to the cluster of the store, such as sentinels: a partition cuts them off too',
    ),
  partition: z
    .strictObject({
      also: z
        .array(z.enum(PARTITION_ALSO))
        .describe('api: the API server, for a store that elects its leader through it'),
    })
    .default({ also: [] })
    .describe('What a partition cuts the leader off from besides its peers'),
  clientLoad,
  durability: z
    .record(z.string(), z.union([z.string(), z.array(z.string()).min(1)]))
    .default({})
    .describe(
      'Settings on which durability rests, as the store itself reports them; a list: any of these values',
    ),
  storageClass: z
    .string()
    .min(1)
    .optional()
    .describe('StorageClass of its data volumes, where it is another than topology.storage.className'),
  goals: z.partialRecord(z.enum(FAULTS), failoverGoal).default({}),
};

/** Whether only the store itself can read what is sent to it, as it is declared: `+ssc` encrypts for whoever answers. */
export function speaksTls(declared: object): boolean {
  const { tls, scheme } = declared as { tls?: unknown; scheme?: unknown };
  return tls !== undefined || (typeof scheme === 'string' && scheme.endsWith('+s'));
}

export type FailoverGoal = z.infer<typeof failoverGoal>;
