import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { EmbeddedEngine } from './engines/embedded/index.ts';
import { selfSigned, serve } from './engines/embedded/_testing/loads.ts';
import type { LoadListener, LoadRequest } from './engines/engine.ts';

/** The scenarios as they are, in the embedded engine, against contracts that are not the reference backend's. */
const script = (name: string): string => new URL(`./scenarios/${name}.ts`, import.meta.url).pathname;

const ORDERS = {
  follow: 'trace',
  proof: { header: 'x-service', contains: 'orders' },
  prefix: 'Canary ',
  requests: {
    look: {
      method: 'GET',
      path: '/v1/orders?size=1',
      status: [200],
      expects: [{ pointer: '/content', is: 'list' }],
    },
    create: {
      method: 'POST',
      path: '/v1/orders',
      body: { order: { name: '{title}' } },
      status: [202],
      expects: [],
      id: { header: 'Location' },
    },
  },
};

function run(
  request: Pick<LoadRequest, 'script' | 'variables'> & Partial<LoadRequest>,
  listener: LoadListener = {},
): ReturnType<EmbeddedEngine['run']> {
  const limits = { requests: 1000, durationMs: 20_000 };
  return new EmbeddedEngine().run({ limits, ...request }, listener, new AbortController().signal);
}

test('should send writes as another contract has them, and take a new token while they run', async () => {
  let valid = 'Bearer one';
  const titles: string[] = [];
  await using server = await serve((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => (body += part.toString()));
    request.on('end', () => {
      response.setHeader('x-service', 'orders');
      if (request.headers.authorization !== valid) response.writeHead(401).end();
      else if (request.method === 'GET') response.end('{"content":[]}');
      else {
        titles.push((JSON.parse(body) as { order: { name: string } }).order.name);
        response.writeHead(202, { location: '/v1/orders/17' }).end();
      }
    });
  });
  let renew: (variables: Record<string, string>) => void = () => assert.fail('nobody listens');
  const said: string[] = [];
  const result = await run(
    {
      script: script('jobs'),
      variables: {
        BASE_URL: server.url,
        CONTRACT: JSON.stringify(ORDERS),
        RATE: '40',
        DURATION: '2s',
        MAX_VUS: '4',
        CREDENTIALS: '{"authorization":"SECRET_0"}',
        SECRET_0: 'Bearer one',
      },
      secrets: ['SECRET_0'],
    },
    {
      renewals: (renewed) => (renew = renewed),
      log: (_level, text) => {
        said.push(text);
        renew({ SECRET_0: 'Bearer two' });
      },
      second: ({ atMs }) => {
        if (atMs === 0) valid = 'Bearer two';
      },
    },
  );
  assert.equal(result.outcome, 'completed', result.reason);
  assert.ok(said.length > 0 && said.every((text) => text.endsWith('the credentials were refused')));
  const counts = new Map(result.checks.map(({ name, passes, fails }) => [name, [passes, fails] as const]));
  const [, refused = 0] = counts.get('turned away: credentials') ?? [];
  assert.ok(refused > 0 && refused < 40, `${refused} of ${result.requests} were refused`);
  for (const name of ['look: as the contract has it', 'create: as the contract has it'])
    assert.equal(counts.get(name)?.[1], 0, JSON.stringify([...counts]));
  assert.ok(titles.length >= 10 && titles.every((title) => title.startsWith('Canary load-')), titles[0]);
  assert.equal(new Set(titles).size, titles.length);
});

test('should show a client certificate', async () => {
  const { cert, key } = await selfSigned();
  const server = createServer({ cert, key, requestCert: true, ca: cert }, (_request, response) =>
    response.writeHead(200, { 'x-service': 'orders' }).end('{"content":[]}'),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const request = {
    script: script('steady'),
    variables: { BASE_URL: `https://localhost:${port}`, CONTRACT: JSON.stringify(ORDERS), DURATION: '1s' },
    ca: cert,
    hosts: { localhost: '127.0.0.1' },
  };
  try {
    const shown = await run({ ...request, client: { certificate: cert, key } });
    assert.equal(shown.outcome, 'completed', shown.reason);
    assert.equal((await run(request)).outcome, 'failed', 'the server asks for one');
  } finally {
    server.closeAllConnections();
    server.close();
  }
});

test('should name what the contract lacks', async () => {
  await using server = await serve((_request, response) => {
    response.writeHead(200, { 'x-service': 'orders' }).end('{"content":[]}');
  });
  const { look } = ORDERS.requests;
  const CONTRACT = JSON.stringify({ ...ORDERS, requests: { look } });
  const { checks, errors } = await run({
    script: script('jobs'),
    variables: { BASE_URL: server.url, CONTRACT, DURATION: '1s' },
  });
  assert.deepEqual(
    checks.map(({ group, passes }) => [group, passes]),
    [['::setup', 1]],
  );
  assert.deepEqual(errors, ['5 × the contract has no request "create" (application.requests.create)']);
});
