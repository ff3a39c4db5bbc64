/** Freezes and thaws a cgroup, on either version of cgroups. */
import { waitFor } from '../wait.ts';
import { cgroups } from './cgroup-versions.ts';
import type { Cgroups } from './cgroup-versions.ts';
import { existsSync } from 'node:fs';

/**
 * Freezes every process of a cgroup and waits until the kernel says FROZEN. `thawCgroup` undoes it.
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

/** The kernel's state: THAWED, FREEZING or FROZEN. */
export function freezerState(folder: string, machine: Cgroups = cgroups()): string {
  return machine.freezerState(folder);
}
