import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { zstdDecompressSync } from 'node:zlib';
import { blobPath, findLayer, storeLayer } from './layer.ts';
import { sha256 } from './oci.ts';
import { packEntries, type TarStream } from './tar.ts';

async function withStore(use: (root: string) => Promise<void>): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'plumbline-layer-'));
  try {
    await use(root);
  } finally {
    await rm(root, { recursive: true });
  }
}

test('should store a layer under the digest of its bytes and find it again', async () => {
  await withStore(async (root) => {
    const stored = await storeLayer({ root }, 'key', 'one', {
      tar: packEntries([{ path: 'a', text: 'hello' }]),
    });
    const blob = await readFile(blobPath({ root }, stored.digest));
    const plain = zstdDecompressSync(blob);
    assert.deepEqual([sha256(blob), sha256(plain)], [stored.digest, stored.diffId]);
    assert.deepEqual([blob.length, plain.length], [stored.sizeBytes, stored.unpackedBytes]);
    assert.deepEqual(await findLayer({ root }, 'key'), stored);
    assert.equal(await findLayer({ root }, 'other'), undefined);
  });
});

test('should not find a layer whose blob was cut short', async () => {
  await withStore(async (root) => {
    const stored = await storeLayer({ root }, 'key', 'one', {
      tar: packEntries([{ path: 'a', text: 'hello' }]),
    });
    await truncate(blobPath({ root }, stored.digest), 3);
    assert.equal(await findLayer({ root }, 'key'), undefined);
  });
});

test('should leave nothing behind when its source fails', async () => {
  async function* broken(): TarStream {
    yield Buffer.alloc(100);
    await Promise.reject(new Error('source broke'));
  }
  await withStore(async (root) => {
    await assert.rejects(storeLayer({ root }, 'key', 'one', { tar: broken() }), /source broke/);
    assert.deepEqual([await readdir(join(root, 'blobs')), await findLayer({ root }, 'key')], [[], undefined]);
  });
});

test('should give the same digest however the tar is split into chunks', async () => {
  const bytes = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * at) % 251));
  async function* pieces(size: number): TarStream {
    for (let at = 0; at < bytes.length; at += size) {
      await Promise.resolve();
      yield bytes.subarray(at, at + size);
    }
  }
  await withStore(async (root) => {
    const digests = [];
    for (const size of [1_000, 65_536, 5_000_000]) {
      digests.push((await storeLayer({ root }, `key-${String(size)}`, 'one', { tar: pieces(size) })).digest);
    }
    assert.equal(new Set(digests).size, 1, digests.join(' '));
  });
});
