import { join } from 'node:path';

/** The instances with the reference platform; one machine can run them at the same time. */
export const OWN_INSTANCES = ['local', 'local-small'] as const;
/** Every instance that a machine can run. `rehearsal` has a platform of its own (env/local/rehearsal), and the addresses of `local`. */
export const INSTANCES = [...OWN_INSTANCES, 'rehearsal'] as const;
export type InstanceName = (typeof INSTANCES)[number];

/** The folder of what is expensive and reproducible: Go's caches, binaries, images. It is outside of, and shared by, all checkouts. */
export function cacheDir(): string {
  return process.env['PLUMBLINE_CACHE'] ?? '/var/cache/plumbline';
}

/** The folder that holds one state folder for each instance. */
export function stateRoot(): string {
  return process.env['PLUMBLINE_STATE'] ?? '/var/lib/plumbline';
}

/** The folder of one instance: kubeconfig, stamp.json, lock, journal, logs and the nodes' disks. */
export function stateDir(instance: string): string {
  return join(stateRoot(), instance);
}

/** The folder of the logs of an instance's host processes and nodes. */
export function logDir(instance: string): string {
  return join(stateDir(instance), 'log');
}
