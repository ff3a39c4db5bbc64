/**
 * For unit tests only: stands in for a registry of images and its service of tokens (OCI distribution specification 1.1, "Pulling manifests";
 * distribution, "Token Authentication Specification").
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

interface Answer {
  status: number;
  headers?: Record<string, string>;
  text?: string;
}

export interface Repository {
  /** To whoever may ask. */
  manifest: Answer;
  /** What is said without a token; left out: anybody may ask. `{here}` is the address of this server. */
  challenge?: string;
  /** What the service of tokens says. */
  token?: Answer;
}

export interface TestRegistry {
  /** Host and port. */
  host: string;
  /** `HEAD /v2/…`, with the token that was sent. */
  asked: string[];
  close: () => Promise<void>;
}

export const MANIFEST: Answer = {
  status: 200,
  headers: { 'content-type': 'application/vnd.oci.image.index.v1+json' },
};
const NOT_THERE: Answer = { status: 404 };
export const BEARER = 'Bearer realm="http://{here}/token",service="registry"';

/** @param repositories by name */
export async function registryOf(repositories: Readonly<Record<string, Repository>>): Promise<TestRegistry> {
  const asked: string[] = [];
  let host = '';
  const server = createServer((request, response) => {
    const { authorization = '' } = request.headers;
    asked.push(`${request.method ?? ''} ${request.url ?? ''} ${authorization}`.trim());
    const { status, headers = {}, text = '' } = answerTo(request, repositories);
    const filled = Object.entries(headers).map(([name, value]) => [name, value.replace('{here}', host)]);
    response.writeHead(status, Object.fromEntries(filled) as Record<string, string>).end(text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    host,
    asked,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answerTo({ url = '', headers }: IncomingMessage, all: Readonly<Record<string, Repository>>): Answer {
  const { pathname, searchParams } = new URL(url, 'http://registry');
  const asks = pathname === '/token' ? searchParams.get('scope') : pathname;
  const [, name = ''] = /^(?:repository:|\/v2\/)(.+)(?::pull|\/manifests\/.*)$/.exec(asks ?? '') ?? [];
  const found = all[name];
  if (pathname === '/token') return found?.token ?? NOT_THERE;
  return found === undefined ? NOT_THERE : manifestOf(found, headers.authorization !== undefined);
}

function manifestOf({ challenge, manifest }: Repository, authorized: boolean): Answer {
  if (challenge === undefined || authorized) return manifest;
  return { status: 401, headers: { 'www-authenticate': challenge } };
}
