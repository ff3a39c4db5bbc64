/** The identity provider of the rehearsal's gateway: the owners' token endpoint, in the process of a test. It stands in for a real one. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { STATE } from './platform.ts';

export const TOKEN_CLIENT = { id: 'plumbline', secret: 'of-the-client' };

export interface TokenLives {
  /** For how long the gateway takes a token, s. */
  livesSeconds: number;
  /** What the endpoint says of that, s. */
  saidSeconds?: number;
  /** How often it is away (503) when it is asked for a second token. */
  awayFor?: number;
}

/** Client credentials (RFC 6749, 4.4): tokens are JWTs (RFC 7519), signed by HS256 with the key that the gateway has. */
export async function tokenEndpoint({ livesSeconds, saidSeconds = livesSeconds, awayFor = 0 }: TokenLives) {
  const key = readFileSync(join(STATE, 'account', 'bids-token-key'), 'utf8').trim();
  const shown = `Basic ${Buffer.from(`${TOKEN_CLIENT.id}:${TOKEN_CLIENT.secret}`).toString('base64')}`;
  let [given, away] = [0, awayFor];
  const server = createServer(({ headers }, response) => {
    response.setHeader('content-type', 'application/json');
    if (headers.authorization !== shown) {
      response.writeHead(401).end('{"error":"invalid_client"}');
      return;
    }
    if (given > 0 && away-- > 0) {
      response.writeHead(503).end('{"error":"temporarily_unavailable"}');
      return;
    }
    // Distinct also within a second.
    const claims = { jti: String(++given), exp: Math.floor(Date.now() / 1000) + livesSeconds };
    const answer = { access_token: signed(claims, key), token_type: 'Bearer', expires_in: saidSeconds };
    response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/token`,
    given: () => given,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function signed(claims: object, key: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const said = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${said}.${createHmac('sha256', key).update(said).digest('base64url')}`;
}
