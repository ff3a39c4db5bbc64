/**
 * The documents of the OCI image format that are written here: config, manifest, descriptors. Pure functions.
 * Source of names and media types: OCI Image Format Specification 1.1.
 */
import { createHash } from 'node:crypto';

export const MEDIA_TYPE = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar',
  layerZstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
} as const;

/** Content address of a blob; `sizeBytes` is its compressed size. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly sizeBytes: number;
}

/** A stored layer: the blob, and the digest of the tar inside it. */
export interface Layer extends Descriptor {
  readonly name: string;
  readonly diffId: string;
  readonly unpackedBytes: number;
}

/** How a container of the image starts. */
export interface RunConfig {
  readonly entrypoint?: readonly string[];
  readonly cmd?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly workdir?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A JSON blob ready to be stored: its exact bytes and their descriptor. */
export interface Document {
  readonly bytes: Buffer;
  readonly descriptor: Descriptor;
}

const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

export function sha256(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function document(mediaType: string, value: unknown): Document {
  const bytes = Buffer.from(JSON.stringify(value));
  return { bytes, descriptor: { mediaType, digest: sha256(bytes), sizeBytes: bytes.length } };
}

/** The image config: platform, how to start, and the uncompressed layers in order, lowest first. */
export function imageConfig(layers: readonly Layer[], run: RunConfig): Document {
  const env = { PATH: DEFAULT_PATH, ...run.env };
  return document(MEDIA_TYPE.config, {
    created: '1970-01-01T00:00:00Z', // fixed, so that the same recipe always gives the same digest
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    config: {
      Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
      ...(run.entrypoint && { Entrypoint: run.entrypoint }),
      ...(run.cmd && { Cmd: run.cmd }),
      ...(run.user !== undefined && { User: run.user }),
      WorkingDir: run.workdir ?? '/',
      ...(run.labels && { Labels: run.labels }),
    },
    rootfs: { type: 'layers', diff_ids: layers.map((layer) => layer.diffId) },
    history: layers.map((layer) => ({ created: '1970-01-01T00:00:00Z', created_by: layer.name })),
  });
}

/** The manifest that a tag points at. */
export function imageManifest(config: Descriptor, layers: readonly Layer[]): Document {
  const wire = (blob: Descriptor): Record<string, unknown> => ({
    mediaType: blob.mediaType,
    digest: blob.digest,
    size: blob.sizeBytes,
  });
  return document(MEDIA_TYPE.manifest, {
    schemaVersion: 2,
    mediaType: MEDIA_TYPE.manifest,
    config: wire(config),
    layers: layers.map(wire),
  });
}
