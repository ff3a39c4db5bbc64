import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stateRoot } from '../../../host/paths.ts';

/**
 * Minimum values of settings of the whole machine. For example, a kubelet alone holds about ten inotify instances and
 * the kernel's default is 128 per user: the twelfth node would not start.
 */
const AT_LEAST: Readonly<Record<string, number>> = {
  'fs/inotify/max_user_instances': 8192,
  'fs/inotify/max_user_watches': 524_288,
};

/** Settings that kubelet changes when it starts; they are restored with the others. */
const CHANGED_BY_KUBELET = [
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxbytes',
  'kernel/keys/root_maxkeys',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
];

/**
 * Raises the limits that are too low. The former values of all settings are recorded first, once for all instances.
 * @throws Error when a setting cannot be written.
 */
export function raiseKernelLimits(): void {
  const before = readAll([...Object.keys(AT_LEAST), ...CHANGED_BY_KUBELET]);
  if (!existsSync(recordPath())) {
    mkdirSync(dirname(recordPath()), { recursive: true });
    writeFileSync(`${recordPath()}.new`, JSON.stringify(before, null, 2));
    renameSync(`${recordPath()}.new`, recordPath());
  }
  for (const [name, least] of Object.entries(AT_LEAST)) {
    if (Number(before[name]) < least) writeFileSync(settingPath(name), String(least));
  }
}

/** Restores the settings to their values before the first instance. Does nothing without a record. */
export function restoreKernelLimits(): void {
  if (!existsSync(recordPath())) return;
  const before = JSON.parse(readFileSync(recordPath(), 'utf8')) as Record<string, string>;
  for (const [name, value] of Object.entries(before)) writeFileSync(settingPath(name), value);
  rmSync(recordPath());
}

function readAll(names: readonly string[]): Record<string, string> {
  const present = names.filter((name) => existsSync(settingPath(name)));
  return Object.fromEntries(present.map((name) => [name, readFileSync(settingPath(name), 'utf8').trim()]));
}

function settingPath(name: string): string {
  return join('/proc/sys', name);
}

function recordPath(): string {
  return join(stateRoot(), 'kernel.json');
}
