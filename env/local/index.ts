/**
 * The embedded environment: a real Kubernetes cluster with the reference platform, provisioned and removed on this machine.
 * Programs and images are in a cache that all checkouts share; everything else belongs to one instance.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { platformContext } from './context.ts';
import type { Target } from './context.ts';
import type { ImageSet } from './images/index.ts';
import { CommandError, EXIT } from '../../host/errors.ts';
import { leftovers } from './leftovers.ts';
import { lockPath, takeLock } from '../../host/lock.ts';
import { clusterOf, make, Rest, whole } from './make.ts';
import type { Tell } from './make.ts';
import type { ClusterSize, InstanceName } from './nodes/addressing.ts';
import { ensurePackages } from './machine/packages.ts';
import { stateDir } from '../../host/paths.ts';
import { imagesFor, platformFingerprint, sizesOf, toolsFor } from './platform/index.ts';
import { findingsOf, judgeMachine, lookAtMachine } from './machine/preflight.ts';
import type { Finding, Machine, Need } from './machine/preflight.ts';
import { needOf } from './need.ts';
import type { Wanted } from './need.ts';
import { Progress, recordDurations, recordedDurations } from './progress.ts';
import type { UpProgress } from './progress.ts';
import { clusterUid, provisionCluster, provisionPlatform, restoreHealth } from './provision.ts';
import { refuseSharedBlock } from './shared-block.ts';
import { storesProvisioned } from './stores-provisioned.ts';
import { sha256, sourcesFingerprint, standingStamp, unfinishedStamp, writeStamp } from './state/stamp.ts';
import type { Stamp } from './state/stamp.ts';
import { removeInstance, restoreUnusedHost } from './teardown.ts';
import { toolsBuilt } from './toolchain/index.ts';
import { errorText } from '../../reports/record/error-text.ts';

export { packArchive, unpackArchive } from './archive.ts';
export { broughtPackages } from './machine/installed.ts';
export { INSTANCES } from './nodes/addressing.ts';

export { EnvironmentHeldError, instanceHolder as holder } from '../../host/lock.ts';
export type { LockHolder } from '../../host/lock.ts';
export { PreflightError } from './machine/preflight.ts';
export type { Finding } from './machine/preflight.ts';
export type { UpProgress } from './progress.ts';
export { readStamp } from './state/stamp.ts';
export type { Stamp } from './state/stamp.ts';
export { leftovers } from './leftovers.ts';
export { status } from './status.ts';
export type { LocalStatus } from './status.ts';

/** What is to be provisioned. */
export type UpOptions = {
  readonly instance: InstanceName;
  readonly size: ClusterSize;
  /** Stores and parts. Default: those that were provisioned last; the first time, PostgreSQL. */
  readonly with?: readonly string[];
  readonly onProgress?: (progress: UpProgress) => void;
  readonly signal?: AbortSignal;
  /** Throws while a run that must not be disturbed uses the instance. Called with the instance locked, before anything is changed. */
  readonly refuse?: () => void;
};

/** An environment that is up. */
export type UpResult = {
  readonly kubeconfig: string;
  readonly stamp: Stamp;
  /** False when a healthy environment was up already. */
  readonly created: boolean;
  /**
   * Resolves when the platform works; rejects with the reason when it cannot be provisioned. With an empty cache that is minutes after
   * the cluster is ready, because the platform's programs and images are still being built. The environment's lock is held until then.
   */
  readonly platformReady: Promise<void>;
};

async function lookedAt(
  asked: Wanted,
  signal: AbortSignal | undefined,
): Promise<{ machine: Machine; need: Need }> {
  return { machine: await lookAtMachine(asked, signal), need: await needOf(asked, signal) };
}

/** The requirements that `up` checks first, with a problem for each that is not met. Changes nothing. */
export async function checkMachine({
  instance,
  size,
  with: words = storesProvisioned(instance),
  signal,
}: Pick<UpOptions, 'instance' | 'size' | 'with' | 'signal'>): Promise<Finding[]> {
  const { machine, need } = await lookedAt({ instance, size, words }, signal);
  return findingsOf(machine, need);
}

/**
 * Provisions an environment, or returns the one that is up if it is healthy and its fingerprint is the same.
 * @throws PreflightError before anything is changed when the machine cannot hold it; EnvironmentHeldError while another
 * process provisions or removes it; CommandError (75) while another instance has the same addresses; otherwise the error of the
 * step that failed. What was built until then is kept.
 */
export async function up(options: UpOptions): Promise<UpResult> {
  const { instance, size, signal } = options;
  refuseSize(instance, size);
  const words = options.with ?? storesProvisioned(instance);
  const { machine, need } = await lookedAt({ instance, size, words }, signal);
  judgeMachine(machine, need);
  const { built } = need;
  const release = takeLock(lockPath(instance));
  const key = timingKey(size, built);
  const progress = new Progress(options.onProgress ?? (() => undefined), recordedDurations(key));
  const end = (): void => {
    progress.stop();
    release();
  };
  let provisioned: Provisioned;
  try {
    options.refuse?.();
    await refuseSharedBlock(instance, { signal });
    provisioned = await provision(options, progress);
  } catch (error) {
    end();
    throw error;
  }
  const { stamp, created } = provisioned;
  const platformReady = provisioned.platformReady
    .then(() => {
      if (created) recordDurations(key, progress.finish());
    })
    .finally(end);
  // A caller that does not await the platform must not get an unhandled rejection.
  platformReady.catch(() => undefined);
  if (built) await platformReady;
  return { kubeconfig: kubeconfigOf(instance), stamp, created, platformReady };
}

