import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { applicationSchema } from '../../../env/schema.ts';
import type { Environment, Trust } from '../../../env/schema.ts';
import { ApplicationAccess } from '../../targets/application-access.ts';
import { RequestError } from '../../../suites/harness/request-error.ts';
import type { ServedRunner } from '../served.ts';
import { applicationMethods } from './application.ts';

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

interface Asked {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

async function backend(answer: (asked: Asked) => { status?: number; body?: unknown }): Promise<string> {
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const { status = 200, body: said = '' } = answer({ method, url, headers, body });
      response.setHeader('x-service', 'drafts');
      response.writeHead(status, { 'x-id': headers['x-id'] ?? '' }).end(JSON.stringify(said));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
}

const CALL = { check: 'a/b', signal: new AbortController().signal };

function methods(
  url: string,
  more: object = {},
  secret: (source: unknown) => Promise<string> = () => Promise.resolve('s'),
  trust: Trust = 'system',
) {
  const application = applicationSchema.parse({
    follow: { echo: 'X-Id' },
    requests: {
      look: { method: 'GET', path: '/alive', status: 204 },
      draft: {
        method: 'POST',
        path: '/drafts',
        body: { topic: '{title}', n: '{n}' },
        status: [200, 201],
        expects: [{ pointer: '/text', is: 'text' }],
        state: { pointer: '/by', done: ['model'], degraded: ['rules'] },
      },
    },
    ...more,
  });
  const hops = [{ name: 'service', header: 'X-Service', contains: 'drafts' }];
  const environment = {
    application,
    topology: { edge: { url, trust, hops } },
    timeouts: { edgeRequest: { seconds: 5 } },
  } as unknown as Environment;
  const secrets = { secret, reread: secret, keep: () => undefined };
  const runner = { runState: { environment }, application: new ApplicationAccess(environment, secrets) };
  return applicationMethods(runner as unknown as ServedRunner);
}

describe('a request that changes nothing', () => {
  it('should be sent as the contract has it, with the credentials, and be read by it', async () => {
    const asked: Asked[] = [];
    const url = await backend((one) => {
      asked.push(one);
      return { status: one.headers['x-api-key'] === 'k1' ? 204 : 401 };
    });
    const credentials = { headers: { 'X-API-Key': { env: 'KEY' } } };
    const params = { check: 'topology/edge/path', correlationId: 'c1' };
    const seen = await methods(url, { credentials }, () => Promise.resolve('k1'))['application.look'](
      params,
      CALL,
    );
    assert.ok('answer' in seen);
    const { ms, ...answer } = seen.answer;
    assert.deepEqual(answer, {
      status: 204,
      ok: true,
      why: '',
      correlationIdSeen: 'c1',
      headers: { 'x-service': 'drafts' },
      authorized: false,
      tlsError: 'not a TLS connection',
    });
    assert.ok(ms > 0);
    assert.deepEqual(
      [asked[0]?.method, asked[0]?.url, asked[0]?.headers['x-id']],
      ['GET', '/base/alive', 'c1'],
    );
    const unknown = await methods(url)['application.look'](params, CALL);
    assert.ok('answer' in unknown);
    assert.equal(unknown.answer.why, 'credentials: status 401');
  });

  it('should not be sent without its secrets, and say which thing is missing', async () => {
    const credentials = { bearer: { env: 'TOKEN' } };
    const missing = (): Promise<string> =>
      Promise.reject(new RequestError('the environment variable TOKEN is not set', 'unavailable'));
    const params = { check: 'topology/edge/path', correlationId: 'c1' };
    assert.deepEqual(
      await methods('http://127.0.0.1:1', { credentials }, missing)['application.look'](params, CALL),
      {
        unavailable: 'the environment variable TOKEN is not set',
      },
    );
    const oauth2 = { tokenUrl: 'http://127.0.0.1:1/token', clientId: 'c', clientSecret: { env: 'S' } };
    const seen = await methods('http://127.0.0.1:1', { credentials: { oauth2 } })['application.look'](
      params,
      CALL,
    );
    assert.match(
      'unavailable' in seen ? seen.unavailable : '',
      /^application\.credentials: the token endpoint http:\/\/127\.0\.0\.1:1\/token does not answer: /,
    );
  });

  it('should not be sent where the file of authorities holds none: whoever answered would be refused', async () => {
    const file = import.meta.filename;
    const params = { check: 'topology/edge/path', correlationId: 'c1' };
    const said = { unavailable: `${file}: it holds no certificate in PEM` };
    const of = methods('https://127.0.0.1:1', {}, undefined, { file });
    assert.deepEqual(await of['application.look'](params, CALL), said);
    const draft = { check: 'integrations/llm', correlationId: 'c/1', n: 1, timeoutMs: 5_000 };
    assert.deepEqual(await of['application.draft'](draft, CALL), said);
  });

  it('should say why there was no answer', async () => {
    const seen = await methods('http://127.0.0.1:1')['application.look'](
      { check: 'a', correlationId: 'c' },
      CALL,
    );
    assert.match('failed' in seen ? seen.failed : '', /no answer from 127\.0\.0\.1:1 .*ECONNREFUSED/);
  });
});

describe('a request for a draft', () => {
  const params = { check: 'integrations/llm', correlationId: 'c/1', n: 1, timeoutMs: 5_000 };
  const drafted = async (body: unknown, status = 200) => {
    let sent = '';
    const url = await backend((one) => {
      sent = one.body;
      return { status, body };
    });
    const seen = await methods(url)['application.draft'](params, CALL);
    assert.ok(!('unavailable' in seen));
    assert.equal(sent, '{"topic":"Plumbline canary c/1","n":1}');
    const { ms: _ms, ...answer } = seen;
    return answer;
  };

  it('should tell a draft by the model from one without it, and from none', async () => {
    const answer = { status: 200, error: '' };
    assert.deepEqual(await drafted({ text: 't', by: 'model' }), {
      ...answer,
      degraded: false,
      written: true,
    });
    assert.deepEqual(await drafted({ text: 't', by: 'rules' }, 201), {
      status: 201,
      error: '',
      degraded: true,
      written: true,
    });
    assert.deepEqual(await drafted({ text: ' ', by: 'model' }), {
      status: 200,
      error: 'answer: /text',
      degraded: null,
      written: false,
    });
    assert.deepEqual(await drafted({ text: 't', by: 'whom?' }), { ...answer, degraded: null, written: true });
    assert.deepEqual(await drafted({}, 429), {
      status: 429,
      error: 'rate-limit: status 429',
      degraded: null,
      written: false,
    });
  });

  it('should say why there was no answer', async () => {
    const seen = await methods('http://127.0.0.1:1')['application.draft'](params, CALL);
    assert.ok(!('unavailable' in seen));
    assert.deepEqual([seen.status, seen.written, seen.error], [null, false, 'ECONNREFUSED']);
  });
});
