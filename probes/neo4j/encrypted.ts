import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import type { TLSSocket } from 'node:tls';
import type { StoreTlsFiles } from '../store/store-driver.ts';
import { tlsOptions } from '../store/tls.ts';

interface Address {
  host: string;
  port: number;
}

const LOOPBACK = '127.0.0.1';

/**
 * A way to one server over TLS, for a driver that speaks plain Bolt (ADR 0022): the server's certificate is checked first, then one port of
 * the loopback interface leads to that connection, for one client. When either end closes, so does the other.
 * @param limitMs for reaching the server; the handshake, like the login after it, lasts until the caller destroys the connection
 * @param isOurs whether a port of this machine is that of the driver's own socket: nobody else is let in
 * @throws the error of the socket: its code names what does not hold of a certificate
 */
export async function encryptedWay(
  at: Address,
  tls: StoreTlsFiles,
  { limitMs, isOurs }: { limitMs: number; isOurs: (port: number | undefined) => boolean },
): Promise<Address> {
  const far = await encrypted(at, tls, limitMs);
  const door = createServer((near: Socket) => {
    if (!isOurs(near.remotePort)) {
      near.destroy();
      return;
    }
    door.close();
    near.setNoDelay(true);
    if (far.destroyed) {
      near.destroy();
      return;
    }
    // What was wrong is said by the sockets, which the connection owns.
    pipeline(near, far, near, () => undefined);
  });
  far.once('close', () => door.close());
  door.listen(0, LOOPBACK);
  await once(door, 'listening');
  return { host: LOOPBACK, port: (door.address() as AddressInfo).port };
}

function encrypted(at: Address, tls: StoreTlsFiles, limitMs: number): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const far = connectTls({ ...at, ...tlsOptions(tls) });
    const timer = setTimeout(() => far.destroy(slow(limitMs)), limitMs);
    far.on('error', reject);
    far.once('close', () => {
      clearTimeout(timer);
      reject(new Error('closed before it was encrypted'));
    });
    far.once('connect', () => clearTimeout(timer));
    far.once('secureConnect', () => {
      far.setNoDelay(true);
      resolve(far);
    });
  });
}

function slow(limitMs: number): Error {
  const message = `no connection within ${Math.round(limitMs)} ms`;
  return Object.assign(new Error(message), { code: 'connect timeout' });
}
