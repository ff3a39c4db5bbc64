/** The packages that `env up` installed on this machine: `env down` prints the command that removes them. */
import { join } from 'node:path';
import { z } from 'zod';
import { readRecord, writeRecord } from './record.ts';
import { stateRoot } from '../../../host/paths.ts';
import { runAny } from '../../../host/run.ts';
import type { Signalled } from '../../../host/run.ts';

const LIST_DEADLINE_MS = 60_000;
/** An installation or an upgrade in the output of `apt-get -s`: `Inst haproxy (2.6.12-1 Debian:12.12/oldstable [amd64])`. */
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

/** Names of the packages that apt would install or upgrade, with or without architecture, as apt prints them. */
export function comingIn(simulated: string): string[] {
  return [...simulated.matchAll(WOULD_COME)].flatMap(([, name]) => (name === undefined ? [] : [name]));
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
