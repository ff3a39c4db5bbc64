/**
 * Settings that govern a failover, by store and by where they are read: the name of each, in the order in which they are read, and what its
 * value can be. Who reads them takes the names from here, and so does who judges whether all were read.
 */
type Kinds = Readonly<Record<string, RegExp>>;

const COUNT = /^\d+$/;
const SWITCH = /^(?:true|false)$/;
const ON_OFF = /^(?:on|off)$/;
const YES_NO = /^(?:yes|no)$/;
/** 0 and -1 need no unit. */
const TIME = /^(?:-1|0|(?:\d+(?:nanos|micros|ms|s|m|h|d))+)$/;
const ANY = /^/;

export const GOVERNING = {
  postgres: {
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
  },
  redis: {
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
  },
  rabbitmq: {
    cluster: {
      version: /^\d+\.\d+.* on Erlang /,
      members: COUNT,
      net_ticktime: /^(?:\d+|unknown)$/,
      heartbeat: /^(?:\d+|unknown)$/,
      'canary queue': /^\w+, (?:durable|transient)$/,
    },
    /** Of the platform's own queues. */
    queues: { 'queue type': /^[a-z]+$/, 'queue durable': SWITCH },
  },
  elasticsearch: {
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
  },
  neo4j: {
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
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Kinds>>>>;
