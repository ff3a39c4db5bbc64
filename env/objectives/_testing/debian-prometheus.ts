/** Programs of Prometheus for tests: those of Debian's package that the embedded environment downloads, or of PATH. */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { cacheDir } from '../../../host/paths.ts';

export interface Programs {
  /** Paths of the programs, in the order asked for; null where this machine has neither the package nor all of them. */
  programs: string[] | null;
  remove: () => void;
}

/** Unpacking both takes some two seconds. */
export function prometheusPrograms(...names: ('prometheus' | 'promtool')[]): Programs {
  const onPath = names.map((name) =>
    (process.env['PATH'] ?? '')
      .split(path.delimiter)
      .map((folder) => path.join(folder, name))
      .find((file) => existsSync(file)),
  );
  const found = onPath.filter((file) => file !== undefined);
  if (found.length === names.length) return { programs: found, remove: () => undefined };
  const [archive] = globSync('images/debs-*/prometheus_*.deb', { cwd: cacheDir() });
  if (archive === undefined) return { programs: null, remove: () => undefined };
  const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-prometheus-'));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const script = 'dpkg-deb --fsys-tarfile "$0" | tar -x -C "$1" -- "${@:2}"';
  const members = names.map((name) => `./usr/bin/${name}`);
  const { status } = spawnSync('bash', ['-c', script, path.join(cacheDir(), archive), folder, ...members]);
  return { programs: status === 0 ? names.map((name) => path.join(folder, 'usr/bin', name)) : null, remove };
}
