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

/** Runs a script against a server that takes everything, as its user would. @returns what was sent, and what the script printed */
async function sentBy(
  t: TestContext,
  script: string,
  variables: Record<string, string>,
  sent: Sent[] = [],
): Promise<{ sent: Sent[]; printed: string }> {
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      assert.equal(headers.authorization, ADMIN);
      const body = JSON.parse(Buffer.concat(parts).toString('utf8')) as Record<string, unknown>;
      sent.push({ asked: `${method} ${url}`, body });
      response.end('{"encoded":"aWQ6a2V5"}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close().closeAllConnections());
  const URL = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = { PATH: process.env['PATH'], URL, ...variables };
  const file = join(import.meta.dirname, 'accounts', script);
  const { stdout } = await run('sh', [file, '--user', 'admin:word'], { env, timeout: 20_000 });
  return { sent, printed: stdout };
}

test('should make a role and a user in Elasticsearch, or an API key with the same rights', async (t) => {
  const { sent: account } = await sentBy(t, 'elasticsearch.sh', { PASSWORD: 'word' });
  assert.deepEqual(
    account.map(({ asked }) => asked),
    ['PUT /_security/role/plumbline', 'PUT /_security/user/plumbline'],
  );
  assert.deepEqual(account[1]?.body, { password: 'word', roles: ['plumbline'] });
  const variables = { EXPIRES: '90d', ACCOUNT: 'canary' };
  const { sent: key, printed } = await sentBy(t, 'elasticsearch.sh', variables);
  const descriptors = { canary: account[0]?.body };
  assert.deepEqual(key, [
    {
      asked: 'PUT /_security/api_key',
      body: { name: 'canary', expiration: '90d', role_descriptors: descriptors },
    },
  ]);
  assert.match(printed, /aWQ6a2V5/);
});

test('should make a role, a user and their mapping in OpenSearch, or an API key with the same rights', async (t) => {
  const { sent: account } = await sentBy(t, 'opensearch.sh', { PASSWORD: 'word' });
  const at = '/_plugins/_security/api';
  assert.deepEqual(
    account.map(({ asked }) => asked),
    ['roles', 'internalusers', 'rolesmapping'].map((kind) => `PUT ${at}/${kind}/plumbline`),
  );
  const [key, ...more] = (await sentBy(t, 'opensearch.sh', { EXPIRES: '3600' })).sent;
  assert.deepEqual([key?.asked, more], [`POST ${at}/apitokens`, []]);
  assert.deepEqual([key?.body['name'], key?.body['duration_seconds']], ['plumbline', 3600]);
  const patternsOf = (body: Sent['body'] | undefined, named: string): unknown[] =>
    (body?.['index_permissions'] as Record<string, unknown>[]).map((one) => [
      one[named],
      one['allowed_actions'],
    ]);
  assert.deepEqual(patternsOf(key?.body, 'index_pattern'), patternsOf(account[0]?.body, 'index_patterns'));
});

test('should make nothing where neither a password nor an end is given', async (t) => {
  const sent: Sent[] = [];
  for (const script of ['elasticsearch.sh', 'opensearch.sh'])
    await assert.rejects(sentBy(t, script, {}, sent), /PASSWORD: for a user, or EXPIRES for an API key/);
  assert.deepEqual(sent, []);
});
