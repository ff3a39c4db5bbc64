import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { inspect } from 'node:util';
import { closed, kubeconfigText, listening } from './_testing/listening.ts';
import type { Listening } from './_testing/listening.ts';
import { KubeError } from './errors.ts';
import { authorityOf, caDigests, loadKubeConfig, sendsCredentials, Transport } from './transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-kubeconfig-'));
mkdirSync(join(folder, 'tokens'));
const GET = { method: 'GET', verb: 'get', path: '/version', timeoutMs: 10_000 } as const;
let api: Listening;
/** The token of each request. */
let shown: string[] = [];

before(async () => {
  api = await listening();
  api.server.on('request', (request, response) => {
    shown.push(request.headers.authorization ?? '');
    response.end('{}');
  });
});
beforeEach(() => (shown = []));
after(async () => {
  await closed(api);
  rmSync(folder, { recursive: true });
});

let files = 0;

/** Path of a kubeconfig whose user and cluster have these keys. */
function fileOf({ user, cluster = {} }: { user: object; cluster?: object }): string {
  const config = JSON.parse(kubeconfigText(api)) as {
    users: { user: object }[];
    clusters: { cluster: object }[];
  };
  for (const one of config.users) one.user = user;
  for (const one of config.clusters) one.cluster = { ...one.cluster, ...cluster };
  const file = join(folder, `kubeconfig-${++files}`);
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** The token that each of two requests has, the file being written again between them. */
async function tokensOf(user: object): Promise<string[]> {
  writeFileSync(join(folder, 'tokens', 'account'), 'first\n');
  const client = new Transport(loadKubeConfig(fileOf({ user })));
  await client.exchange(GET);
  writeFileSync(join(folder, 'tokens', 'account'), 'second\n');
  await client.exchange(GET);
  client.close();
  return shown;
}

test('should send the token of a tokenFile, found beside the kubeconfig and read again when it is replaced', async () => {
  assert.deepEqual(await tokensOf({ tokenFile: 'tokens/account' }), ['Bearer first', 'Bearer second']);
});

test('should prefer a tokenFile to the token beside it, as kubectl does', async () => {
  const user = { tokenFile: join(folder, 'tokens', 'account'), token: 'other' };
  assert.deepEqual(await tokensOf(user), ['Bearer first', 'Bearer second']);
});

test('should know whether an account sends credentials', async () => {
  writeFileSync(join(folder, 'tokens', 'account'), 'first');
  const { signal } = new AbortController();
  const sends = (user: object): Promise<boolean> =>
    sendsCredentials(loadKubeConfig(fileOf({ user })), signal);
  for (const user of [{ token: 't' }, { tokenFile: 'tokens/account' }, { username: 'u', password: 'p' }])
    assert.equal(await sends(user), true, JSON.stringify(user));
  assert.equal(await sends({}), false);
});

test('should name the key and the file where a file of the kubeconfig cannot be read', () => {
  writeFileSync(join(folder, 'empty'), '\n');
  for (const [of, said] of [
    [{ user: { tokenFile: 'no-such' } }, /tokenFile \/.*\/no-such cannot be read: ENOENT/],
    [{ user: { tokenFile: 'empty' } }, /tokenFile \/.*\/empty cannot be read: it is empty$/],
    [{ user: { 'client-certificate': 'no.crt' } }, /client-certificate \/.*\/no\.crt cannot be read: ENOENT/],
    [
      { user: {}, cluster: { 'certificate-authority': 'no-ca.crt' } },
      /certificate-authority \/.*\/no-ca\.crt cannot be read: ENOENT/,
    ],
  ] as const)
    assert.throws(
      () => loadKubeConfig(fileOf(of)),
      (error) => error instanceof KubeError && error.reason === 'invalid' && said.test(error.message),
      String(said),
    );
});

test('should say where a kubeconfig is no YAML, and nothing of what stands in it', () => {
  const file = join(folder, 'no-yaml');
  const user = '    token: s3cret-before\n';
  for (const [text, said] of [
    [`users:\n- user:\n${user}   key: s3cret: s3cret\n`, /at line 4, column \d+: [a-z ]+$/],
    [`users:\n- user:\n${user}    token: s3cret\n`, /at line 4, column 5: duplicated mapping key$/],
    [`users:\n- user:\n    token: *s3cret\n`, /at line 3, column \d+: unidentified alias$/],
    [`users:\n- user:\n    token: !s3cret s3cret\n`, /at line 3, column \d+: unknown scalar tag$/],
    [`users:\n- user:\n    token: "s3cret\n`, /at line \d+, column \d+: [a-z ]+$/],
    ['{"users": [{"user": {"token": "s3cret" "a": 1}}]}', /at line 1, column \d+: [a-z ]+$/],
    ['', /: not valid YAML: expected a document, but the input is empty$/],
  ] as const) {
    writeFileSync(file, text);
    assert.throws(
      () => loadKubeConfig(file),
      (error) => {
        assert.ok(error instanceof KubeError);
        assert.match(error.message, /^kubeconfig \S+\/no-yaml cannot be read: not valid YAML/);
        assert.match(error.message, said);
        assert.doesNotMatch(inspect(error), /s3cret/);
        return error.reason === 'invalid';
      },
      text,
    );
  }
});

test('should print no warning of a parser, which quotes the file as well', async (context) => {
  const warned: Error[] = [];
  const onWarning = (warning: Error): void => void warned.push(warning);
  process.on('warning', onWarning);
  context.after(() => process.off('warning', onWarning));
  const file = join(folder, 'directive');
  writeFileSync(file, `%S3CRET s3cret\n---\n${kubeconfigText(api)}`);
  loadKubeConfig(file);
  await setImmediate(); // warnings come in the next tick
  assert.deepEqual(warned, []);
});

test('should find certificates beside a kubeconfig that is itself named by a relative path', () => {
  writeFileSync(join(folder, 'ca.crt'), api.ca);
  const cluster = { 'certificate-authority': 'ca.crt', 'certificate-authority-data': undefined };
  const file = fileOf({ user: {}, cluster });
  const before = process.cwd();
  process.chdir(dirname(folder));
  try {
    assert.equal(authorityOf(loadKubeConfig(relative(dirname(folder), file))), api.ca);
  } finally {
    process.chdir(before);
  }
});

test('should know a cluster by no authority that its certificate is not held to', () => {
  const digests = (cluster: object): number =>
    caDigests(loadKubeConfig(fileOf({ user: {}, cluster }))).length;
  assert.equal(digests({}), 1);
  assert.equal(digests({ 'insecure-skip-tls-verify': true }), 0);
});
