import { join } from 'node:path';

/** The embedded environments that may be up at once on one machine. */
export const INSTANCES = ['local', 'local-small'] as const;
export type InstanceName = (typeof INSTANCES)[number];

/** Everything that is expensive and reproducible: Go's caches, binaries, images. Outside any checkout, shared by all. */
export function cacheDir(): string {
  return process.env['PLUMBLINE_CACHE'] ?? '/var/cache/plumbline';
}

/** The root of the state folders; one folder an instance below it. */
export function stateRoot(): string {
  return process.env['PLUMBLINE_STATE'] ?? '/var/lib/plumbline';
}

/** The folder of one instance: kubeconfig, stamp.json, lock, ledger, logs and the nodes' disks. */
export function stateDir(instance: string): string {
  return join(stateRoot(), instance);
}

/** Where the log files of an instance's host processes and nodes lie. */
export function logDir(instance: string): string {
  return join(stateDir(instance), 'log');
}
