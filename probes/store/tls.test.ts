import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { certificateFor, certificateOfIntermediate } from '../../host/_testing/certificate.ts';
import { tlsOptions } from './tls.ts';

test('should read certificates once for all connections to a store, and not take those of another', () => {
  const files = { serverName: 'pg.test' };
  assert.equal(tlsOptions(files).secureContext, tlsOptions(files).secureContext);
  assert.notEqual(tlsOptions(files).secureContext, tlsOptions({ serverName: 'pg.test' }).secureContext);
});

test('should trust a declared authority that is an intermediate one', async (t) => {
  const { key, cert, intermediate } = await certificateOfIntermediate('pg.test');
  const server = createServer({ key, cert }, (socket) => socket.end());
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const connected = (ca: string): Promise<boolean> =>
    new Promise((resolve, reject) => {
      const files = tlsOptions({ ca, serverName: 'pg.test' });
      const socket = connect({ host: '127.0.0.1', port, ...files }, () => {
        resolve(socket.authorized);
        socket.destroy();
      });
      socket.on('error', reject);
    });
  assert.equal(await connected(intermediate), true);
  await assert.rejects(connected((await certificateFor('pg.test')).cert), /certificate/);
});
