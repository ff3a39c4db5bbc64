/** What `env up` leaves in the state folder of the rehearsal for the one who checks it, as the owners of a cluster hand it out. */
import { join } from 'node:path';

/** Kubeconfig of the account of drills. */
export function accountKubeconfig(stateDir: string): string {
  return join(stateDir, 'account', 'kubeconfig');
}

/** What opens something, such as `redis-password`. */
export function secretFile(stateDir: string, name: string): string {
  return join(stateDir, 'account', name);
}
