/**
 * For unit tests only: a gateway before a service, and the endpoint of its tokens, on this machine. Tokens are opaque and got by client credentials
 * (RFC 6749, 4.4 and 5.1); an expired one is answered with 401 and `WWW-Authenticate` (RFC 6750, 3), a rate limit with 429 and `Retry-After` (RFC 6585, 4).
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { monoMs } from '../../../host/clock.ts';

export interface GatewayRules {
  /** For how long the gateway takes a token, ms; from its first use on, so that it lives as long on a slow machine. */
  tokenMs?: number;
  /** What the endpoint says of that, s; longer than it is true where somebody revokes them. */
  saidSeconds?: number;
  /** Whether a token is given now. */
  gives?: () => boolean;
  /** The n-th request with a token that is taken: another status than a good one. */
  otherwise?: (n: number) => number | null;
}

export interface TestGateway {
  url: string;
  tokenUrl: string;
  /** Answers to requests by status, without those of the token endpoint. */
  answered: Map<number, number>;
  /** Paths of these requests. */
  asked: string[];
  /** Tokens that were given. */
  tokens: () => number;
  close: () => Promise<void>;
}

const LOGIN = 'https://login.example.com/realms/shop/auth?state=secret-of-the-session';

export async function gateway(rules: GatewayRules = {}): Promise<TestGateway> {
  const { tokenMs = Infinity, saidSeconds = 3600, gives = () => true, otherwise = () => null } = rules;
  /** Until when, CLOCK_MONOTONIC ms; null: it was not used yet. */
  const valid = new Map<string, number | null>();
  const answered = new Map<number, number>();
  const asked: string[] = [];
  let [given, passed] = [0, 0];

  const statusOf = ({ headers }: IncomingMessage): number => {
    const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? '';
    const now = monoMs();
    if (valid.get(token) === null) valid.set(token, now + tokenMs);
    return (valid.get(token) ?? -Infinity) > now ? (otherwise(++passed) ?? 200) : 401;
  };
  const token = (response: ServerResponse): void => {
    if (!gives()) return void response.writeHead(503).end('{"error":"temporarily_unavailable"}');
    const value = `token-${++given}`;
    valid.set(value, null);
    response.end(JSON.stringify({ access_token: value, token_type: 'Bearer', expires_in: saidSeconds }));
  };
  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const status = statusOf(request);
    asked.push(request.url ?? '');
    answered.set(status, (answered.get(status) ?? 0) + 1);
    if (status === 401) response.setHeader('www-authenticate', 'Bearer error="invalid_token"');
    if (status === 429) response.setHeader('retry-after', '1');
    if (status === 302) response.setHeader('location', LOGIN);
    if (status === 200) response.setHeader('x-service', 'orders');
    response.writeHead(status).end(status === 200 ? '{"content":[]}' : '');
  };

  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (request.url === '/token') token(response);
      else answer(request, response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    tokenUrl: `${url}/token`,
    answered,
    asked,
    tokens: () => given,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
