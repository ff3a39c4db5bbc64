import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CommandError, EXIT } from '../../host/errors.ts';
import { stateDir } from '../../host/paths.ts';
import { commandLine } from '../../host/process-identity.ts';
import type { ProcessId } from '../../host/process-identity.ts';
import type { InstanceName } from './nodes/addressing.ts';
import { cgroupName, processesIn } from './nodes/cgroups.ts';

/** The variable with which a node's processes are started (node.ts): `STATE_FOLDER/nodes/NAME`. Processes of pods do not have it. */
const NODE_DIR = /^NODE_DIR=(\/.+)\/nodes\/[^/]+$/;

/**
 * Refuses to provision or remove an instance while nodes of it run that belong to another state folder (`PLUMBLINE_STATE`): cgroups, links and
 * addresses are those of the machine, but lock, stamp and journal are in the folder, so that nothing else shows who uses that environment. A
 * folder that is gone is nobody's, and its nodes may be removed.
 * @param found the processes of the instance; replaced in tests
 * @throws CommandError (75) that names the other folder and says what to do
 */
export function refuseOtherState(
  instance: InstanceName,
  found: readonly ProcessId[] = processesIn(cgroupName(instance)),
): void {
  const own = stateDir(instance);
  for (const { pid } of found) {
    const other = stateFolderOf(pid);
    if (other === null || !existsSync(other) || isSameFolder(other, own)) continue;
    const root = dirname(other);
    throw new CommandError(
      `${instance} is on this machine with another state folder: the process ${pid} (${commandLine(pid).slice(0, 80)}) belongs to ${other}, and this command uses ${own}. ` +
        `Use that environment (export PLUMBLINE_STATE=${root}), or remove it first: PLUMBLINE_STATE=${root} plumbline env down --env ${instance}`,
      EXIT.refused,
    );
  }
}

/** The state folder of the instance that a process of a node was started for; null for any other process, or one that has ended. */
function stateFolderOf(pid: number): string | null {
  try {
    const variables = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0');
    return variables.map((one) => NODE_DIR.exec(one)?.[1]).find((folder) => folder !== undefined) ?? null;
  } catch {
    return null;
  }
}

/** By their inodes, since either path may lead through a link. */
function isSameFolder(one: string, other: string): boolean {
  if (!existsSync(other)) return false;
  const [a, b] = [statSync(one, { bigint: true }), statSync(other, { bigint: true })];
  return a.dev === b.dev && a.ino === b.ino;
}
