import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ALL, contextWith, imageSet, objectsWith } from './_testing/platform.ts';
import { replicasOf, urlOf } from './applied.ts';
import type { PlatformContext } from './context.ts';
import { imagesFor } from './index.ts';
import { PARTS } from './parts.ts';
import type { Part } from './part.ts';
import { STORES } from './stores.ts';

test('should find every folder that declares a store', async () => {
  const files = readdirSync(import.meta.dirname)
    .map((folder) => ({ folder, file: join(import.meta.dirname, folder, 'index.ts') }))
    .filter(({ file }) => existsSync(file));
  const declares = async ({ file }: { file: string }): Promise<boolean> =>
    'store' in ((await import(file)) as object);
  const found = await Promise.all(files.map(async (one) => ((await declares(one)) ? [one.folder] : [])));
  assert.deepEqual(found.flat(), Object.keys(STORES).sort());
});

test('should share no password between two stores', () => {
  const names = Object.values(STORES).flatMap(({ passwords }) => passwords);
  assert.deepEqual([...new Set(names)], names);
});

for (const [name, store] of Object.entries(STORES))
  test(`should need no image and no password for ${name} but those that its folder declares, and each of them`, () => {
    const built = imagesFor('local', []).map((image) => image.name);
    const own = store.images.map((image) => image.name);
    const images = Object.fromEntries(
      Object.entries(imageSet()).filter(([image]) => [...built, ...own].includes(image)),
    );
    const passwords = Object.fromEntries(store.passwords.map((one) => [one, `password ${one}.`]));
    const text = JSON.stringify(store.objects(contextWith([name], 'local', images), passwords));
    for (const password of Object.values(passwords)) assert.ok(text.includes(password), password);
    for (const image of own) assert.ok(text.includes(`/${image}:`), image);
  });

test('should read from the manifests what waits must know of them', () => {
  const objects = objectsWith(ALL);
  const members = ['redis', 'redis-sentinel', 'rabbitmq'].map((name) =>
    replicasOf(objects, 'StatefulSet', name),
  );
  assert.deepEqual([...members, replicasOf(objects, 'Deployment', 'tender-ai')], [3, 3, 3, 2]);
  assert.equal(urlOf(objects, 'rabbitmq', 'management'), 'http://198.19.128.60:15672');
  assert.equal(urlOf(objects, 'elasticsearch', 'http'), 'http://198.19.128.50:9200');
  assert.equal(urlOf(objects, 'logstore', 'http'), 'http://198.19.128.90:9200');
  assert.throws(() => urlOf(objects, 'rabbitmq', 'admin'), /Service rabbitmq has no port called "admin"/);
  assert.throws(() => replicasOf(objects, 'StatefulSet', 'oracle'), /no StatefulSet called "oracle"/);
});

/** What a wait asks of kubectl, which answers what `answer` says of a command, and nothing to all others. */
async function askedBy(part: Part, answer: (command: string) => string): Promise<string[]> {
  const asked: string[] = [];
  const context: PlatformContext = {
    ...contextWith(ALL, 'local'),
    kubectl: (argv) => {
      asked.push(argv.join(' '));
      return Promise.resolve(answer(argv.join(' ')));
    },
  };
  await part.works?.(context, { objects: objectsWith(ALL, 'local'), secrets: {} });
  return asked;
}

test('should wait for every Sentinel of the manifests', async () => {
  const known = 'flags\nmaster\nnum-slaves\n2\nOK 3 usable Sentinels.';
  const asked = await askedBy(STORES['redis']!, (command) => (command.startsWith('exec') ? known : ''));
  const pods = asked.flatMap((command) => /exec -n tender (\S+)/.exec(command)?.[1] ?? []);
  assert.deepEqual(pods, ['redis-sentinel-0', 'redis-sentinel-1', 'redis-sentinel-2']);
});

test('should wait for as many devices as the plugin is started with', async () => {
  const asked = await askedBy(PARTS.gpu, (command) => (command.startsWith('get nodes') ? 'gpu-1=2 ' : ''));
  assert.match(asked.at(-1) ?? '', /allocatable\.nvidia\\\.com\/gpu/);
});
