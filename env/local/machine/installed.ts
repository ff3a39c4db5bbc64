/** The packages that `env up` has brought to this machine: named when an environment goes, and removed when that is asked for. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { CommandError, EXIT } from '../../../host/errors.ts';
import { aptGet, aptToItsEnd } from './apt.ts';
import { stateRoot } from '../../../host/paths.ts';
import { runAny } from '../../../host/run.ts';

const LIST_DEADLINE_MS = 60_000;
/** What `apt-get -s` says it would do: `Purg haproxy [2.6.12-1]`. */
const WOULD_GO = /^(?:Purg|Remv) (\S+)/gm;

type Signalled = { readonly signal?: AbortSignal | undefined };

/** Every package that is there, as `name:architecture`. */
export async function installedPackages(options: Signalled): Promise<string[]> {
  const argv = ['dpkg-query', '-W', '-f', '${Package}:${Architecture} ${db:Status-Status}\\n'];
  const { stdout } = await runAny(argv, { timeoutMs: LIST_DEADLINE_MS, ...options });
  return installedIn(stdout);
}

/** What dpkg-query says of a package that is not there, or of which only settings are left. */
const GONE = ['not-installed', 'config-files'];

/** Which packages are there, as dpkg-query says: also those of which an interrupted installation has left a half. */
export function installedIn(dpkgOutput: string): string[] {
  return dpkgOutput.split('\n').flatMap((line) => {
    const [name = '', status = 'not-installed'] = line.split(' ');
    return GONE.includes(status) ? [] : [name];
  });
}

/** Adds to the note of what was brought. @param names as `name:architecture` */
export function noteInstalled(names: readonly string[]): void {
  const noted = [...new Set([...readNote(), ...names])].toSorted();
  mkdirSync(dirname(notePath()), { recursive: true });
  writeFileSync(`${notePath()}.new`, JSON.stringify(noted));
  renameSync(`${notePath()}.new`, notePath());
}

/** Those that are still there. */
export async function broughtPackages(options: Signalled = {}): Promise<string[]> {
  const noted = readNote();
  if (noted.length === 0) return [];
  const there = new Set(await installedPackages(options));
  return noted.filter((name) => there.has(name));
}

/**
 * Removes them with their settings. Returns their names.
 * @throws CommandError (75) where something else needs one of them by now: then nothing is removed
 */
export async function purgeBrought(options: Signalled = {}): Promise<string[]> {
  const names = await broughtPackages(options);
  if (names.length > 0) {
    const simulated = await aptGet(['-s', 'purge', ...names], options);
    const others = goingIn(simulated).filter((name) => !names.some((one) => isSame(one, name)));
    if (others.length > 0)
      throw new CommandError(
        `${others.join(', ')} would go as well, since what was installed for Plumbline is needed by it; remove that first, or keep them: ${names.join(', ')}`,
        EXIT.refused,
      );
    await aptToItsEnd(['-y', 'purge', ...names], options);
  }
  rmSync(notePath(), { force: true });
  return names;
}

/** Names in what apt would do, without their architecture where it leaves that out. */
export function goingIn(simulated: string): string[] {
  return [...simulated.matchAll(WOULD_GO)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/** apt names a package of the machine's own architecture without it. */
function isSame(noted: string, named: string): boolean {
  return noted === named || noted.replace(/:[^:]*$/, '') === named;
}

function readNote(): string[] {
  return existsSync(notePath())
    ? z.array(z.string()).parse(JSON.parse(readFileSync(notePath(), 'utf8')))
    : [];
}

function notePath(): string {
  return join(stateRoot(), 'installed.json');
}
