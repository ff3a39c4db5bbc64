import { dirname, isAbsolute, join } from 'node:path';
import { CommandError, EXIT } from './errors.ts';

/** Root of the checkout. */
export const CHECKOUT = dirname(import.meta.dirname);

/** The instances with the reference platform; one machine can run them at the same time. */
export const OWN_INSTANCES = ['local', 'local-small'] as const;
/** Every instance that a machine can run. `rehearsal` has a platform of its own (env/local/rehearsal), and the addresses of `local`. */
export const INSTANCES = [...OWN_INSTANCES, 'rehearsal'] as const;
export type InstanceName = (typeof INSTANCES)[number];

/**
 * The folder that an environment variable names. An empty variable counts as unset: CI servers set those that nobody filled in.
 * @throws CommandError (64) for a relative path: what is kept, such as a journal of what is still to be undone, would lie in whichever folder a
 * command is typed in, and not be found from another
 */
export function folderOf(variable: string, usual: string): string {
  const folder = process.env[variable] ?? '';
  if (folder === '') return usual;
  if (isAbsolute(folder)) return folder;
  throw new CommandError(
    `the environment variable ${variable} is "${folder}": it must be the absolute path of a folder, or unset (then it is ${usual})`,
    EXIT.usage,
  );
}

/** The folder of what is expensive and reproducible: Go's caches, binaries, images. It is outside of, and shared by, all checkouts. */
export function cacheDir(): string {
  return folderOf('PLUMBLINE_CACHE', '/var/cache/plumbline');
}

/** The folder that holds one state folder for each instance. */
export function stateRoot(): string {
  return folderOf('PLUMBLINE_STATE', '/var/lib/plumbline');
}

/** The folder of one instance: kubeconfig, stamp.json, lock, journal, logs and the nodes' disks. */
export function stateDir(instance: string): string {
  return join(stateRoot(), instance);
}

/** The folder of the logs of an instance's host processes and nodes. */
export function logDir(instance: string): string {
  return join(stateDir(instance), 'log');
}
