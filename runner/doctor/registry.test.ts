import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BEARER, MANIFEST, registryOf } from './_testing/registry.ts';
import type { Repository, TestRegistry } from './_testing/registry.ts';
import { askRegistry, imageName } from './registry.ts';
import type { Availability } from './registry.ts';

const BOUNDS = { deadlineMs: 2_000 };
const GIVEN = { status: 200, text: JSON.stringify({ token: 'for-anybody' }) };

async function answerOf(repository: Repository): Promise<Availability & Pick<TestRegistry, 'asked'>> {
  const registry = await registryOf({ 'tools/node': repository });
  const { host, asked } = registry;
  try {
    return { ...(await askRegistry(name(`${host}/tools/node:24`), BOUNDS)), asked };
  } finally {
    await registry.close();
  }
}

const name = (image: string) => imageName(image) ?? assert.fail(image);

test('should find an image that anybody may have, and one that is not there', async () => {
  assert.equal((await answerOf({ manifest: MANIFEST })).is, 'there');
  const { is, detail } = await answerOf({ manifest: { status: 404 } });
  assert.deepEqual([is, detail], ['absent', 'does not have it (404)']);
});

test('should take the token that a registry gives to anybody', async () => {
  const open = await answerOf({ manifest: MANIFEST, challenge: BEARER, token: GIVEN });
  assert.equal(open.is, 'there');
  assert.deepEqual(open.asked, [
    'HEAD /v2/tools/node/manifests/24',
    'GET /token?service=registry&scope=repository%3Atools%2Fnode%3Apull',
    'HEAD /v2/tools/node/manifests/24 Bearer for-anybody',
  ]);
  const absent = await answerOf({ manifest: { status: 404 }, challenge: BEARER, token: GIVEN });
  assert.equal(absent.is, 'absent');
});

test('should not know of a private image whether it is there', async () => {
  for (const private_ of [
    { manifest: MANIFEST, challenge: 'Basic realm="registry"' },
    { manifest: MANIFEST, challenge: BEARER, token: { status: 401 } },
    { manifest: MANIFEST, challenge: BEARER, token: { status: 200, text: '{}' } },
    { manifest: MANIFEST, challenge: BEARER, token: { status: 200, text: '<html>Sign in</html>' } },
    { manifest: { status: 401 }, challenge: BEARER, token: GIVEN },
    { manifest: { status: 403 } },
  ]) {
    const { is, detail } = await answerOf(private_);
    assert.equal(is, 'unknown', JSON.stringify(private_));
    assert.match(detail, /without an account/);
  }
});

test('should follow where a registry sends on, without taking the token along, and not for ever', async () => {
  const near = await registryOf({ 'tools/node': { manifest: MANIFEST } });
  const location = `http://${near.host}/v2/tools/node/manifests/24`;
  const sent = await answerOf({
    manifest: { status: 307, headers: { location } },
    challenge: BEARER,
    token: GIVEN,
  });
  await near.close();
  assert.equal(sent.is, 'there');
  assert.deepEqual(near.asked, ['HEAD /v2/tools/node/manifests/24']);
  const around = await answerOf({
    manifest: { status: 302, headers: { location: '/v2/tools/node/manifests/24' } },
  });
  assert.deepEqual([around.is, around.asked.length], ['unknown', 4]);
});

test('should take no login page for a manifest, and no error for an answer', async () => {
  const page = { status: 200, headers: { 'content-type': 'text/html' } };
  for (const manifest of [page, { status: 503 }]) {
    const { is, detail } = await answerOf({ manifest });
    assert.equal(is, 'unknown');
    assert.match(detail, /as no registry does: a login page or a proxy may be before it/);
  }
  assert.match((await answerOf({ manifest: { status: 429 } })).detail, /no more questions from here now/);
});

test('should fail where nobody answers', async () => {
  await assert.rejects(askRegistry(name('127.0.0.1:1/tools/node:24'), BOUNDS), /ECONNREFUSED/);
});

test('should find registry, repository and reference in the name of an image', () => {
  const parts = (image: string) => {
    const { registry, repository, reference } = name(image);
    return `${registry} ${repository} ${reference}`;
  };
  assert.equal(parts('registry.example.com:5000/tools/node:24'), 'registry.example.com:5000 tools/node 24');
  assert.equal(parts('registry.example.com/node'), 'registry.example.com node latest');
  assert.equal(parts('localhost/a/b:1@sha256:ab'), 'localhost a/b sha256:ab');
  assert.equal(parts('docker.io/busybox:1.37'), 'registry-1.docker.io library/busybox 1.37');
  assert.equal(parts('docker.io/grafana/k6:2'), 'registry-1.docker.io grafana/k6 2');
  assert.equal(imageName('busybox:1.37'), null);
  assert.equal(imageName('tools/busybox:1.37'), null);
});
