/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
import { COUNT, SWITCH, ANY } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

const ON_OFF = /^(?:on|off)$/;

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
