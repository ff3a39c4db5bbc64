/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
import { COUNT, TIME } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

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
