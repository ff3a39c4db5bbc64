/** Settings that govern a failover of this store, by where they are read, in the order in which they are read, and what each can be. */
import { COUNT, SWITCH } from '../store/recorded.ts';
import type { SettingKinds } from '../store/recorded.ts';

export const GOVERNING = {
  cluster: {
    version: /^\d+\.\d+.* on Erlang /,
    members: COUNT,
    net_ticktime: /^(?:\d+|unknown)$/,
    heartbeat: /^(?:\d+|unknown)$/,
    'canary queue': /^\w+, (?:durable|transient)$/,
  },
  /** Of the platform's own queues. */
  queues: { 'queue type': /^[a-z]+$/, 'queue durable': SWITCH },
} as const satisfies Readonly<Record<string, SettingKinds>>;
