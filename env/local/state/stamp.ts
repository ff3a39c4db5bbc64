import { createHash } from 'node:crypto';
import { readFileSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClusterSize, InstanceName } from '../nodes/addressing.ts';
import { stateDir } from '../../../host/paths.ts';
import { bootId } from '../../../host/process-identity.ts';

/** Record of an environment that `env up` provisioned. It also identifies the environment, as the pins in an environment file do. */
export type Stamp = {
  readonly instance: InstanceName;
  readonly size: ClusterSize;
  /** The stores and parts that were provisioned. */
  readonly with: readonly string[];
  /** UID of the namespace kube-system, which identifies the cluster; empty until there is one. */
  readonly uid: string;
  /** SHA-256 of the cluster's CA certificate in DER, as it is pinned in environment files; empty likewise. */
  readonly caSha256: string;
  /** Hash of everything that decides what the cluster and its platform are; null until the platform is complete. */
  readonly fingerprint: string | null;
  /** Wall clock, ISO 8601. */
  readonly createdAt: string;
  readonly bootId: string;
};

/** The stamp of an instance, or null when it was never provisioned, or was removed. */
export function readStamp(instance: InstanceName): Stamp | null {
  try {
    return JSON.parse(readFileSync(stampPath(instance), 'utf8')) as Stamp;
  } catch {
    return null;
  }
}

/** Writes the stamp atomically. */
export function writeStamp(stamp: Stamp): void {
  const path = stampPath(stamp.instance);
  writeFileSync(`${path}.new`, `${JSON.stringify(stamp, null, 2)}\n`);
  renameSync(`${path}.new`, path);
}

/** Whether the environment was provisioned completely, and since the last boot: nothing of it survives a reboot. */
export function isStanding(stamp: Stamp | null): stamp is Stamp {
  return stamp !== null && stamp.fingerprint !== null && stamp.bootId === bootId();
}

/** The stamp of an environment that was provisioned to the end since the last boot, in this size; otherwise null. */
export function standingStamp(instance: InstanceName, size: ClusterSize): Stamp | null {
  const stamp = readStamp(instance);
  return isStanding(stamp) && stamp.size === size ? stamp : null;
}

/** Whether there was a cluster; an environment whose provisioning ended before that has a stamp too (unfinishedStamp). */
export function hadCluster(stamp: Stamp | null): boolean {
  return stamp !== null && stamp.uid !== '';
}

/** The stamp of an environment that is being provisioned. It keeps what was chosen if that is interrupted, and counts as no environment. */
export function unfinishedStamp({
  instance,
  size,
  with: words,
}: Pick<Stamp, 'instance' | 'size' | 'with'>): Stamp {
  return {
    instance,
    size,
    with: words,
    uid: '',
    caSha256: '',
    fingerprint: null,
    createdAt: new Date().toISOString(),
    bootId: bootId(),
  };
}

/** SHA-256 in hexadecimal. */
export function sha256(...parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** A hash over the source files of some folders, without tests: it changes when the code that makes a node or a cluster changes. */
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
