import { readlinkSync } from 'node:fs';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { bootId, identify } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import type { InstanceName } from '../../../host/paths.ts';
import { folderOf, stateDir } from '../../../host/paths.ts';

/** This very process. */
export function self(): ProcessId {
  const found = identify(process.pid);
  if (found === null) throw new Error(`/proc/${process.pid}/stat cannot be read; is /proc mounted?`);
  return found;
}

/** Who holds something: enough to tell on the same machine whether the process still runs. `bootId`: with the namespace of its process id. */
export type Holder = { readonly host: string; readonly bootId: string } & ProcessId;

export function holderSelf(): Holder {
  return { host: hostname(), bootId: placeId(), ...self() };
}

/** Where a process id means the same process: this boot, and this namespace of process ids, since containers of one host may share its name. */
function placeId(): string {
  const namespace = /\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '';
  return `${bootId()}.${namespace}`;
}

/** A holder as the identity of a Lease. */
export function formatHolder({ host, bootId: boot, pid, startTime }: Holder): string {
  return [host, boot, pid, startTime].join('/');
}

/** The reverse; null for an identity that another program wrote. */
export function parseHolder(identity: string): Holder | null {
  const [host, boot, pid, startTime, ...rest] = identity.split('/');
  if (host === undefined || boot === undefined || startTime === undefined || rest.length > 0) return null;
  return { host, bootId: boot, pid: Number(pid), startTime };
}

/** Whether a holder still runs; `unknown` on another machine, from another boot, or in another container of this machine. */
export function holderState(holder: Holder): 'alive' | 'gone' | 'unknown' {
  if (holder.host !== hostname()) return 'unknown';
  // Another boot or container, or another machine of the same name: only the Lease's expiry can show it.
  if (holder.bootId !== placeId()) return 'unknown';
  return identify(holder.pid)?.startTime === holder.startTime ? 'alive' : 'gone';
}

/** Folder of an environment's rollback journal and process records: with the embedded instance, else in the user's state folder. */
export function safetyFolder(environment: string, embedded: InstanceName | undefined): string {
  if (embedded !== undefined) return join(stateDir(embedded), 'journal');
  const state = folderOf('XDG_STATE_HOME', join(homedir(), '.local/state'));
  return join(state, 'plumbline', environment, 'journal');
}
