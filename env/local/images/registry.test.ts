import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { tempFolder } from '../../../host/_testing/temp-folder.ts';
import { publishImage } from './build.ts';
import { storeLayer } from './oci/layer.ts';
import { imageConfig, imageManifest, MEDIA_TYPE } from './oci/oci.ts';
import { packEntries } from './oci/tar.ts';
import { registryOver } from './registry.ts';

const root = tempFolder();
mkdirSync(join(root, 'tags', 'empty'), { recursive: true });
const layer = await storeLayer({ root }, 'key', 'one', { tar: packEntries([{ path: 'a', text: 'hello' }]) });
const config = imageConfig([layer], {});
const manifest = imageManifest(config.descriptor, [layer]);
await publishImage({ name: 'one', tag: '1.0', layers: [layer], config, manifest }, { root });

const server = registryOver({ root });
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
after(() => server.close());
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const ask = (path: string, method = 'GET'): Promise<Response> => fetch(`${url}${path}`, { method });

test('should serve a manifest by tag and by digest, and each blob by digest', async () => {
  assert.equal((await ask('/v2/')).status, 200);
  for (const reference of ['1.0', manifest.descriptor.digest]) {
    const answer = await ask(`/v2/one/manifests/${reference}?ns=registry.plumbline.test%3A5000`);
    assert.equal(answer.headers.get('content-type'), MEDIA_TYPE.manifest);
    assert.equal(answer.headers.get('docker-content-digest'), manifest.descriptor.digest);
    assert.equal(await answer.text(), manifest.bytes.toString());
  }
  assert.equal(
    await (await ask(`/v2/one/blobs/${config.descriptor.digest}`)).text(),
    config.bytes.toString(),
  );
  const blob = await ask(`/v2/one/blobs/${layer.digest}`);
  assert.equal((await blob.bytes()).length, layer.sizeBytes);
  const head = await ask('/v2/one/manifests/1.0', 'HEAD');
  assert.equal(head.headers.get('content-length'), String(manifest.bytes.length));
});

test('should have nothing else, and take nothing', async () => {
  for (const path of [
    '/v2/one/manifests/2.0',
    '/v2/two/manifests/1.0',
    '/v2/empty/manifests/..',
    '/v2/one/blobs/1.0',
    `/v2/one/blobs/sha256:${'0'.repeat(64)}`,
    '/v2/one/blobs/sha256:..%2f..%2ftags%2fone%2f1.0',
    '/v2/_catalog',
    '/',
  ])
    assert.equal((await ask(path)).status, 404, path);
  assert.equal((await ask('/v2/one/manifests/1.0', 'PUT')).status, 405);
});
