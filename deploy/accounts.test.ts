/** The scripts that make accounts by HTTP, as a server sees them. No server with security of its own has answered them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ADMIN = `Basic ${Buffer.from('admin:word').toString('base64')}`;

interface Sent {
  asked: string;
  body: Record<string, unknown>;
}

/** Runs a script against a server that takes everything, as its user would. @returns what was sent */
async function sentBy(
  t: TestContext,
  script: string,
  variables: Record<string, string>,
  sent: Sent[] = [],
): Promise<Sent[]> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      assert.equal(headers.authorization, ADMIN);
      const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>;
      sent.push({ asked: `${method} ${url}`, body });
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { PATH: process.env['PATH'], URL, ...variables };
  const file = join(import.meta.dirname, 'accounts', script);
  await run('sh', [file, '--user', 'admin:word'], { env, timeout: 20_000 });
  return sent;
}

test('should make a role and a user in Elasticsearch', async (t) => {
  const sent = await sentBy(t, 'elasticsearch.sh', { PASSWORD: 'word' });
  assert.deepEqual(
    sent.map(({ asked }) => asked),
    ['PUT /_security/role/plumbline', 'PUT /_security/user/plumbline'],
  );
  assert.deepEqual(sent[1]?.body, { password: 'word', roles: ['plumbline'] });
});

test('should make a role, a user and their mapping in OpenSearch', async (t) => {
  const sent = await sentBy(t, 'opensearch.sh', { PASSWORD: 'word', ACCOUNT: 'canary' });
  const at = '/_plugins/_security/api';
  assert.deepEqual(
    sent.map(({ asked }) => asked),
    ['roles', 'internalusers', 'rolesmapping'].map((kind) => `PUT ${at}/${kind}/canary`),
  );
});

test('should make nothing where no password is given', async (t) => {
  const sent: Sent[] = [];
  for (const script of ['elasticsearch.sh', 'opensearch.sh'])
    await assert.rejects(sentBy(t, script, {}, sent), /PASSWORD: of the user/);
  assert.deepEqual(sent, []);
});
