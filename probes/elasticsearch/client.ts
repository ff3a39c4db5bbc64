/** Elastic's client over one connection that is opened here: where it leads, and whether it is encrypted, the client does not decide. */
import { Agent } from 'node:http';
import { isIP } from 'node:net';
import type { Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Client, HttpConnection, SniffingTransport } from '@elastic/elasticsearch';
import { urlOf } from '../../host/http.ts';
import type { StoreConnection, StoreTlsFiles } from '../store/store-driver.ts';
import { tlsOptions } from '../store/tls.ts';
import type { Product } from './product.ts';

/** Shared by connections to one server. */
export interface Encryption {
  /** What the server gave for taking up its encryption again: without it a store that is back meets 80 whole handshakes at once. */
  session: Buffer | undefined;
}

/**
 * Connects a new socket, and encrypts it where that is declared.
 * @returns the socket to speak over
 * @throws Error with the code of the system or of TLS; also when the socket is destroyed meanwhile
 */
export function openSocket(
  socket: Socket,
  { host, port, tls }: { host: string; port: number; tls?: StoreTlsFiles | undefined },
  encryption: Encryption = { session: undefined },
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('closed while connecting')));
    socket.connect(port, host, () => {
      socket.setNoDelay(true);
      if (tls === undefined) {
        resolve(socket);
        return;
      }
      const { session } = encryption;
      const servername = isIP(tls.serverName) === 0 ? tls.serverName : undefined;
      const encrypted = connectTls({ ...tlsOptions(tls), socket, session, servername });
      encrypted.on('session', (given) => (encryption.session = given));
      encrypted.once('secureConnect', () => resolve(encrypted));
      encrypted.on('error', reject);
    });
  });
}

type TransportOptions = ConstructorParameters<typeof SniffingTransport>[0];

/**
 * Elastic's client without its own media types, which Elasticsearch takes of the client's version and the one before alone (400), and OpenSearch
 * not at all (406). So every version of both products is asked in the same way, and what is measured is the same.
 */
class PlainTransport extends SniffingTransport {
  constructor({ vendoredHeaders: _, ...plain }: TransportOptions) {
    super(plain);
  }
}

/** For OpenSearch, which has no header `x-elastic-product`, without which the client takes no answer. */
class UncheckedTransport extends PlainTransport {
  constructor({ productCheck: _, ...unchecked }: TransportOptions) {
    super(unchecked);
  }
}

/** The official client, with this open socket as its only way out. Pool, retries and sniffing are off: a question is one request on it. */
export function clientOver(
  socket: Socket,
  { host, port, tls, user, password }: Pick<StoreConnection, 'host' | 'port' | 'tls' | 'user' | 'password'>,
  product: Product,
): Client {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let given = false;
  agent.createConnection = () => {
    if (given) throw new Error('the connection is gone');
    given = true;
    return socket;
  };
  return new Client({
    node: urlOf('http', { host: tls?.serverName ?? host, port }),
    Connection: HttpConnection,
    agent: () => agent,
    maxRetries: 0,
    sniffOnStart: false,
    sniffOnConnectionFault: false,
    compression: false,
    enableMetaHeader: false,
    Transport: product === 'opensearch' ? UncheckedTransport : PlainTransport,
    ...(user !== '' && { auth: { username: user, password } }),
  });
}
