/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
import { COUNT } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

const YES_NO = /^(?:yes|no)$/;

export const GOVERNING = {
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
} as const satisfies Readonly<Record<string, SettingKinds>>;
