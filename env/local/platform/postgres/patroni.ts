/** Patroni's configuration and the script that makes the databases, for three members with no acknowledged write lost. */

/** Name of the cluster; in endpoints mode also the name of the Service that follows the leader. */
export const SCOPE = 'postgres-primary';
export const POSTGRES_PORT = 5432;
export const REST_PORT = 8008;
const HOME = '/var/lib/postgresql';

/**
 * Most connections of a role. The workload keeps 16, gives up what has no answer after 1 s and connects anew; but a commit that
 * waits for its replica keeps its server process until the replica is there, so that each second adds up to 16 (with 20 allowed
 * the limit itself made writes fail, 53300). Five seconds' worth: at some 3 MiB a process they fit into the pod's 512 MiB.
 */
const CONNECTION_LIMITS = { tender: 30, plumbline: 16 * 5 } as const;

/**
 * Times in seconds. A dead leader's lease runs out `ttl` after its last renewal, so that another member leads at most
 * ttl + a loop later: 25 s, within the 30 s that a crash may take. `loop_wait + 2 × retry_timeout ≤ ttl` is Patroni's rule.
 * `primary_start_timeout: 0`: a crashed primary is replaced rather than recovered where it was.
 * `failsafe_mode`: without the API server the leader stays as long as it reaches every member.
 */
export const DYNAMIC = {
  ttl: 20,
  loop_wait: 5,
  retry_timeout: 5,
  primary_start_timeout: 0,
  maximum_lag_on_failover: 1_048_576, // bytes; never decides while the replica is synchronous
  synchronous_mode: true,
  synchronous_mode_strict: true,
  failsafe_mode: true,
  postgresql: {
    use_pg_rewind: true,
    use_slots: true,
    parameters: {
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      wal_level: 'replica',
      wal_log_hints: 'on',
      hot_standby: 'on',
      max_connections: CONNECTION_LIMITS.tender + CONNECTION_LIMITS.plumbline + 30, // the rest: Patroni, replication, people
      max_wal_senders: 8,
      max_replication_slots: 8,
      wal_keep_size: '64MB',
      max_wal_size: '256MB',
      min_wal_size: '64MB',
      wal_sender_timeout: '10s', // a standby that vanished stops holding its slot's sender
      wal_receiver_timeout: '10s',
    },
  },
} as const;

/** Settings of one server process that need no agreement among the members. */
const LOCAL_PARAMETERS = {
  unix_socket_directories: '/run/postgresql',
  shared_buffers: '32MB',
  password_encryption: 'scram-sha-256',
  jit: 'off',
  huge_pages: 'off',
  log_min_messages: 'warning',
  log_line_prefix: '%m [%p] %q%u@%d ',
  tcp_keepalives_idle: 10,
  tcp_keepalives_interval: 5,
  tcp_keepalives_count: 3,
} as const;

/** patroni.yml. Names, addresses and passwords come from the environment. JSON is YAML. */
export function patroniConfig(namespace: string, podLabels: Readonly<Record<string, string>>): string {
  return JSON.stringify(
    {
      scope: SCOPE,
      log: { level: 'INFO' },
      restapi: { listen: `0.0.0.0:${String(REST_PORT)}` },
      kubernetes: {
        namespace,
        labels: podLabels,
        use_endpoints: true,
        bypass_api_service: true, // asks the API servers themselves: one dead server costs no renewal
        ports: [{ name: 'postgresql', port: POSTGRES_PORT }],
      },
      bootstrap: {
        dcs: DYNAMIC,
        initdb: ['data-checksums', { encoding: 'UTF8' }, { locale: 'C.UTF-8' }],
        post_bootstrap: '/etc/patroni/post-bootstrap.sh',
      },
      postgresql: {
        listen: `0.0.0.0:${String(POSTGRES_PORT)}`,
        bin_dir: '/usr/lib/postgresql/15/bin',
        data_dir: `${HOME}/data/pgdata`,
        pgpass: '/tmp/pgpass',
        use_unix_socket: true,
        // A spread checkpoint, pg_basebackup's default, would make every new replica wait for minutes.
        basebackup: [{ checkpoint: 'fast' }],
        remove_data_directory_on_rewind_failure: true,
        remove_data_directory_on_diverged_timelines: true,
        parameters: LOCAL_PARAMETERS,
        pg_hba: [
          'local all postgres peer',
          'host all all 0.0.0.0/0 scram-sha-256',
          'host replication replicator 0.0.0.0/0 scram-sha-256',
        ],
      },
    },
    null,
    2,
  );
}

/**
 * Runs once, on the first leader: the application's database and one for canaries, each owned by its user.
 * The canary's user may look at replication (pg_monitor) and owns its database, nothing else.
 */
export const POST_BOOTSTRAP = `#!/bin/sh
set -eu
psql "$1" --no-psqlrc -v ON_ERROR_STOP=1 -v tender="$TENDER_PASSWORD" -v plumbline="$PLUMBLINE_PASSWORD" <<'SQL'
CREATE ROLE tender LOGIN CONNECTION LIMIT ${CONNECTION_LIMITS.tender} PASSWORD :'tender';
CREATE ROLE plumbline LOGIN CONNECTION LIMIT ${CONNECTION_LIMITS.plumbline} IN ROLE pg_monitor PASSWORD :'plumbline';
CREATE DATABASE tender OWNER tender;
CREATE DATABASE plumbline OWNER plumbline;
REVOKE ALL ON DATABASE tender, plumbline FROM PUBLIC;
SQL
`;
