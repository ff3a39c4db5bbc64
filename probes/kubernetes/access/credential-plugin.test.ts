import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { after, before, beforeEach, test } from 'node:test';
import { identify } from '../../../host/process-identity.ts';
import { waitFor } from '../../../host/wait.ts';
import { closed, kubeconfigText, listening } from '../_testing/listening.ts';
import type { Listening } from '../_testing/listening.ts';
import { KubeError } from '../errors.ts';
import { openForward } from '../port-forward.ts';
import { loadKubeConfig, Transport } from '../transport.ts';

const folder = mkdtempSync(join(tmpdir(), 'plumbline-credentials-'));
/** A line for each process of a command. */
const STARTED = join(folder, 'started');
const GET = { method: 'GET', verb: 'get', path: '/version', timeoutMs: 10_000 } as const;
let api: Listening;
/** The token of each request. */
let shown: string[] = [];
/** Tokens that the server does not know any more. */
let unknown: string[] = [];

before(async () => {
  api = await listening();
  api.server.on('request', (request, response) => {
    const token = request.headers.authorization ?? '';
    shown.push(token);
    response.writeHead(unknown.includes(token) ? 401 : 200).end('{}');
  });
  api.server.on('upgrade', (_request: IncomingMessage, socket: Duplex) =>
    socket.end('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\nconnection: close\r\n\r\n'),
  );
});
beforeEach(() => {
  [shown, unknown] = [[], []];
  rmSync(STARTED, { force: true });
});
after(async () => {
  await closed(api);
  rmSync(folder, { recursive: true });
});

let files = 0;

/** A client whose kubeconfig has this shell script for a command, named by a path beside it. */
function clientOf(script: string, args: string[] = []): Transport {
  const name = `plugin-${++files}`;
  writeFileSync(join(folder, name), `#!/bin/sh\necho $$ >> ${STARTED}\n${script}\n`);
  chmodSync(join(folder, name), 0o755);
  return clientOfCommand(`./${name}`, { args, provideClusterInfo: true });
}

/** @param more of `exec` in the kubeconfig */
function clientOfCommand(command: string, more: object = {}): Transport {
  const config = JSON.parse(kubeconfigText(api)) as { users: { user: object }[] };
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, ...more };
  for (const one of config.users) one.user = { exec };
  const file = join(folder, `${++files}.kubeconfig`);
  writeFileSync(file, JSON.stringify(config));
  return new Transport(loadKubeConfig(file));
}

const credential = (status: object): string => `echo '${JSON.stringify({ kind: 'ExecCredential', status })}'`;
const started = (): string[] => (existsSync(STARTED) ? readFileSync(STARTED, 'utf8').trim().split('\n') : []);

async function failureOf(asked: Promise<unknown>): Promise<KubeError> {
  const error = await asked.then(
    () => null,
    (cause: unknown) => cause,
  );
  assert.ok(error instanceof KubeError, String(error));
  return error;
}

test('should run the command once for all who wait, and keep what it prints until it expires', async () => {
  const client = clientOf(`sleep 0.2\n${credential({ token: 't' })}`);
  const answers = await Promise.all(Array.from({ length: 8 }, () => client.exchange(GET)));
  assert.deepEqual([answers.map(({ status }) => status), started().length], [Array(8).fill(200), 1]);
  assert.deepEqual(new Set(shown), new Set(['Bearer t']));
  const past = clientOf(credential({ token: 'p', expirationTimestamp: '2020-01-01T00:00:00Z' }));
  for (const times of [2, 3]) {
    await past.exchange(GET);
    assert.equal(started().length, times, 'what has expired is not kept');
  }
  client.close();
  past.close();
});

test('should ask the command again when the server no longer knows what it printed', async () => {
  const client = clientOf(`echo "{\\"status\\":{\\"token\\":\\"t$(wc -l < ${STARTED} | tr -d ' ')\\"}}"`);
  assert.equal((await client.exchange(GET)).status, 200);
  unknown = ['Bearer t1'];
  assert.deepEqual([(await client.exchange(GET)).status, (await client.exchange(GET)).status], [401, 200]);
  assert.deepEqual(shown, ['Bearer t1', 'Bearer t1', 'Bearer t2']);
  client.close();
});

test('should ask the command again when a connection into a pod was refused for what it printed', async () => {
  const client = clientOf(`echo "{\\"status\\":{\\"token\\":\\"t$(wc -l < ${STARTED} | tr -d ' ')\\"}}"`);
  const to = { namespace: 'n', pod: 'p', port: 1 };
  assert.equal(
    (await failureOf(openForward(client.config, to, { deadlineMs: 5_000 }))).reason,
    'unauthorized',
  );
  await client.exchange(GET);
  assert.deepEqual(shown, ['Bearer t2']);
  client.close();
});

