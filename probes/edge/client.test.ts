import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { ControlPlaneLoadClient } from '../control-plane/client.ts';
import { clientLoadDriver } from '../client-load/drivers.ts';
import { CREATE, LOOK } from '../application/_testing/contracts.ts';
import type { Contract, ContractRequest } from '../application/contract.ts';
import { EdgeLoadClient } from './client.ts';
import { HttpConnection } from './connection.ts';

type Answer = (response: ServerResponse, correlationId: string) => void;

const servers: Server[] = [];
after(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
});

const right: Answer = (response, correlationId) => {
  response.writeHead(200, { 'x-mark': correlationId });
  response.end('[]');
};

async function serve(answer: () => Answer): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((request, response) => {
    answer()(response, String(request.headers['x-mark'] ?? ''));
  });
  server.on('connection', () => connections++);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { port: (server.address() as AddressInfo).port, connections: () => connections };
}

function declaring(request: ContractRequest, contract: Contract): Record<string, unknown> {
  const words = { named: 'application.requests.look', shown: 'shown was application.credentials.oauth2' };
  return { url: 'http://tender.test', target: { contract, prefix: 'Canary ' }, request, ...words };
}

function clientAt(port: number): EdgeLoadClient {
  const declared = declaring(LOOK, { follow: { echo: 'X-Mark' }, proof: 'echo' });
  return new EdgeLoadClient(
    { host: '127.0.0.1', port, database: '', user: '', password: '', declared },
    'run-1',
  );
}

