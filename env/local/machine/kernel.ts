import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { stateRoot } from '../../../host/paths.ts';

/**
 * Settings of the whole machine that an environment needs at least this high. A kubelet alone holds some ten inotify
 * instances and the kernel allows 128 a user: the twelfth node would not start.
 */
const AT_LEAST: Readonly<Record<string, number>> = {
  'fs/inotify/max_user_instances': 8192,
  'fs/inotify/max_user_watches': 524_288,
};

/** Settings that kubelet changes when it starts; they are put back with the others. */
const CHANGED_BY_KUBELET = [
  'kernel/panic',
  'kernel/panic_on_oops',
  'kernel/keys/root_maxbytes',
  'kernel/keys/root_maxkeys',
  'vm/overcommit_memory',
  'vm/panic_on_oom',
];

/**
 * Lifts the limits that are too low and writes down what all of them were, once for all instances.
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

/** Puts the settings back to what they were before the first instance. Nothing recorded means nothing to do. */
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