/**
 * Removes an environment: processes, cgroups, namespaces, links, routes and its state. Also removes what a crash or an
 * interrupted set-up left. The cache of programs and images stays.
 * @throws EnvironmentHeldError while another process provisions or removes it; Error that lists what could not be removed.
 */
export async function down(options: {
  readonly instance: InstanceName;
  readonly signal?: AbortSignal;
  /** As for `up`. */
  readonly refuse?: () => void;
}): Promise<void> {
  const { instance, signal } = options;
  const release = takeLock(lockPath(instance));
  let left: string[];
  try {
    options.refuse?.();
    await removeInstance(instance, { signal });
    left = await leftovers(instance, { signal });
  } finally {
    release();
  }
  await restoreUnusedHost();
  if (left.length > 0)
    throw new Error(
      `${instance} was removed, except for the following; run env down again:\n  ${left.join('\n  ')}`,
    );
}

/** @throws CommandError (64) for a size in which the platform of the instance cannot be provisioned */
function refuseSize(instance: InstanceName, size: ClusterSize): void {
  const sizes = sizesOf(instance);
  if (!sizes.includes(size))
    throw new CommandError(
      `${instance} cannot be provisioned in the size ${size}; its sizes: ${sizes.join(', ')}`,
      EXIT.usage,
    );
}

type Provisioned = {
  readonly stamp: Stamp;
  readonly created: boolean;
  readonly platformReady: Promise<void>;
};

async function provision(options: UpOptions, progress: Progress): Promise<Provisioned> {
  const { instance, size, signal } = options;
  const before = standingStamp(instance, size);
  const words = [...(options.with ?? storesProvisioned(instance))].sort();
  progress.begin('packages', 'checking the system packages');
  await ensurePackages(words, { onProgress: (message) => progress.message(message), signal });
  // Only a new cluster starts before everything is built: the fingerprint of an environment that is up covers every image.
  const clusterFirst = before === null && !(await toolsBuilt(toolsFor(instance, words), signal));
  const asked = { instance, size, with: words, signal };
  const tell: Tell = (message, fraction) => progress.message(message, fraction);
  progress.begin('toolchain', 'checking the compiled programs');
  const target = await make(asked, clusterFirst ? clusterOf(asked) : whole(asked), {
    tell,
    onImages: () => progress.begin('images', 'checking the images'),
  });
  const reused = clusterFirst ? null : await reuse(target, before, progress);
  if (reused !== null) return { stamp: reused, created: false, platformReady: Promise.resolve() };
  const rest = clusterFirst ? new Rest(asked) : null;
  let stamp: Stamp;
  try {
    await provisionCluster(target, progress);
    stamp = await makeStamp(target);
    writeStamp(stamp);
  } catch (error) {
    await rest?.abandon();
    throw error;
  }
  const finish = async (): Promise<void> => {
    if (rest !== null) progress.begin('platform', 'building the programs and images of the platform');
    const complete = rest === null ? target : await rest.made(tell);
    await provisionPlatform(complete, progress);
    writeStamp({ ...stamp, fingerprint: fingerprintOf(complete) });
  };
  return { stamp, created: true, platformReady: finish() };
}

const REASON_CHARACTERS = 400;

/** The stamp of the environment that is up, if its fingerprint is the same and it is healthy or can be repaired; otherwise null. */
async function reuse(target: Target, stamp: Stamp | null, progress: Progress): Promise<Stamp | null> {
  if (stamp === null) return null;
  // Stores can be added to an environment that is up. To leave one out it is provisioned from nothing, or the old store would stay.
  if (!stamp.with.every((store) => target.with.includes(store))) return null;
  if (stamp.fingerprint !== fingerprintOf({ ...target, with: stamp.with })) return null;
  const more = stamp.with.length < target.with.length;
  progress.begin('platform-ready', 'checking the health of the environment that is up');
  try {
    await restoreHealth(target, stamp.uid, more);
  } catch (error) {
    target.signal?.throwIfAborted();
    target.say(
      `the environment that is up does not become healthy and is provisioned again: ${ending(errorText(error))}`,
    );
    return null;
  }
  if (!more) return stamp;
  const next = { ...stamp, with: target.with, fingerprint: fingerprintOf(target) };
  writeStamp(next);
  return next;
}

/** The last words of an error: a command says first how it was called, and last why it failed. */
function ending(text: string): string {
  return text.length > REASON_CHARACTERS ? `…${text.slice(-REASON_CHARACTERS)}` : text;
}

/** The stamp of a cluster whose platform is not complete yet: its fingerprint is null. */
async function makeStamp(target: Target): Promise<Stamp> {
  const ca = Buffer.from(
    /certificate-authority-data: (\S+)/.exec(readFileSync(kubeconfigOf(target.instance), 'utf8'))?.[1] ?? '',
    'base64',
  );
  return {
    ...unfinishedStamp(target),
    uid: await clusterUid(target),
    caSha256: createHash('sha256').update(new X509Certificate(ca).raw).digest('hex'),
  };
}

/** Hash of everything that decides what the environment is. The programs count by the name of their folder, a hash of their sources. */
function fingerprintOf(target: Target): string {
  const here = import.meta.dirname;
  const sources = sourcesFingerprint([join(here, 'nodes'), join(here, 'cluster')]);
  const images = imagesFor(target.instance, target.with).map(({ name }) => digestOf(target.images, name));
  return sha256(target.binDir, target.size, sources, platformFingerprint(platformContext(target)), ...images);
}

function digestOf(images: ImageSet, name: string): string {
  return images[name]?.digest ?? '';
}

function kubeconfigOf(instance: InstanceName): string {
  return join(stateDir(instance), 'kubeconfig');
}

function timingKey(size: ClusterSize, built: boolean): string {
  return `${size}/${built ? 'built' : 'empty'}`;
}