describe('requests through the edge', () => {
  it('should keep one connection for many requests, each with a correlation id of its own', async () => {
    const correlationIds: string[] = [];
    const { port, connections } = await serve(() => (response, correlationId) => {
      correlationIds.push(correlationId);
      right(response, correlationId);
    });
    const session = clientAt(port).session();
    await session.open(1000);
    for (let n = 1; n <= 3; n++) assert.deepEqual(await session.write(n), { outcome: 'ok' });
    assert.deepEqual(correlationIds, ['run-1/1', 'run-1/2', 'run-1/3']);
    assert.equal(connections(), 1);
    assert.ok(session.usable());
    session.destroy();
    assert.ok(!session.usable());
  });

  it('should call every other answer a failure, and a broken connection unanswered', async () => {
    let answer: Answer = right;
    const { port } = await serve(() => answer);
    const client = clientAt(port);
    const session = client.session();
    await session.open(1000);
    answer = (response) => response.writeHead(503).end('no');
    assert.deepEqual(await session.write(1), { outcome: 'fail', detail: 'status 503' });
    answer = (response) => response.writeHead(200).end('somebody else');
    assert.deepEqual(await session.write(2), { outcome: 'fail', detail: 'correlation-id' });
    answer = (response) => response.destroy();
    assert.deepEqual(await session.write(3), { outcome: 'unknown', detail: 'ECONNRESET' });
    assert.ok(!session.usable());
    answer = (response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('cut');
      setImmediate(() => response.destroy());
    };
    const cut = client.session();
    await cut.open(1000);
    assert.equal((await cut.write(4)).outcome, 'unknown');
  });

  it('should create something with each request, and note the id by which it is followed', async () => {
    let status = 201;
    const titles: unknown[] = [];
    const server = createServer((request, response) => {
      request.on('data', (part: Buffer) => titles.push(JSON.parse(part.toString())));
      request.on('end', () => response.writeHead(status).end(status === 201 ? '{"id":"7"}' : 'busy'));
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const declared = declaring(CREATE, { follow: 'none', proof: 'none' });
    const connection = { host: '127.0.0.1', port, database: '', user: '', password: '', declared };
    const session = new EdgeLoadClient(connection, 'run-1').session();
    await session.open(1000);
    assert.deepEqual(await session.write(3), { outcome: 'ok', detail: 'id=7' });
    assert.deepEqual(titles, [{ title: 'Canary run-1/3' }]);
    status = 503;
    assert.deepEqual(await session.write(4), { outcome: 'fail', detail: 'status 503' });
    session.destroy();
  });

  it('should renew a revoked token once, count it, and tell such answers and a rate limit from failures', async () => {
    let valid = 'Bearer t1';
    let tokens = 0;
    let limited = false;
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        if (request.url === '/token') response.end(JSON.stringify({ access_token: `t${++tokens}` }));
        else if (limited) response.writeHead(429, { 'retry-after': '7' }).end();
        else if (request.headers.authorization !== valid) response.writeHead(401).end();
        else response.writeHead(200, { 'x-mark': request.headers['x-mark'] }).end('[]');
      });
    });
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const oauth2 = {
      tokenUrl: `http://127.0.0.1:${port}/token`,
      clientId: 'c',
      sends: 'basic',
      renewSeconds: 30,
    } as const;
    const declared = {
      ...declaring(LOOK, { follow: { echo: 'X-Mark' }, proof: 'echo' }),
      credentials: { headers: [], oauth2 },
    };
    const place = { host: '127.0.0.1', port, database: '', user: '', password: '' };
    const found: string[] = [];
    const connection = { ...place, secrets: { clientSecret: 's' }, declared };
    const client = clientLoadDriver('edge').client(connection, 'run-1', (secret) => found.push(secret));
    await client.prepare(5_000);
    const session = client.session();
    await session.open(1000);
    assert.deepEqual(await session.write(1), { outcome: 'ok' });
    valid = 'Bearer t2';
    const refused = { outcome: 'fail', detail: 'credentials: status 401' };
    assert.deepEqual(await session.write(2), refused);
    let seen = await session.write(3);
    while (seen.outcome !== 'ok') {
      assert.deepEqual(seen, refused);
      seen = await session.write(3);
    }
    limited = true;
    assert.deepEqual(await session.write(4), {
      outcome: 'fail',
      detail: 'rate-limit: status 429, retry after 7 s',
    });
    session.destroy();
    assert.deepEqual(client.end?.(), [
      { kind: 'credentials', renewals: 1, refusals: 1, failures: 0, trouble: '' },
    ]);
    assert.equal(tokens, 2);
    assert.deepEqual(found, ['Yzpz', 't1', 'Yzpz', 't2']);
  });

  it('should see at once that the server closed a connection', async () => {
    const { port } = await serve(() => right);
    const session = clientAt(port).session();
    await session.open(1000);
    await session.write(1);
    for (const server of servers) server.closeAllConnections();
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok(!session.usable());
  });

  it('should tell a refused connection, and give up on prepare with the reason', async () => {
    const client = clientAt(1);
    await assert.rejects(client.session().open(500), (error) => client.refused(error));
    await assert.rejects(client.prepare(300), /ECONNREFUSED/);
    const { port } = await serve(() => (response) => response.writeHead(500).end());
    await assert.rejects(
      clientAt(port).prepare(300),
      /the edge answers status 500 to GET \/tenders\?limit=1 \(application\.requests\.look\)/,
    );
    await clientAt((await serve(() => right)).port).prepare(1000);
  });

  it('should be found by its name, as stores are', () => {
    assert.equal(clientLoadDriver('edge').store, 'edge');
    assert.equal(clientLoadDriver('postgres').store, 'postgres');
    assert.throws(() => clientLoadDriver('nothing'), /there are: postgres/);
  });
});

describe('numbered writes through the API', () => {
  it('should refuse to begin without a ConfigMap to write to', () => {
    const connection = { host: '127.0.0.1', port: 1, database: '', user: '', password: 'token' };
    assert.throws(() => new ControlPlaneLoadClient({ ...connection, declared: {} }, 'run'), /object/);
    const declared = { serverName: '', object: 'canary/writes' };
    assert.ok(new ControlPlaneLoadClient({ ...connection, declared }, 'run').session());
  });

  it('should not connect without TLS: a token must not be sent in the clear', async () => {
    const { port } = await serve(() => right);
    const connection = new HttpConnection({ host: '127.0.0.1', port, tls: { serverName: '' } });
    await assert.rejects(connection.open(1000));
  });
});
