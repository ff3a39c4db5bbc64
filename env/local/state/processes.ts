import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { InstanceName } from '../nodes/addressing.ts';
import { cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import { cgroupName, RATIO_OF_CONTROL } from '../nodes/cgroups.ts';
import { identify, processAlive } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import { stateDir } from '../../../host/paths.ts';

/**
 * Puts a host process of an instance (the load balancer, the registry) into the instance's cgroups and records it. Through
 * the cgroups `env down` finds it even if its record was never written.
 * @throws Error when the process has ended already.
 */
export function adoptProcess(instance: InstanceName, name: string, pid: number): ProcessId {
  const found = identify(pid);
  if (found === null)
    throw new Error(
      `${name} of ${instance} (pid ${pid}) ended right after its start; its log is in the state folder`,
    );
  for (const file of cgroups().make(cgroupName(instance, 'host'), RATIO_OF_CONTROL))
    writeFileSync(file, String(pid));
  const path = recordPath(instance, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(found));
  return found;
}

/** The recorded process of that name, or null if it does not run. */
export function recordedProcess(instance: InstanceName, name: string): ProcessId | null {
  try {
    const found = JSON.parse(readFileSync(recordPath(instance, name), 'utf8')) as ProcessId;
    return processAlive(found) ? found : null;
  } catch {
    return null;
  }
}

function recordPath(instance: InstanceName, name: string): string {
  return join(stateDir(instance), 'processes', `${name}.json`);
}
