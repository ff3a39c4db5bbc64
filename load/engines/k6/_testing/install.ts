/** Installs the stand-in as `k6` in a temporary folder, to be used as PATH. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const STAND_IN = fileURLToPath(new URL('./stand-in.ts', import.meta.url));

export interface Installed {
  /** The folder that holds `k6`. */
  path: string;
  /** Writes a script into the same folder and returns its path. */
  script: (name: string, source: string) => Promise<string>;
  remove: () => Promise<void>;
}

/** @param version that `k6 version` prints; null: it prints no version */
export async function installStandIn(version: string | null = '2.2.0'): Promise<Installed> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline stand-in '));
  const said =
    version === null ? 'something else' : `k6 v${version} (commit/0123456789, go1.26.0, linux/amd64)`;
  const source = [
    '#!/bin/sh',
    `if [ "$1" = version ]; then echo '${said}'; exit 0; fi`,
    `exec '${process.execPath}' --disable-warning=ExperimentalWarning '${STAND_IN}' "$@"`,
    '',
  ];
  await writeFile(join(folder, 'k6'), source.join('\n'), { mode: 0o755 });
  return {
    path: folder,
    script: async (name, text) => {
      const file = join(folder, name);
      await writeFile(file, text);
      return file;
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}
