import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRecord, writeRecord } from './record.ts';
import { stateRoot } from '../../../host/paths.ts';
import { bootId } from '../../../host/process-identity.ts';

/**
 * Minimum values of settings of the whole machine. For example, a kubelet alone holds about ten inotify instances and
 * the kernel's default is 128 per user: the twelfth node would not start.
 */
const AT_LEAST: Readonly<Record<string, number>> = {
  'fs/inotify/max_user_instances': 8192,
  'fs/inotify/max_user_watches': 524_288,
};

/**
 * Settings that kubelet changes when it starts, and its values (k8s.io/component-helpers/node/util/sysctl); they are restored with the
 * others.
 */
const SET_BY_KUBELET: Readonly<Record<string, number>> = {
  'kernel/panic': 10,
  'kernel/panic_on_oops': 1,
  'kernel/keys/root_maxbytes': 25_000_000,
  'kernel/keys/root_maxkeys': 1_000_000,
  'vm/overcommit_memory': 1,
  'vm/panic_on_oom': 0,
};

const WRITTEN = { ...AT_LEAST, ...SET_BY_KUBELET };

const SYSCTLS = '/proc/sys';

/** Former values by the names of the settings, and `bootId`, which records of earlier versions lack. */
type KernelRecord = Readonly<Partial<Record<string, string>>>;

/**
 * Raises the limits that are too low. The former values of all settings are recorded first, once for all instances.
 * @param folder replaces the kernel's in tests
 * @throws Error when a setting cannot be written.
 */
export function raiseKernelLimits(folder = SYSCTLS): void {
  const before = readAll(folder, Object.keys(WRITTEN));
  const recorded = readKernelRecord();
  // A reboot has undone the earlier changes.
  if (recorded === null || (recorded['bootId'] ?? bootId()) !== bootId())
    writeRecord(recordPath(), { bootId: bootId(), ...before });
  for (const [name, least] of Object.entries(AT_LEAST)) {
    if (Number(before[name]) < least) writeFileSync(join(folder, name), String(least));
  }
}

/**
 * Restores the settings to their values before the first instance, but for those that somebody else has set since. Does nothing without a
 * record of this boot.
 * @param folder as for `raiseKernelLimits`
 */
export function restoreKernelLimits(folder = SYSCTLS): void {
  const { bootId: boot, ...before } = readKernelRecord() ?? {};
  if (boot === undefined || boot === bootId()) {
    const now = readAll(folder, Object.keys(before));
    for (const [name, value = ''] of Object.entries(before))
      if (boot === undefined || now[name] === String(WRITTEN[name])) writeFileSync(join(folder, name), value);
  }
  rmSync(recordPath(), { force: true });
}

function readAll(folder: string, names: readonly string[]): Partial<Record<string, string>> {
  const present = names.filter((name) => existsSync(join(folder, name)));
  return Object.fromEntries(present.map((name) => [name, readFileSync(join(folder, name), 'utf8').trim()]));
}

function readKernelRecord(): KernelRecord | null {
  const lost = 'the settings of the kernel that it recorded stay as they are until the next boot';
  return readRecord(recordPath(), lost) as KernelRecord | null;
}

function recordPath(): string {
  return join(stateRoot(), 'kernel.json');
}
