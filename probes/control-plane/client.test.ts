import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closed, listening } from '../kubernetes/_testing/listening.ts';
import type { Listening } from '../kubernetes/_testing/listening.ts';
import { ControlPlaneLoadClient } from './client.ts';

let api: Listening;
/** Of each request: its method, and the headers that say who asks. */
const asked: [string | undefined, string[]][] = [];

before(async () => {
  api = await listening();
  api.server.on('request', ({ method, rawHeaders }, response) => {
    const said = rawHeaders.flatMap((name, i) =>
      i % 2 === 0 && /^(?:impersonate-|authorization$)/i.test(name)
        ? [`${name}: ${rawHeaders[i + 1] ?? ''}`]
        : [],
    );
    asked.push([method, said.toSorted()]);
    response.end('{}');
  });
});
after(() => closed(api));

test('should write as whom the kubeconfig says, as kubectl does', async () => {
  const impersonation = { 'Impersonate-User': 'jane', 'Impersonate-Group': ['developers', 'admins'] };
  const declared = { ca: api.ca, serverName: 'api.example.com', object: 'canary/writes', impersonation };
  const address = { host: '127.0.0.1', port: Number(new URL(api.url).port) };
  const connection = { ...address, database: '', user: '', password: 'token', declared };
  const client = new ControlPlaneLoadClient(connection, 'run');
  await client.prepare(5_000);
  const session = client.session();
  await session.open(5_000);
  assert.deepEqual(await session.write(1), { outcome: 'ok' });
  session.destroy();
  const said = [
    'Impersonate-Group: admins',
    'Impersonate-Group: developers',
    'Impersonate-User: jane',
    'authorization: Bearer token',
  ];
  assert.deepEqual(asked, [
    ['GET', said],
    ['PATCH', said],
  ]);
});
