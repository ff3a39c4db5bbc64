/** Certificates that a client must refuse, and a server that shows one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { TLSSocket } from 'node:tls';

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];

function openssl(...argv: readonly string[]): void {
  execFileSync('openssl', argv, { stdio: ['ignore', 'ignore', 'pipe'] });
}

/** The certificate of an authority that has signed nothing. */
export function otherAuthority(folder: string): string {
  const at = mkdtempSync(join(folder, 'authority-'));
  const file = join(at, 'ca.crt');
  openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-subj',
    '/CN=another authority',
    '-keyout',
    join(at, 'ca.key'),
    '-out',
    file,
  );
  return file;
}

/** A certificate of the right authority for the right name, which ended yesterday. @param authority the file of its certificate, beside its key */
export function expired(folder: string, authority: string, name: string): { key: string; cert: string } {
  const at = mkdtempSync(join(folder, 'expired-'));
  const [request, extensions] = [join(at, 'request.csr'), join(at, 'extensions')];
  const [keyFile, certFile] = [join(at, 'server.key'), join(at, 'server.crt')];
  openssl('req', ...NEW_KEY, '-subj', `/CN=${name}`, '-keyout', keyFile, '-out', request);
  writeFileSync(extensions, `subjectAltName=DNS:${name}\nbasicConstraints=critical,CA:FALSE\n`);
  const signer = ['-CA', authority, '-CAkey', join(dirname(authority), 'ca.key'), '-CAcreateserial'];
  openssl('x509', '-req', '-in', request, ...signer, '-days', '-1', '-extfile', extensions, '-out', certFile);
  return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
}

/** PostgreSQL documentation, "Message Formats", SSLRequest: its length, and 80877103. */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/** A server of a certificate and of nothing else: it shakes hands as PostgreSQL does, or at once as all others do. */
export class CertificateServer {
  readonly #server: Server;
  readonly #open = new Set<Socket>();

  private constructor(files: { key: string; cert: string }) {
    this.#server = createServer((socket) => {
      this.#open.add(socket);
      socket.on('error', () => undefined).once('close', () => this.#open.delete(socket));
      socket.once('data', (first) => {
        // What has been read is handed on only if it waits in the socket.
        socket.pause();
        const asked = first.equals(SSL_REQUEST);
        if (asked) socket.write('S');
        else socket.unshift(first);
        new TLSSocket(socket, { isServer: true, ...files }).on('error', () => socket.destroy());
      });
    });
  }

  static async listening(files: { key: string; cert: string }): Promise<CertificateServer> {
    const made = new CertificateServer(files);
    await new Promise<void>((resolve, reject) => {
      made.#server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return made;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
