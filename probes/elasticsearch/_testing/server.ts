/** For unit tests of this folder: a server that answers as it is told, and a way to it. */
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { IncomingHttpHeaders, RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Product } from '../product.ts';
import type { StoreConnection, StoreTarget } from '../../store/store-driver.ts';

interface Answer {
  status?: number;
  json: unknown;
}

/** An answer by method and path, headers and body. */
export type Answering = (asked: string, headers: IncomingHttpHeaders, body: string) => Answer;

/** An answer that is an error. */
export const refusing = (status: number, type: string, reason: string): Answer => ({
  status,
  json: { error: { type, reason } },
});

interface ServerOptions {
  tls?: { key: string; cert: string };
  product?: Product;
  /** Of an Elasticsearch; not asked for of an OpenSearch. */
  version?: string;
}

/** A server that answers only what the driver asks for, and as Elasticsearch its version besides. */
export async function serving(
  answer: Answering,
  work: (port: number) => Promise<void>,
  { tls, product = 'elasticsearch', version = '9.5.3' }: ServerOptions = {},
): Promise<void> {
  const answered: Answering = (asked, headers, body) =>
    asked === 'GET /' && product === 'elasticsearch'
      ? { json: { version: { number: version } } }
      : answer(asked, headers, body);
  const listener: RequestListener = (request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const { status = 200, json } = answered(
        `${request.method ?? ''} ${request.url ?? ''}`,
        request.headers,
        Buffer.concat(parts).toString('utf8'),
      );
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(product === 'elasticsearch' && { 'x-elastic-product': 'Elasticsearch' }),
      });
      response.end(JSON.stringify(json));
    });
  };
  const server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

export const connection = (port: number): StoreConnection => ({
  host: '127.0.0.1',
  port,
  database: '',
  user: 'u',
  password: 'p',
});

/** Members that are all behind one port. */
export function targetOf(
  port: number,
  names: readonly string[],
  declared: Record<string, unknown> = {},
): StoreTarget {
  const members = names.map((name) => ({ name, address: '127.0.0.1', port }));
  return { connection: { ...connection(port), declared }, members: () => Promise.resolve(members) };
}
