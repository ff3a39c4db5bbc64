import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { CertificateServer, expired, otherAuthority } from '../../host/_testing/refused-certificates.ts';
import { loadEnvironment } from '../../env/loader.ts';
import { apiServer } from './_testing/api-server.ts';
import type { TestServer } from './_testing/api-server.ts';
import { reachCluster } from './cluster.ts';
import type { Item } from './item.ts';

const staging = await loadEnvironment('staging');
const UID = '11111111-2222-4333-8444-555555555555';
const NAMESPACE = '/api/v1/namespaces/kube-system';
const metadata = { name: 'kube-system', uid: UID };
const VERSION = { '/version': { status: 200, body: { gitVersion: 'v1.37.2' } } };
const server = await apiServer({
  ...VERSION,
  [NAMESPACE]: { status: 200, body: { apiVersion: 'v1', kind: 'Namespace', metadata } },
});
after(() => server.close());

const digestOf = (pem: string): string =>
  createHash('sha256').update(new X509Certificate(pem).raw).digest('hex');

async function lookedAt(
  file: string,
  { of = server, uid = UID }: { of?: TestServer; uid?: string } = {},
): Promise<{ items: Item[]; reached: boolean }> {
  const pin = { kubeSystemUid: uid, caSha256: digestOf(of.ca) };
  const environment = { ...staging, cluster: { kubeconfig: { file }, pin } };
  const signal = AbortSignal.timeout(30_000);
  const { items, reached, close } = await reachCluster(environment, { deadlineMs: 3_000, signal });
  await close();
  return { items, reached: reached !== null };
}

const last = ({ items }: { items: Item[] }): Item => items.at(-1) ?? assert.fail();

test('should find the pinned cluster, step by step', async () => {
  const { items, reached } = await lookedAt(server.kubeconfig());
  assert.deepEqual(
    items.map(({ what, state }) => `${what.split(' ')[0]} ${state}`),
    ['kubeconfig ok', 'API ok', 'account ok', 'pin ok'],
  );
  assert.ok(reached);
});

test('should name a kubeconfig that is not there, or is none', async () => {
  const absent = await lookedAt('/no/such/file');
  assert.match(last(absent).detail, /\/no\/such\/file/);
  assert.deepEqual([last(absent).what, last(absent).state, absent.reached], ['kubeconfig', 'missing', false]);
});

test('should tell a server that does not answer, and one of another authority', async () => {
  const nowhere = await lookedAt(server.kubeconfig({ server: 'https://127.0.0.1:1' }));
  assert.match(last(nowhere).detail, /the connection is refused/);
  const other = await certificateFor('other.example.com');
  const untrusted = await lookedAt(server.kubeconfig({ ca: other.cert }));
  assert.match(last(untrusted).detail, /authority \(certificate-authority-data of the kubeconfig\)/);
  assert.deepEqual([nowhere.reached, untrusted.reached], [false, false]);
});

test('should tell a server whose certificate has expired, and a page of login in its place', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'plumbline-doctor-'));
  const signer = otherAuthority(folder);
  const over = await CertificateServer.listening(expired(folder, signer, 'api.example.com'));
  const at = { ca: readFileSync(signer, 'utf8'), server: `https://127.0.0.1:${over.port}` };
  const looked = await lookedAt(server.kubeconfig(at));
  await over.close();
  rmSync(folder, { recursive: true });
  assert.match(last(looked).detail, /^its certificate has expired/);
  assert.deepEqual([last(looked).add, looked.reached], ['have it renewed', false]);
  for (const [status, body] of [
    [302, ''],
    [200, '<!doctype html><title>Sign in</title>'],
  ] as const) {
    const page = await apiServer({ '/version': { status, body } });
    const of = await lookedAt(page.kubeconfig(), { of: page });
    await page.close();
    assert.deepEqual([last(of).state, of.reached], ['missing', false]);
    assert.match(last(of).detail, /login page/);
    assert.match(last(of).add ?? '', /^server of the kubeconfig: the API server itself/);
  }
});

test('should tell another cluster, and say its pin', async () => {
  const other = await lookedAt(server.kubeconfig(), { uid: '00000000-0000-4000-8000-000000000000' });
  const { what, state, detail, add } = last(other);
  assert.deepEqual([what, state, other.reached], ['pin', 'missing', false]);
  assert.match(detail, /UID of kube-system: pinned 00000000/);
  assert.match(add ?? '', new RegExp(`kubeSystemUid: ${UID}, caSha256: ${digestOf(server.ca)}`));
});

test('should tell an account that is not known, and one that may not see which cluster it is', async () => {
  for (const [status, what, detail] of [
    [401, 'account of the kubeconfig', /does not know it \(401\)/],
    [403, 'pin', /may not get the namespace kube-system/],
  ] as const) {
    const refusing = await apiServer({ ...VERSION, [NAMESPACE]: { status, body: {} } });
    const looked = await lookedAt(refusing.kubeconfig(), { of: refusing });
    await refusing.close();
    assert.deepEqual([last(looked).what, last(looked).state, looked.reached], [what, 'missing', false]);
    assert.match(last(looked).detail, detail);
    if (status === 403)
      assert.match(
        last(looked).add ?? '',
        /resources: \[namespaces\], verbs: \[get\] \}\n# ClusterRole plumbline-read of deploy\/rbac\.yaml$/,
      );
  }
});

