import assert from 'node:assert/strict';
import { test } from 'node:test';
import { imageConfig, imageManifest, MEDIA_TYPE, sha256, type Layer } from './oci.ts';

const layer = (name: string): Layer => ({
  name,
  mediaType: MEDIA_TYPE.layerZstd,
  digest: sha256(`${name} packed`),
  diffId: sha256(`${name} plain`),
  sizeBytes: 10,
  unpackedBytes: 30,
});

test('should list the digests of uncompressed layers in the config and of compressed ones in the manifest', () => {
  const layers = [layer('base'), layer('app')];
  const config = imageConfig(layers, { entrypoint: ['/app'], user: '65532:65532', env: { LANG: 'C' } });
  const manifest = imageManifest(config.descriptor, layers);
  const parsedConfig = JSON.parse(config.bytes.toString()) as {
    rootfs: { diff_ids: string[] };
    config: { Env: string[]; User: string };
  };
  const parsed = JSON.parse(manifest.bytes.toString()) as {
    config: { digest: string; size: number };
    layers: { digest: string; size: number }[];
  };
  assert.deepEqual(
    parsedConfig.rootfs.diff_ids,
    layers.map((one) => one.diffId),
  );
  assert.deepEqual(
    parsed.layers.map((one) => one.digest),
    layers.map((one) => one.digest),
  );
  assert.deepEqual([parsed.config.digest, parsed.config.size], [sha256(config.bytes), config.bytes.length]);
  assert.ok(
    parsedConfig.config.Env.includes('LANG=C') &&
      parsedConfig.config.Env.some((entry) => entry.startsWith('PATH=')),
  );
  assert.equal(parsedConfig.config.User, '65532:65532');
});

test('should give an image another digest when a layer differs', () => {
  const digestOf = (names: string[]): string => {
    const layers = names.map(layer);
    return imageManifest(imageConfig(layers, {}).descriptor, layers).descriptor.digest;
  };
  assert.equal(digestOf(['base', 'a']), digestOf(['base', 'a']));
  assert.notEqual(digestOf(['base', 'a']), digestOf(['base', 'b']));
});
