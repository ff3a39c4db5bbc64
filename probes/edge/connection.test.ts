import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { certificateFor, certificateOfIntermediate } from '../../host/_testing/certificate.ts';
import { HttpConnection } from './connection.ts';

test('should trust a declared authority that is an intermediate one', async (t) => {
  const { key, cert, intermediate } = await certificateOfIntermediate('edge.test');
  const server = createServer({ key, cert }, (_request, response) => response.end('ok'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const asked = async (ca: string): Promise<string> => {
    const tls = { serverName: 'edge.test', ca };
    const connection = new HttpConnection({ host: '127.0.0.1', port, tls });
    try {
      await connection.open(2_000);
      return (await connection.ask({ method: 'GET', path: '/', headers: {}, keep: true })).text;
    } finally {
      connection.destroy();
    }
  };
  assert.equal(await asked(intermediate), 'ok');
  await assert.rejects(asked((await certificateFor('edge.test')).cert), /certificate/);
});
