import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { InstanceName } from '../nodes/addressing.ts';
import { cgroups } from '../../../host/cgroups/cgroup-versions.ts';
import { cgroupName, RATIO_OF_CONTROL } from '../nodes/cgroups.ts';
import { identify, processAlive } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import { stateDir } from '../../../host/paths.ts';

/**
 * Records a host process of an instance (the load balancer, the registry) and puts it into the instance's cgroups, so
 * that it is found and ended even when its record was never written.
 * @throws Error when the process is gone already.
 */
export function adoptProcess(instance: InstanceName, name: string, pid: number): ProcessId {
  const found = identify(pid);
  if (found === null)
    throw new Error(`${name} of ${instance} (pid ${pid}) ended at once; its log is in the state folder`);
  for (const file of cgroups().make(cgroupName(instance, 'host'), RATIO_OF_CONTROL))
    writeFileSync(file, String(pid));
  const path = recordPath(instance, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, JSON.stringify(found));
  return found;
}

/** The recorded process of that name, or null when it does not run. */
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
