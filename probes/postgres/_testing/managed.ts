/**
 * What managed PostgreSQL servers answer: made up for tests, from public documentation. Amazon's user guide of RDS ("Understanding the rds_superuser
 * role", "Common DBA tasks"): no superuser, no shell, no pg_hba.conf; parameters by a group. PostgreSQL 17, "Predefined Roles" and "The Statistics
 * Collector": without pg_monitor data_directory is no row of pg_settings, and of pg_stat_replication only names are shown. Aurora: its
 * messages as DataDog/integrations-core#20356 and mackerelio/mackerel-agent-plugins#804 have them. No real one has answered here.
 */
import { DatabaseError } from 'pg';

type Row = Record<string, unknown>;

export interface Managed {
  /** The account has the role pg_monitor, which rds_superuser can grant. */
  monitor: boolean;
  /** Read replicas that receive from it. */
  replicas?: number;
  /** Aurora, whose wal_level is `replica`. */
  aurora?: boolean;
  /** What `ALTER ROLE` and `ALTER DATABASE` have set, besides what Amazon's own role has. */
  overrides?: readonly Row[];
  /** The value of `synchronous_commit` that who asks has in place of the server's, and its source, as pg_settings has both. */
  asked?: { setting: string; source: string };
}

const SETTINGS = {
  data_checksums: 'on',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  synchronous_standby_names: '',
  wal_level: 'replica',
  wal_log_hints: 'off',
};

function refused(code: string, message: string): DatabaseError {
  const error = new DatabaseError(message, message.length, 'error');
  error.code = code;
  return error;
}

/** Rows by what is asked. @throws DatabaseError where it refuses */
export function answerOf(server: Managed, query: string): Row[] {
  const [, answer] = ANSWERS.find(([part]) => query.includes(part)) ?? [];
  if (answer !== undefined) return answer(server);
  const own = { source: 'configuration file', role: 'plumbline', database: 'tender' };
  return Object.entries(SETTINGS).map(([name, setting]) => ({
    ...own,
    name,
    setting,
    ...(name === 'synchronous_commit' && server.asked),
  }));
}

const ANSWERS: readonly (readonly [part: string, answer: (server: Managed) => Row[]])[] = [
  ['pg_is_in_recovery', () => [{ replica: false }]],
  [
    'pg_current_wal_lsn',
    ({ aurora }) => {
      if (aurora === true) throw refused('55000', "wal_level must be set to 'logical'");
      return [{ timeline: 1, synchronous: '' }];
    },
  ],
  ['current_setting', () => [{ synchronous: '' }]],
  [
    'pg_stat_replication',
    ({ monitor, replicas = 0 }) =>
      Array.from({ length: replicas }, () => ({
        name: 'walreceiver',
        address: monitor ? '10.0.0.9' : null,
        state: monitor ? 'streaming' : null,
        sync_state: monitor ? 'async' : null,
      })),
  ],
  // Dumps of RDS that people published have it for the role rdsadmin.
  [
    'pg_db_role_setting',
    ({ overrides = [] }) => [
      { name: 'synchronous_commit', setting: 'local', database: null, role: 'rdsadmin' },
      ...overrides,
    ],
  ],
  ['data_directory', ({ monitor }) => (monitor ? [{ setting: '/rdsdbdata/db' }] : [])],
];
