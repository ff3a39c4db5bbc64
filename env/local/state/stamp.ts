import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterSize, InstanceName } from '../nodes/addressing.ts';
import { stateDir } from '../../../host/paths.ts';

/** What `env up` says of an environment that it provisioned. It is also what pins it. */
export type Stamp = {
  readonly instance: InstanceName;
  readonly size: ClusterSize;
  /** The stores and parts that were provisioned. */
  readonly with: readonly string[];
  /** UID of the namespace kube-system, which stands for the cluster. */
  readonly uid: string;
  /** SHA-256 of the cluster's CA certificate in DER, as environment files pin it. */
  readonly caSha256: string;
  /** Of everything that decides what the cluster and its platform are; null until the platform is there. */
  readonly fingerprint: string | null;
  /** Wall clock, ISO 8601. */
  readonly createdAt: string;
  readonly bootId: string;
};

/** The stamp of an instance, or null when its cluster was never provisioned. */
export function readStamp(instance: InstanceName): Stamp | null {
  try {
    return JSON.parse(readFileSync(stampPath(instance), 'utf8')) as Stamp;
  } catch {
    return null;
  }
}

/** Writes the stamp at once or not at all. */
export function writeStamp(stamp: Stamp): void {
  const path = stampPath(stamp.instance);
  writeFileSync(`${path}.new`, `${JSON.stringify(stamp, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** The kernel's own number of this boot; after another one nothing of an environment runs. */
export function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}

/** Whether it is of an environment that was provisioned to the end since the last boot. */
export function isStanding(stamp: Stamp | null): stamp is Stamp {
  return stamp !== null && stamp.fingerprint !== null && stamp.bootId === bootId();
}

/** SHA-256 in hexadecimal. */
export function sha256(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** A hash over the sources of some folders, tests left out: what makes a node or a cluster what it is. */
export function sourcesFingerprint(folders: readonly string[]): string {
  const parts = folders.flatMap((folder) =>
    readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
      .map((entry) => entry.name)
      .sort()
      .flatMap((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
  return sha256(...parts);
}

function stampPath(instance: InstanceName): string {
  return join(stateDir(instance), 'stamp.json');
}
