/** Everything in a cgroup made to stand still, and let go on, whichever version of cgroups the machine has. */
import { waitFor } from '../wait.ts';
import { cgroups } from './cgroup-versions.ts';
import type { Cgroups } from './cgroup-versions.ts';
import { existsSync } from 'node:fs';

/**
 * Stops every process of a cgroup where it is and waits until the kernel says FROZEN. thawCgroup is the inverse.
 * @throws DeadlineError when some process cannot be frozen in time.
 */
export async function freezeCgroup(
  folder: string,
  options: { readonly deadlineMs: number; readonly signal?: AbortSignal | undefined },
  machine: Cgroups = cgroups(),
): Promise<void> {
  await waitFor(
    () => {
      machine.freeze(folder);
      const state = machine.freezerState(folder);
      if (state === 'FROZEN') return true;
      throw new Error(state);
    },
    { what: `${folder} to be FROZEN`, intervalMs: 5, ...options },
  );
}

/** Lets a frozen cgroup run again. Idempotent; a cgroup that is gone needs no thawing. */
export function thawCgroup(folder: string, machine: Cgroups = cgroups()): void {
  if (existsSync(folder)) machine.thaw(folder);
}

/** THAWED, FREEZING or FROZEN as the kernel says. */
export function freezerState(folder: string, machine: Cgroups = cgroups()): string {
  return machine.freezerState(folder);
}
