/**
 * What stands between this machine, where the checks run, and a store: nftables rules for connections that begin here. The store itself and
 * its other clients notice nothing, and deleting the table takes all of it back.
 */
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { TLSSocket } from 'node:tls';
import { run, runAny } from '../../../host/run.ts';

const TABLE = 'plumbline_between';
const TIMEOUT_MS = 10_000;

/** Packets are dropped, as a NetworkPolicy or a firewall does it: a connection neither opens nor is refused. */
export function drop(addresses: readonly string[]): Promise<void> {
  return rules(`chain output {
    type filter hook output priority filter; policy accept;
    ip daddr { ${addresses.join(', ')} } meta l4proto tcp counter drop
  }`);
}

/** Connections are refused, as they are where nothing listens. */
export function refuse(addresses: readonly string[]): Promise<void> {
  return rules(`chain output {
    type filter hook output priority filter; policy accept;
    ip daddr { ${addresses.join(', ')} } meta l4proto tcp counter reject with tcp reset
  }`);
}

/** Connections lead to a port of this machine instead. */
export function redirect(addresses: readonly string[], port: number): Promise<void> {
  return rules(`chain output {
    type nat hook output priority -100; policy accept;
    ip daddr { ${addresses.join(', ')} } meta l4proto tcp counter redirect to :${port}
  }`);
}

async function rules(chain: string): Promise<void> {
  await clear();
  await run(['nft', '-f', '-'], { timeoutMs: TIMEOUT_MS, input: `table ip ${TABLE} {\n${chain}\n}\n` });
}

/** Takes the rules away; nothing happens where there are none. */
export async function clear(): Promise<void> {
  await runAny(['nft', 'delete', 'table', 'ip', TABLE], { timeoutMs: TIMEOUT_MS });
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
