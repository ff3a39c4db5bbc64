/** The packages that `env up` installed on this machine: `env down` lists them, `env down --purge` removes them. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { CommandError, EXIT } from '../../../host/errors.ts';
import { aptGet, aptToItsEnd } from './apt.ts';
import { readRecord, writeRecord } from './record.ts';
import { stateRoot } from '../../../host/paths.ts';
import { runAny } from '../../../host/run.ts';
import type { Signalled } from '../../../host/run.ts';

const LIST_DEADLINE_MS = 60_000;
/** A removal in the output of `apt-get -s`: `Purg haproxy [2.6.12-1]`. */
const WOULD_GO = /^(?:Purg|Remv) (\S+)/gm;
/** An installation or an upgrade there: `Inst haproxy (2.6.12-1 Debian:12.12/oldstable [amd64])`. */
const WOULD_COME = /^Inst (\S+)/gm;

/** Every installed package, as `name:architecture`. */
export async function installedPackages(options: Signalled): Promise<string[]> {
  const argv = ['dpkg-query', '-W', '-f', '${Package}:${Architecture} ${db:Status-Status}\\n'];
  const { stdout } = await runAny(argv, { timeoutMs: LIST_DEADLINE_MS, ...options });
  return installedIn(stdout);
}

/** dpkg-query's status of a package that is not installed, or of which only configuration files are left. */
const GONE = ['not-installed', 'config-files'];

/** The installed packages in dpkg-query's output, including half-installed ones. */
export function installedIn(dpkgOutput: string): string[] {
  return dpkgOutput.split('\n').flatMap((line) => {
    const [name = '', status = 'not-installed'] = line.split(' ');
    return GONE.includes(status) ? [] : [name];
  });
}

/** Records packages as installed for Plumbline. @param names as `name:architecture` */
export function noteInstalled(names: readonly string[]): void {
  writeRecord(notePath(), [...new Set([...readNote(), ...names])].toSorted());
}

/** The recorded packages that are still installed. */
export async function broughtPackages(options: Signalled = {}): Promise<string[]> {
  const noted = readNote();
  if (noted.length === 0) return [];
  const there = new Set(await installedPackages(options));
  return noted.filter((name) => there.has(name));
}

/**
 * Removes the recorded packages with their configuration files. Returns their names.
 * @throws CommandError (75) if another package depends on one of them: then nothing is removed
 */
export async function purgeBrought(options: Signalled = {}): Promise<string[]> {
  const names = await broughtPackages(options);
  if (names.length > 0) {
    const simulated = await aptGet(['-s', 'purge', ...names], options);
    const others = goingIn(simulated).filter((name) => !names.some((one) => isSame(one, name)));
    if (others.length > 0)
      throw new CommandError(
        `nothing was removed, because ${others.join(', ')} would be removed too: what depends on a package that was installed for Plumbline goes with it. Remove ${others.join(', ')} first, or keep ${names.join(', ')}`,
        EXIT.refused,
      );
    await aptToItsEnd(['-y', 'purge', ...names], options);
  }
  rmSync(notePath(), { force: true });
  return names;
}

/** Names of the packages that apt would remove, with or without architecture, as apt prints them. */
export function goingIn(simulated: string): string[] {
  return namesIn(simulated, WOULD_GO);
}

/** Names of the packages that apt would install or upgrade, likewise. */
export function comingIn(simulated: string): string[] {
  return namesIn(simulated, WOULD_COME);
}

function namesIn(simulated: string, line: RegExp): string[] {
  return [...simulated.matchAll(line)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** Whether apt's name of a package is this one. apt omits the architecture if it is the machine's own. @param noted as `name:architecture` */
export function isSame(noted: string, named: string): boolean {
  return noted === named || noted.replace(/:[^:]*$/, '') === named;
}

function readNote(): string[] {
  const lost = 'packages that were installed for Plumbline are not known any more, and stay';
  return z.array(z.string()).parse(readRecord(notePath(), lost) ?? []);
}

function notePath(): string {
  return join(stateRoot(), 'installed.json');
}
