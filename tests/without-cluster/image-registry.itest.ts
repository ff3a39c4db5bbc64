/** What the real registry answers of images to `plumbline doctor`: open, with passwords, and with tokens. */
import assert from 'node:assert/strict';
import { createPrivateKey, sign, X509Certificate } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fetchPackages } from '../../env/local/images/debian/debian.ts';
import { debianArchives } from '../../env/local/images/index.ts';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { freePort } from '../../host/_testing/free-port.ts';
import { askOnce } from '../../host/http.ts';
import { waitFor } from '../../host/wait.ts';
import { askRegistry, imageName } from '../../runner/doctor/registry.ts';
import type { Availability } from '../../runner/doctor/registry.ts';

const BOUNDS = { deadlineMs: 5_000 };
const ISSUER = 'tokens.test';
const SERVICE = 'registry.test';
const folder = mkdtempSync(join(tmpdir(), 'plumbline-images-'));
const children: ChildProcess[] = [];
/** Repositories that the service of tokens gives to anybody. */
const FREE = ['tools/node', 'tools/none'];
let key = '';
let certificate = '';

const tokens = createServer((request, response) => {
  const { searchParams } = new URL(request.url ?? '', 'http://tokens');
  const [, name = ''] = (searchParams.get('scope') ?? '').split(':');
  const access = FREE.includes(name) ? [{ type: 'repository', name, actions: ['pull'] }] : [];
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ token: tokenFor(access) }));
});

before(async () => {
  for (const archive of await fetchPackages(['docker-registry'], {
    debsDir: debianArchives(),
    tempDir: folder,
  }))
    execFileSync('dpkg-deb', ['-x', archive, folder], { timeout: 60_000 });
  const made = await certificateFor(ISSUER);
  ({ key, cert: certificate } = made);
  writeFileSync(join(folder, 'bundle.pem'), certificate);
  writeFileSync(join(folder, 'htpasswd'), 'somebody:$2y$05$unusable\n');
  await new Promise<void>((resolve) => tokens.listen(0, '127.0.0.1', resolve));
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  tokens.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A JSON web token that a registry accepts (distribution, "Token Authentication Implementation"). */
function tokenFor(access: readonly object[]): string {
  const now = Math.floor(Date.now() / 1000);
  const part = (of: object): string => Buffer.from(JSON.stringify(of)).toString('base64url');
  const x5c = [new X509Certificate(certificate).raw.toString('base64')];
  const claims = {
    iss: ISSUER,
    sub: '',
    aud: SERVICE,
    iat: now,
    nbf: now - 10,
    exp: now + 60,
    jti: 'one',
    access,
  };
  const text = `${part({ typ: 'JWT', alg: 'ES256', x5c })}.${part(claims)}`;
  const signature = sign('sha256', Buffer.from(text), {
    key: createPrivateKey(key),
    dsaEncoding: 'ieee-p1363',
  });
  return `${text}.${signature.toString('base64url')}`;
}

/** One more registry over the same images. @returns its host */
async function serving(auth: object | null): Promise<string> {
  const host = `127.0.0.1:${await freePort()}`;
  const file = join(folder, `registry-${children.length}.yml`);
  const storage = { filesystem: { rootdirectory: join(folder, 'storage') } };
  const log = { level: 'error', accesslog: { disabled: true } };
  writeFileSync(
    file,
    JSON.stringify({ version: 0.1, log, storage, http: { addr: host }, ...(auth && { auth }) }),
  );
  children.push(
    spawn('setpriv', ['--pdeathsig', 'KILL', join(folder, 'usr/bin/docker-registry'), 'serve', file], {
      stdio: 'ignore',
    }),
  );
  const look = async (): Promise<true | null> => {
    const { status } = await askOnce({ url: `http://${host}` }, { path: '/v2/' }, { deadlineMs: 500 });
    return [200, 401].includes(status) ? true : null;
  };
  await waitFor(look, { what: `the registry at ${host}`, deadlineMs: 15_000 });
  return host;
}

async function push(host: string): Promise<void> {
  const mediaType = 'application/vnd.oci.image.index.v1+json';
  const body = JSON.stringify({ schemaVersion: 2, mediaType, manifests: [] });
  for (const repository of ['tools/node', 'private/node']) {
    const url = `http://${host}/v2/${repository}/manifests/24`;
    const { status } = await fetch(url, { method: 'PUT', headers: { 'content-type': mediaType }, body });
    assert.equal(status, 201);
  }
}

async function answerOf(host: string, image: string): Promise<Availability> {
  return askRegistry(imageName(`${host}/${image}`) ?? assert.fail(), BOUNDS);
}

test('should find what a real registry has and has not, and know nothing of what it hides', async () => {
  const open = await serving(null);
  await push(open);
  assert.equal((await answerOf(open, 'tools/node:24')).is, 'there');
  assert.equal((await answerOf(open, 'tools/node:25')).is, 'absent');
  assert.equal((await answerOf(open, 'tools/none:24')).is, 'absent');

  const closed = await serving({ htpasswd: { realm: 'basic', path: join(folder, 'htpasswd') } });
  assert.deepEqual(await answerOf(closed, 'tools/node:24'), {
    is: 'unknown',
    detail: 'tells nobody without an account whether it is there (401)',
  });

  const realm = `http://127.0.0.1:${(tokens.address() as AddressInfo).port}/token`;
  const rootcertbundle = join(folder, 'bundle.pem');
  const hub = await serving({ token: { realm, service: SERVICE, issuer: ISSUER, rootcertbundle } });
  assert.equal((await answerOf(hub, 'tools/node:24')).is, 'there');
  assert.equal((await answerOf(hub, 'tools/none:24')).is, 'absent');
  assert.match((await answerOf(hub, 'private/node:24')).detail, /without an account/);
});
