import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installedPackages, isSame, noteInstalled } from './installed.ts';
import { readRecord, writeRecord } from './record.ts';
import { withLock } from '../../../host/lock.ts';
import { stateRoot } from '../../../host/paths.ts';
import { identify, waitGone } from '../../../host/process-identity.ts';
import type { ProcessId } from '../../../host/process-identity.ts';
import { onPath, run, runAny } from '../../../host/run.ts';
import type { Signalled } from '../../../host/run.ts';

/** Debian's hook that prevents a package from starting its service during installation. The service would still start at the next boot. */
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';
const DEADLINE_MS = 60_000;
/** Another process may hold the lock while it downloads and installs every package. */
const LOCK_DEADLINE_MS = 15 * 60_000;
/** How long to wait for the end of an apt-get that runs on without the process that started it: as long as for that process. */
const APT_DEADLINE_MS = LOCK_DEADLINE_MS;
/** Units that start at boot once they are enabled. A template (`name@.service`) does not. */
const UNIT = /^(?:\/usr)?\/lib\/systemd\/system\/([^/@]+\.(?:service|socket|timer|path))$/;
const INIT_SCRIPT = /^\/etc\/init\.d\/([^/]+)$/;

/** Record of an installation in progress. After it, or after a crash in a later process, this shows which packages are new. */
type Begun = {
  /** Names of the packages that apt was to install, as it prints them. */
  readonly asked: readonly string[];
  /** Every package that was installed before, as `name:architecture`. */
  readonly before: readonly string[];
  /** True if the hook did not exist before, so that it must be removed. */
  readonly policy: boolean;
  /** The apt-get that installs them, once it has started. It runs on if the process that started it is killed. */
  readonly apt?: ProcessId;
};

type Installation = {
  /** Names of all packages that `install` would install now, as apt prints them. Changes nothing. */
  readonly plan: () => Promise<readonly string[]>;
  /** Calls `onSpawn` with the pid of apt-get as soon as that has started. */
  readonly install: (onSpawn: (pid: number) => void) => Promise<unknown>;
};

/**
 * Installs packages so that none of their services runs, neither now nor after the next boot. Services of other packages are not changed,
 * also if somebody else installs them at the same time.
 */
export async function installQuietly(
  asked: readonly string[],
  { plan, install }: Installation,
  options: Signalled = {},
): Promise<void> {
  await alone(options, async () => {
    await settle(options);
    const begun = await begin([...asked, ...(await plan())], options);
    try {
      await install((pid) => noteApt(begun, pid));
    } finally {
      await settle();
    }
  });
}

/** Completes the installation of a process that was killed during it, once its apt-get has ended. Does nothing without a record. */
export async function settleInstallation(options: Signalled = {}): Promise<void> {
  if (existsSync(recordPath())) await alone(options, () => settle(options));
}

/** One process at a time. Otherwise one would take the other's packages for its own new ones. */
function alone(options: Signalled, work: () => Promise<void>): Promise<void> {
  const lock = join(stateRoot(), 'installing.lock');
  return withLock(lock, { deadlineMs: LOCK_DEADLINE_MS, signal: options.signal }, work);
}

async function begin(asked: readonly string[], options: Signalled): Promise<Begun> {
  const before = await installedPackages(options);
  const begun: Begun = { asked, before, policy: !existsSync(SERVICE_POLICY) };
  writeRecord(recordPath(), begun);
  if (begun.policy) writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  return begun;
}

function noteApt(begun: Begun, pid: number): void {
  const apt = identify(pid);
  if (apt === null) return;
  try {
    writeRecord(recordPath(), { ...begun, apt });
  } catch {
    // A full disk. The former record stays, and this process waits for apt's end all the same.
  }
}

/**
 * Disables the services of the new packages among those that apt was to install: other new ones are somebody else's.
 * @throws DeadlineError if apt-get still runs at the deadline; the hook and the record then stay
 */
async function settle(options: Signalled = {}): Promise<void> {
  const lost = `services of packages that apt was just installing may be enabled, and ${SERVICE_POLICY} may be left; remove that file if it is not yours`;
  const begun = readRecord(recordPath(), lost) as Begun | null;
  if (begun !== null) {
    const { asked, before, policy, apt } = begun;
    // Until its end packages and services are added, and the hook keeps them from starting.
    if (apt !== undefined) await waitGone([apt], { deadlineMs: APT_DEADLINE_MS, ...options });
    if (policy) rmSync(SERVICE_POLICY, { force: true });
    const fresh = (await installedPackages(options)).filter((name) => !before.includes(name));
    const ours = fresh.filter((name) => asked.some((one) => isSame(name, one)));
    if (ours.length > 0) {
      noteInstalled(ours);
      await disable(await filesOf(ours, options), !policy, options);
    }
  }
  rmSync(recordPath(), { force: true });
}

/** @param started whether the services may run already: somebody else's hook was in place and may have allowed their start */
async function disable(files: readonly string[], started: boolean, options: Signalled): Promise<void> {
  const wait = { timeoutMs: DEADLINE_MS, ...options };
  const units = unitsIn(files);
  if (units.length > 0 && onPath('systemctl')) {
    const now = started && existsSync('/run/systemd/system') ? ['--now'] : [];
    await run(['systemctl', 'disable', '--quiet', ...now, ...units], wait);
    return;
  }
  for (const script of namesOf(files, INIT_SCRIPT))
    if (onPath('update-rc.d')) await run(['update-rc.d', script, 'disable'], wait);
}

/** Names of the systemd units among the files of packages. */
export function unitsIn(files: readonly string[]): string[] {
  return namesOf(files, UNIT);
}

function namesOf(files: readonly string[], pattern: RegExp): string[] {
  return [...new Set(files.map((file) => pattern.exec(file)?.[1]).filter((name) => name !== undefined))];
}

async function filesOf(packages: readonly string[], options: Signalled): Promise<string[]> {
  const { stdout } = await runAny(['dpkg-query', '-L', ...packages], { timeoutMs: DEADLINE_MS, ...options });
  return stdout.split('\n');
}

function recordPath(): string {
  return join(stateRoot(), 'installing.json');
}
