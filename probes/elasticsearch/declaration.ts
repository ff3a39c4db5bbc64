import { z } from 'zod';
import { storeTls } from '../declaring.ts';
import { common } from '../store/declaring.ts';
import type { StoreKind } from '../store/declaring.ts';
import { COUNT, TIME } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

export const elasticsearch = z
  .strictObject({
    ...common,
    product: z
      .literal('opensearch')
      .optional()
      .describe(
        "Left out: Elasticsearch. `opensearch`: OpenSearch 2.7 or later, held against what the servers answer; the canary replicates documents there, whatever the platform's indices do (`index.replication.type`)",
      ),
    tls: storeTls
      .optional()
      .describe(
        'Left out: nothing is encrypted, the password included. TLS has been met by a proxy before each node, not by security of its own yet',
      ),
    index: z
      .strictObject({
        replicas: z
          .int()
          .min(0)
          .default(2)
          .describe(
            'Copies of a shard besides the primary, as platform indices keep; each copy needs a node of its own that may hold data, so that one node needs 0',
          ),
      })
      .default({ replicas: 2 })
      .describe(
        'The index that the canary writes to; a write counts as acknowledged when a majority of the copies has it. Members that hold no copy, such as dedicated masters, are not read back where the cluster itself says so',
      ),
  })
  .refine(({ members, index }) => index.replicas < members, {
    path: ['members'],
    message:
      'every copy needs a member of its own: expected more than index.replicas, which is 2 when left out',
  });

declare module '../store/declaring.ts' {
  interface StoreDeclarations {
    elasticsearch: z.infer<typeof elasticsearch>;
  }
}

/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
export const GOVERNING = {
  /** What decides how soon a member is given up and another master or primary takes over. */
  cluster: {
    'cluster.fault_detection.follower_check.interval': TIME,
    'cluster.fault_detection.follower_check.timeout': TIME,
    'cluster.fault_detection.follower_check.retry_count': COUNT,
    'cluster.fault_detection.leader_check.interval': TIME,
    'cluster.fault_detection.leader_check.timeout': TIME,
    'cluster.fault_detection.leader_check.retry_count': COUNT,
    'cluster.election.max_timeout': TIME,
    'cluster.publish.timeout': TIME,
    'cluster.no_master_block': /^(?:all|write|metadata_write)$/,
  },
  /** What decides whether an acknowledged document is on disk and on other nodes. */
  index: {
    'index.translog.durability': /^(?:request|async)$/,
    'index.number_of_replicas': COUNT,
    'index.write.wait_for_active_shards': /^(?:\d+|all)$/,
    'index.unassigned.node_left.delayed_timeout': TIME,
  },
} as const satisfies Readonly<Record<string, SettingKinds>>;

const { 'cluster.no_master_block': block, ...either } = GOVERNING.cluster;
/** In place of those of the cluster: where it is not set, its value is that of the old name, which OpenSearch still lists beside it. */
export const OPENSEARCH_GOVERNING: SettingKinds = { ...either, 'cluster.no_cluster_manager_block': block };

export const store: StoreKind = {
  name: 'elasticsearch',
  order: 40,
  label: 'Elasticsearch',
  schema: elasticsearch,
  seconds: { 'pod-crash': 15, 'pod-delete': 15, hang: 45, 'node-loss': 45, partition: 45, switchover: 10 },
  goals: { lostWrites: 0 },
  listsMembers: () => true,
  lostText: '0 acknowledged documents lost',
  dataFolders: [
    '/usr/share/elasticsearch/data',
    '/var/lib/elasticsearch',
    '/usr/share/opensearch/data',
    '/var/lib/opensearch',
  ],
  recorded: {
    governing: {
      read: GOVERNING.cluster,
      instead: { by: 'product', read: OPENSEARCH_GOVERNING },
      perThing: GOVERNING.index,
    },
    watches: [{ kind: 'master', count: 2, what: 'observation of the master' }],
    durabilityOfCluster: true,
    members: {
      serving: 'joined',
      following: 'joined',
      roles: ['master-eligible', 'master-only', 'data', 'coordinating'],
    },
    conditions: ['health', 'master-eligible nodes'],
  },
};
