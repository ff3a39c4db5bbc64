/** A source of telemetry for tests: answers on loopback what a test says, and remembers what was asked. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  method: string;
  /** With its query string. */
  path: string;
  authorization: string;
  body: unknown;
}

export interface Said {
  status?: number;
  /** Where it redirects to. */
  location?: string;
  body: unknown;
}

export interface StandIn {
  url: string;
  asked: Asked[];
  close(): Promise<void>;
}

/** JSON as what it says; a form as its text. */
function bodyOf(text: string, type = ''): unknown {
  if (text === '') return null;
  return type.startsWith('application/x-www-form-urlencoded') ? text : (JSON.parse(text) as unknown);
}

export async function standIn(answer: (asked: Asked) => Said): Promise<StandIn> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const text = Buffer.concat(parts).toString('utf8');
      const one = {
        method: request.method ?? '',
        path: request.url ?? '',
        authorization: request.headers.authorization ?? '',
        body: bodyOf(text, request.headers['content-type']),
      };
      asked.push(one);
      const { status = 200, location, body } = answer(one);
      response.writeHead(status, {
        'content-type': 'application/json',
        ...(location !== undefined && { location }),
      });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    asked,
    close: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