test('should renew what expires soon while it is still used, and bear a renewal that fails', async (t) => {
  const until = join(folder, 'until');
  const go = join(folder, 'go');
  const broken = join(folder, 'broken');
  const hours = (count: number): number => count * 3_600_000;
  const now = Date.now.bind(Date);
  const expiresIn = (ms: number): void => writeFileSync(until, new Date(now() + ms).toISOString());
  const client = clientOf(
    `[ -e ${broken} ] && exit 1\nn=$(wc -l < ${STARTED} | tr -d ' ')\n` +
      `[ $n = 1 ] || while [ ! -e ${go} ]; do sleep 0.02; done\n` +
      `echo "{\\"status\\":{\\"token\\":\\"t$n\\",\\"expirationTimestamp\\":\\"$(cat ${until})\\"}}"`,
  );
  expiresIn(hours(1));
  await client.exchange(GET);
  let aheadMs = hours(1) - 100_000;
  t.mock.method(Date, 'now', () => now() + aheadMs);
  await client.exchange(GET);
  assert.equal(started().length, 1, 'not yet');
  aheadMs = hours(1) - 40_000;
  for (let i = 0; i < 3; i++) await client.exchange(GET);
  await waitFor(() => (started().length === 2 ? true : null), { deadlineMs: 5_000, what: 'the renewal' });
  assert.deepEqual(new Set(shown), new Set(['Bearer t1']), 'nobody waits for it');
  expiresIn(hours(2));
  writeFileSync(go, '');
  const renewed = async (): Promise<true | null> => {
    await client.exchange(GET);
    return shown.at(-1) === 'Bearer t2' ? true : null;
  };
  await waitFor(renewed, { deadlineMs: 5_000, what: 'what was renewed' });
  writeFileSync(broken, '');
  aheadMs = hours(2) - 40_000;
  await client.exchange(GET);
  await waitFor(() => (started().length === 3 ? true : null), { deadlineMs: 5_000, what: 'another renewal' });
  assert.equal((await client.exchange(GET)).status, 200);
  assert.equal(shown.at(-1), 'Bearer t2');
  client.close();
});

test('should give a command that waits for a person no more time than its caller has, and end it', async () => {
  const client = clientOf(
    `echo "enter the code AB-12 at https://device.example.com/?code=AB-12" >&2\nsleep 600 & echo $! >> ${STARTED}\nwait`,
  );
  const error = await failureOf(client.exchange({ ...GET, timeoutMs: 300 }));
  assert.equal(error.reason, 'credentials');
  assert.match(
    error.message,
    /gives no credentials: it has not ended in time: enter the code AB-12 at https:\/\/device\.example\.com\/\*\*\*; log in again$/,
  );
  const stop = new AbortController();
  const impatient = failureOf(client.exchange({ ...GET, signal: stop.signal }));
  await waitFor(() => (started().length === 4 ? true : null), { deadlineMs: 5_000, what: 'the command' });
  stop.abort();
  assert.equal((await impatient).reason, 'aborted');
  const left = () => started().filter((pid) => identify(Number(pid)) !== null);
  await waitFor(() => (left().length === 0 ? true : null), { deadlineMs: 5_000, what: 'the end of both' });
  client.close();
});

test('should say with what a command failed, without the secrets of its arguments', async () => {
  const said =
    'echo first >&2\necho "session of s3cret-1 has expired (s3cret-2, eyJhbGciOi.eyJz.x)" >&2\nexit 255';
  const client = clientOf(said, [
    'get-token',
    '--client-secret=s3cret-1',
    '--password',
    's3cret-2',
    '--name',
    'c',
  ]);
  const { reason, message } = await failureOf(client.exchange(GET));
  assert.equal(reason, 'credentials');
  assert.match(
    message,
    /^get \/version at https:.*`\.\/plugin-\d+ get-token --client-secret=\*\*\* --password \*\*\* --name c` gives no credentials: it ended with 255: first session of \*\*\* has expired \(\*\*\*, \*\*\*\); log in again$/,
  );
  const silent = clientOf('echo "{}"');
  assert.match(
    (await failureOf(silent.exchange(GET))).message,
    /it printed no ExecCredential; log in again$/,
  );
  assert.deepEqual(shown, []);
  client.close();
  silent.close();
});

/** As gke-gcloud-auth-plugin ends where the login of gcloud has expired. */
const GCLOUD = `F1105 10:00:00.000000   12345 cred.go:145] print credential failed with error: Failed to retrieve access token:: failure while executing gcloud, with args [config config-helper --format=json]: exit status 1 (err: ERROR: (gcloud.config.config-helper) There was a problem refreshing your current auth tokens: Reauthentication failed. cannot prompt during non-interactive execution.
Please run:

  $ gcloud auth login

to obtain new credentials.
)`;

test('should quote the last lines with a word in them, where the last line holds none', async () => {
  const client = clientOf(`cat >&2 <<'EOF'\n${GCLOUD}\nEOF\nexit 1`);
  const { message } = await failureOf(client.exchange(GET));
  const [, quoted = ''] = /it ended with 1: (.*); log in again$/s.exec(message) ?? [];
  assert.match(
    quoted,
    /^….* Reauthentication failed\. .* Please run: \$ gcloud auth login to obtain new credentials$/,
  );
  assert.equal(quoted.length, 301);
  client.close();
});

test('should say that a command is not installed, and how the kubeconfig says that it is', async () => {
  const installHint = '\nkubelogin is required for this cluster.\n\nSee https://example.com/kubelogin\n';
  const client = clientOfCommand('kubelogin-not-here', { args: ['get-token'], installHint });
  const { reason, message } = await failureOf(client.exchange(GET));
  assert.equal(reason, 'credentials');
  assert.match(
    message,
    /`kubelogin-not-here get-token` gives no credentials: kubelogin-not-here is not installed, or not on PATH: kubelogin is required for this cluster\. See https:\/\/example\.com\/kubelogin$/,
  );
  const absent = clientOfCommand('./not-here');
  assert.match((await failureOf(absent.exchange(GET))).message, /credentials: \.\/not-here is not there$/);
  client.close();
  absent.close();
});

test('should let the command know its cluster', async () => {
  const out = join(folder, 'info');
  const client = clientOf(`printf %s "$KUBERNETES_EXEC_INFO" > ${out}\n${credential({ token: 't' })}`);
  await client.exchange(GET);
  const { kind, spec } = JSON.parse(readFileSync(out, 'utf8')) as {
    kind: string;
    spec: { cluster: { server: string } };
  };
  assert.deepEqual([kind, spec.cluster.server], ['ExecCredential', api.url]);
  client.close();
});
