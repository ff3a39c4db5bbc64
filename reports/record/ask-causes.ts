/** Why a store could not be asked, or what it did instead: words that a record has and that a look at the store is told by (probes/asking.ts). */

/**
 * It may be well: no route, the connection is refused while kubelet finds its pods ready, TLS fails, the account is refused, what answers speaks
 * another protocol, the store's manager (Patroni, the management API) is not there, no pod is what its members are declared to be, or an answer is larger
 * than what is read.
 */
export const CANNOT_ASK = [
  'route',
  'refused',
  'tls',
  'credentials',
  'protocol',
  'manager',
  'members',
  'too-large',
] as const;
export type CannotAsk = (typeof CANNOT_ASK)[number];

/** It is down: its server refuses, is silent, or has no pod. */
export const DOWN = ['refuses', 'silent', 'absent'] as const;
export type Down = (typeof DOWN)[number];
