/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
import { COUNT, SWITCH, TIME, ANY } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

export const GOVERNING = {
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
} as const satisfies Readonly<Record<string, SettingKinds>>;