/** Path of a kubeconfig whose user has these keys. @param cluster what differs there; undefined: it is left out */
function kubeconfigOf(of: TestServer, user: object, cluster: Record<string, unknown> = {}): string {
  const file = of.kubeconfig();
  const config = JSON.parse(readFileSync(file, 'utf8')) as {
    users: object[];
    clusters: { cluster: object }[];
  };
  config.users = [{ name: 'u', user }];
  for (const one of config.clusters) one.cluster = { ...one.cluster, ...cluster };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

test('should say of what authority the certificate of the API server is, or that it was not verified', async (t) => {
  const defaults = getCACertificates('default');
  t.after(() => setDefaultCACertificates(defaults));
  setDefaultCACertificates([...defaults, server.ca]);
  const of = async (cluster: Record<string, unknown>): Promise<Item> => {
    const { items } = await lookedAt(kubeconfigOf(server, { token: 't' }, cluster));
    return items.find(({ what }) => what.startsWith('API server')) ?? assert.fail();
  };
  const ca = { 'certificate-authority-data': undefined };
  assert.equal((await of({})).detail, 'reached, with a certificate of the authority in the kubeconfig');
  assert.match((await of(ca)).detail, /^reached, with a certificate of a public authority/);
  const skipped = await of({ ...ca, 'tls-server-name': 'other', 'insecure-skip-tls-verify': true });
  assert.match(skipped.detail, /^reached; its certificate was not verified/);
  assert.deepEqual([skipped.state, skipped.notice], ['ok', true]);
});

test('should accept no account without credentials, whatever /version answers to anybody', async () => {
  for (const status of [401, 403]) {
    const refusing = await apiServer({ ...VERSION, [NAMESPACE]: { status, body: {} } });
    const looked = await lookedAt(kubeconfigOf(refusing, {}), { of: refusing });
    await refusing.close();
    const { what, state, detail, add } = last(looked);
    assert.deepEqual([what, state, looked.reached], ['account of the kubeconfig', 'missing', false]);
    assert.match(detail, /has no credentials for it.*asked as system:anonymous/);
    assert.match(add ?? '', /tokenFile/);
  }
  const { items, reached } = await lookedAt(kubeconfigOf(server, {}));
  const account = items.find(({ what }) => what === 'account of the kubeconfig');
  assert.deepEqual([account?.notice, reached], [true, true], 'a proxy may add them');
  assert.match(account?.detail ?? '', /no credentials/);
});

test('should not take a cluster for usable whose API server does not serve, nor its account for accepted', async () => {
  const body = { message: 'etcdserver: no leader' };
  for (const status of [500, 503, 504]) {
    const failing = await apiServer({ ...VERSION, [NAMESPACE]: { status, body } });
    const looked = await lookedAt(failing.kubeconfig(), { of: failing });
    await failing.close();
    const { what, state, detail } = last(looked);
    assert.deepEqual([what, state, looked.reached], ['pin', 'missing', false]);
    assert.match(detail, new RegExp(`^the API server does not serve: .*${status} etcdserver: no leader$`));
    assert.ok(!looked.items.some(({ what: of }) => of === 'account of the kubeconfig'));
  }
});

test('should name a certificate that the kubeconfig names and that is not there', async () => {
  const looked = await lookedAt(
    kubeconfigOf(server, { 'client-certificate': 'no.crt', 'client-key': 'no.key' }),
  );
  assert.deepEqual([last(looked).what, last(looked).state], ['kubeconfig', 'missing']);
  assert.match(last(looked).detail, /client-certificate \/.*\/no\.crt cannot be read: ENOENT/);
});

test('should say to log in again where the command of the kubeconfig gives no credentials', async () => {
  const args = ['-c', 'echo "the SSO session has expired" >&2; exit 255'];
  const looked = await lookedAt(kubeconfigOf(server, { exec: { command: 'sh', args } }));
  const { what, state, detail, add } = last(looked);
  assert.deepEqual([what, state, looked.reached], ['account of the kubeconfig', 'missing', false]);
  assert.match(detail, /gives no credentials: it ended with 255: the SSO session has expired$/);
  assert.match(add ?? '', /^log in again, until this prints credentials: sh -c echo/);
});

test('should say that the command of the kubeconfig is not installed, and not to log in again', async () => {
  const exec = { command: 'plumbline-not-here', installHint: 'see https://example.com' };
  const { detail, add } = last(await lookedAt(kubeconfigOf(server, { exec })));
  assert.match(detail, /plumbline-not-here is not installed, or not on PATH: see https:\/\/example\.com$/);
  assert.match(add ?? '', /^the command that the kubeconfig names \(exec\), until this prints/);
});

test('should mention a token that soon expires', async () => {
  const inDays = (days: number): string => {
    const exp = Math.floor(Date.now() / 1000) + days * 86_400 + 60;
    return ['e30', Buffer.from(JSON.stringify({ exp })).toString('base64url'), 'x'].join('.');
  };
  const of = async (days: number): Promise<Item | undefined> =>
    (await lookedAt(server.kubeconfig({ token: inDays(days) }))).items.find(({ what }) =>
      what.startsWith('credentials'),
    );
  assert.deepEqual([(await of(3))?.notice, (await of(90))?.notice], [true, undefined]);
  assert.match((await of(3))?.detail ?? '', /expires in 3 days/);
  assert.match((await of(0))?.detail ?? '', /expires in less than a day, \d{4}-/);
});
