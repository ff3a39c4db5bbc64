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

export type Found = { file: string; version: string } | { problem: string };

/** Finds k6 and asks for its version; a problem says what to do. Never rejects. */
export async function findK6(path: string): Promise<Found> {
  const file = onPath('k6', path);
  if (file === null) return { problem: `no k6 on PATH: ${INSTALL}` };
  if (process.platform === 'linux' && onPath('setpriv', process.env.PATH ?? '') === null)
    return {
      problem: `no setpriv on PATH, without which k6 would outlive a harness that is killed: install util-linux or run with another engine`,
    };
  const said = await ask(file);
  const version = versionOf(said);
  if (version === null)
    return {
      problem: `"${file} version" printed no version of k6 (${said.trim().slice(0, 200) || 'nothing'}): ${INSTALL}`,
    };
  if (Number(version.split('.')[0]) !== MAJOR)
    return { problem: `k6 ${version} at ${file} is not ${MAJOR}.x: ${INSTALL}` };
  return { file, version };
}

function ask(file: string): Promise<string> {
  const env = { K6_NO_USAGE_REPORT: 'true' };
  return new Promise((resolve) => {
    execFile(
      file,
      ['version'],
      { timeout: DEADLINE_MS, killSignal: 'SIGKILL', env },
      (error, stdout, stderr) => {
        resolve(error === null ? stdout : `${stdout}${stderr}${error.message}`);
      },
    );
  });
}
