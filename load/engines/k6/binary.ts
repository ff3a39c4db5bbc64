/** Finds the `k6` on PATH and its version. */
import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';

/** Supported major version; another one may change flags, formats and exit codes. */
export const MAJOR = 2;
const DEADLINE_MS = 10_000;
const INSTALL = `install k6 ${MAJOR}.x (https://grafana.com/docs/k6/latest/set-up/install-k6/) or run with another engine`;

/** The first executable file of that name on a PATH; null: none. Relative folders are ignored. */
export function onPath(name: string, path: string): string | null {
  for (const folder of path.split(delimiter).filter(isAbsolute)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder; try the next one.
    }
  }
  return null;
}

/** The version in the output of `k6 version`, such as `2.2.0`; null: there is none. */
export function versionOf(output: string): string | null {
  return /^k6(?:\.exe)? v?(\d+\.\d+\.\d+\S*)/m.exec(output)?.[1] ?? null;
}

/**
 * The command with which k6 is started. If the harness is killed, k6 must not keep loading the platform unsupervised: on Linux `setpriv` of
 * util-linux makes the kernel kill it. Without one on PATH, k6 itself.
 */
export function guarded(file: string, args: readonly string[]): { file: string; args: string[] } {
  const guard = process.platform === 'linux' ? onPath('setpriv', process.env.PATH ?? '') : null;
  return guard === null
    ? { file, args: [...args] }
    : { file: guard, args: ['--pdeathsig', 'KILL', file, ...args] };
}

export type Found = { file: string; version: string } | { problem: string };

/** Finds k6 and asks for its version; a problem says what to do. Never rejects. */
export async function findK6(path: string): Promise<Found> {
  const file = onPath('k6', path);
  if (file === null) return { problem: `no k6 on PATH: ${INSTALL}` };
  const command = guarded(file, ['version']);
  if (process.platform === 'linux' && command.file === file) return { problem: noGuard('on PATH') };
  const said = await ask(command);
  const version = versionOf(said);
  if (version === null && versionOf(await ask({ file, args: ['version'] })) !== null)
    return { problem: noGuard(`that can start k6 (${command.file}: ${shortened(said)})`) };
  if (version === null)
    return {
      problem: `"${file} version" printed no version of k6 (${shortened(said)}): ${INSTALL}`,
    };
  if (Number(version.split('.')[0]) !== MAJOR)
    return { problem: `k6 ${version} at ${file} is not ${MAJOR}.x: ${INSTALL}` };
  return { file, version };
}

const shortened = (said: string): string => said.trim().slice(0, 200) || 'nothing';

/** BusyBox has a setpriv as well, which knows no `--pdeathsig`. */
function noGuard(what: string): string {
  return `no setpriv ${what}, without which k6 would outlive a harness that is killed: install util-linux or run with another engine`;
}

function ask({ file, args }: { file: string; args: string[] }): Promise<string> {
  const env = { K6_NO_USAGE_REPORT: 'true' };
  return new Promise((resolve) => {
    execFile(file, args, { timeout: DEADLINE_MS, killSignal: 'SIGKILL', env }, (error, stdout, stderr) => {
      resolve(error === null ? stdout : `${stdout}${stderr}${error.message}`);
    });
  });
}
