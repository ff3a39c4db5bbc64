import assert from 'node:assert/strict';
import { createServer as createHttp } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { after, test } from 'node:test';
import neo4j from 'neo4j-driver';
import {
  accepts,
  askFailureOf,
  askText,
  askWord,
  cannotAsk,
  isDown,
  isOnlyRefused,
  withoutManager,
} from './asking.ts';
import { freePort } from '../host/_testing/free-port.ts';
import { ask as askElasticsearch, servicePlace } from './elasticsearch/api.ts';
import { elasticsearch } from './elasticsearch/index.ts';
import { askHttp, HttpRefusal } from './http.ts';
import { connectOnce as connectBolt } from './neo4j/query.ts';
import { fakeServer } from './neo4j/_testing/server.ts';
import { connectOnce } from './postgres/query.ts';
import { Link } from './rabbitmq/link.ts';
import { rabbitmq } from './rabbitmq/index.ts';
import { redis } from './redis/index.ts';
import { withRedis } from './redis/connection.ts';
import type { StoreConnection, StoreTarget } from './store/store-driver.ts';
import { postgres } from './postgres/index.ts';

const BOUNDS = { deadlineMs: 400 };
const closing: (() => void)[] = [];
after(() => closing.forEach((close) => close()));

/** A server that does with each connection what `serve` says. @returns its port */
async function server(serve: (socket: Socket) => void): Promise<number> {
  const sockets: Socket[] = [];
  const listening = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    listening.close();
    for (const socket of sockets) socket.destroy();
  });
  return (listening.address() as AddressInfo).port;
}

async function httpServer(status: number, text: string): Promise<number> {
  const listening = createHttp((_, answer) => answer.writeHead(status).end(text));
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  closing.push(() => listening.close());
  return (listening.address() as AddressInfo).port;
}

const silent = (): Promise<number> => server(() => undefined);
/** What a server that speaks TLS does with a client that does not: it ends the connection without a word. */
const hangsUp = (): Promise<number> => server((socket) => socket.once('data', () => socket.destroy()));
const speaksHttp = (): Promise<number> =>
  server((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));

function at(port: number, host = '127.0.0.1'): StoreConnection {
  const declared = { wait: { replicas: 0, milliseconds: 100 }, management: { port }, patroni: { port } };
  return { host, port, database: 'tender', user: 'canary', password: 'wrong', declared };
}

async function wordOf(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
  } catch (error) {
    return askWord(askFailureOf(error));
  }
  return 'answered';
}

type Ask = (connection: StoreConnection) => Promise<unknown>;
const CLIENTS: Record<string, Ask> = {
  pg: (connection) => connectOnce(connection, BOUNDS),
  ioredis: (connection) => {
    const login = { user: connection.user, password: connection.password };
    return withRedis({ at: connection, login }, BOUNDS, (client) => client.call(['PING'], 300));
  },
  amqplib: async (connection) => {
    const link = new Link(connection, 'test');
    const timer = setTimeout(() => {
      link.destroy();
    }, BOUNDS.deadlineMs);
    try {
      await link.open(300);
    } finally {
      clearTimeout(timer);
      link.destroy();
    }
  },
  elasticsearch: (connection) => askElasticsearch(servicePlace(connection), { path: '/' }, BOUNDS),
  'neo4j-driver': (connection) => connectBolt(connection, BOUNDS),
  http: ({ host, port }) => askHttp({ who: 'a member', host, port, path: '/' }, BOUNDS),
};

for (const [name, ask] of Object.entries(CLIENTS)) {
  test(`false verdict 17: ${name} tells a server that refuses from one that it cannot speak to`, async () => {
    assert.equal(await wordOf(async () => ask(at(await freePort()))), 'down/refuses');
    assert.equal(await wordOf(() => ask(at(5432, 'no-such-host.invalid'))), 'cannot-ask/route');
    assert.equal(await wordOf(async () => ask(at(await hangsUp()))), 'cannot-ask/protocol');
    // amqplib's login has no time limit of its own: whoever gives it up is the one who knows why.
    if (name !== 'amqplib') assert.equal(await wordOf(async () => ask(at(await silent()))), 'down/silent');
    if (name !== 'http')
      assert.equal(await wordOf(async () => ask(at(await speaksHttp()))), 'cannot-ask/protocol');
  });
}

test('should call what a store says at too great length neither down nor another protocol', async () => {
  const port = await server((socket) =>
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n${'a'.repeat(20)}`)),
  );
  const asked = (maxBytes?: number): Promise<string> =>
    wordOf(() => askHttp({ who: 'a member', host: '127.0.0.1', port, path: '/', maxBytes }, BOUNDS));
  assert.equal(await asked(10), 'cannot-ask/too-large');
  assert.equal(await asked(20), 'answered');
  assert.equal(await asked(), 'answered');
});

/** An ErrorResponse of PostgreSQL's protocol, version 3. */
function postgresError(code: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0C${code}\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}

test('false verdict 17: what PostgreSQL itself answers to a login', async () => {
  const answering = async (code: string, message: string): Promise<string> => {
    const port = await server((socket) =>
      socket.once('data', () => socket.end(postgresError(code, message))),
    );
    return wordOf(() => connectOnce(at(port), BOUNDS));
  };
  assert.equal(await answering('28P01', 'password authentication failed'), 'cannot-ask/credentials');
  assert.equal(await answering('28000', 'no pg_hba.conf entry for host, no encryption'), 'cannot-ask/tls');
  assert.equal(await answering('3D000', 'database "tender" does not exist'), 'cannot-ask/credentials');
  assert.equal(await answering('57P03', 'the database system is starting up'), 'down/refuses');
  assert.equal(await answering('53300', 'too many clients already'), 'down/refuses');
});

test('false verdict 17: what Redis itself answers', async () => {
  const answering = async (reply: string): Promise<string> => {
    const port = await server((socket) => socket.on('data', () => socket.write(`${reply}\r\n`)));
    return wordOf(() => CLIENTS['ioredis']?.(at(port)) ?? assert.fail());
  };
  assert.equal(await answering('-WRONGPASS invalid username-password pair'), 'cannot-ask/credentials');
  assert.equal(await answering('-NOPERM this user has no permissions'), 'cannot-ask/credentials');
  assert.equal(await answering('-LOADING Redis is loading the dataset in memory'), 'down/refuses');
});

test('false verdict 17: what Neo4j itself answers', async () => {
  const answering = async (code: string): Promise<string> => {
    const fake = await fakeServer((message) => (message === 'HELLO' ? { code } : undefined));
    closing.push(() => fake.close());
    return wordOf(() => connectBolt(at(fake.port), BOUNDS));
  };
  assert.equal(await answering('Neo.ClientError.Security.Unauthorized'), 'cannot-ask/credentials');
  assert.equal(await answering('Neo.TransientError.General.DatabaseUnavailable'), 'down/refuses');
  const untrusted = new neo4j.Neo4jError(
    'Server certificate is not trusted',
    'ServiceUnavailable',
    '50N42',
    '',
  );
  assert.equal(askWord(askFailureOf(untrusted)), 'cannot-ask/tls');
});

test('false verdict 17: what RabbitMQ itself answers', () => {
  const refused = new Error('Handshake terminated by server: 403 (ACCESS-REFUSED) with message "…"');
  assert.equal(askWord(askFailureOf(refused)), 'cannot-ask/credentials');
  const nowhere = new Error('Expected ConnectionOpenOk; got <ConnectionClose channel:0>');
  assert.equal(askWord(askFailureOf(nowhere)), 'cannot-ask/credentials');
  assert.match(askText(nowhere), /^it refuses the virtual host \(vhost\)/);
  const shutdown = Object.assign(new Error('Connection closed: 320 (CONNECTION-FORCED)'), { code: 320 });
  assert.equal(askWord(askFailureOf(shutdown)), 'down/refuses');
});

test('false verdict 17: statuses of HTTP mean the same wherever they come from', async () => {
  for (const [status, word] of [
    [401, 'cannot-ask/credentials'],
    [403, 'cannot-ask/credentials'],
    [404, 'cannot-ask/protocol'],
    [503, 'down/refuses'],
  ] as const) {
    assert.equal(askWord(askFailureOf(new HttpRefusal('a member', status))), word);
    const port = await httpServer(status, '{"error":{"type":"x"},"status":1}');
    assert.equal(await wordOf(() => CLIENTS['elasticsearch']?.(at(port)) ?? assert.fail()), word);
  }
});

test('false verdict 17: an error of TLS is found by its code, below any wrapper', () => {
  const tls = Object.assign(new Error('self-signed certificate in certificate chain'), {
    code: 'SELF_SIGNED_CERT_IN_CHAIN',
  });
  assert.equal(askWord(askFailureOf(new Error('a member', { cause: tls }))), 'cannot-ask/tls');
});

test('should take a store for down where any member refuses, and for one that cannot be asked where no error proves it', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const noRoute = Object.assign(new Error('connect'), { code: 'EHOSTUNREACH' });
  const late = new DOMException('too late', 'TimeoutError');
  assert.equal(askWord(askFailureOf(new AggregateError([noRoute, refused]))), 'down/refuses');
  assert.equal(askWord(askFailureOf(new AggregateError([late, noRoute]))), 'cannot-ask/route');
  assert.equal(askWord(askFailureOf(new AggregateError([late, cannotAsk('tls', 'x')]))), 'down/silent');
  assert.equal(askWord(askFailureOf(new Error('what nobody knows'))), 'cannot-ask/protocol');
  assert.equal(askWord(askFailureOf(isDown('absent', 'no pods'))), 'down/absent');
});

function target(port: number, members = 1): StoreTarget {
  const all = Array.from({ length: members }, (_, i) => ({ name: `m-${i}`, address: '127.0.0.1', port }));
  return { connection: at(port), members: () => Promise.resolve(all) };
}

test('false verdict 17: the drivers keep what their members said', async () => {
  const port = await server((socket) => socket.on('data', () => socket.write('-WRONGPASS no\r\n')));
  assert.equal(await wordOf(() => redis.describe(target(port), BOUNDS)), 'cannot-ask/credentials');
  const gone = target(await freePort(), 3);
  for (const driver of [redis, postgres, rabbitmq, elasticsearch])
    assert.equal(await wordOf(() => driver.describe(gone, BOUNDS)), 'down/refuses', driver.store);
  for (const driver of [postgres, rabbitmq, elasticsearch])
    assert.equal(await wordOf(() => driver.describe(target(1, 0), BOUNDS)), 'down/absent', driver.store);
  const denied = target(await httpServer(401, 'no'), 2);
  for (const driver of [rabbitmq, elasticsearch])
    assert.equal(await wordOf(() => driver.describe(denied, BOUNDS)), 'cannot-ask/credentials', driver.store);
});

test('false verdict 17: a manager that is not there is no store that is down', async () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  const answers = await withoutManager(refused, 'it answers', () => Promise.resolve());
  assert.equal(askWord(askFailureOf(answers)), 'cannot-ask/manager');
  const both = await withoutManager(refused, 'it answers', () => Promise.reject(new Error('no')));
  assert.equal(both, refused);
  const tooLarge = cannotAsk('too-large', 'too long');
  assert.equal(await withoutManager(tooLarge, 'it answers', () => Promise.resolve()), tooLarge);
});

test('false verdict 17: a refused connection is told apart from a server that refuses', async () => {
  const gone = target(await freePort(), 3);
  for (const driver of [redis, postgres, rabbitmq, elasticsearch]) {
    const error: unknown = await driver.describe(gone, BOUNDS).catch((reason: unknown) => reason);
    assert.equal(isOnlyRefused(error), true, driver.store);
    assert.match(askText(error), /^the connection is refused: /, driver.store);
  }
  const full = Object.assign(new Error('too many connections'), { code: '53300' });
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
  assert.equal(isOnlyRefused(full), false);
  assert.equal(isOnlyRefused(new AggregateError([refused, full])), false);
  assert.equal(askText(full), 'too many connections');
});

test('should say in plain words why a certificate or an account is not taken', () => {
  const of = (code: string, message: string): string =>
    askText(new Error(`server-0: ${message}`, { cause: Object.assign(new Error(message), { code }) }));
  const untrusted = 'unable to verify the first certificate';
  const advice = '; if the root CA is installed locally, try running Node.js with --use-system-ca';
  assert.equal(
    of('UNABLE_TO_VERIFY_LEAF_SIGNATURE', `${untrusted}${advice}`),
    `its certificate is not of the declared certificate authority (tls.ca): server-0: ${untrusted}`,
  );
  assert.match(of('CERT_HAS_EXPIRED', 'certificate has expired'), /^its certificate has expired: server-0/);
  assert.match(
    of('ERR_TLS_CERT_ALTNAME_INVALID', "does not match certificate's altnames"),
    /^its certificate is for other names than the declared one \(tls\.serverName\): /,
  );
  assert.match(
    askText(new HttpRefusal('nodes: Login failed', 401)),
    /^it refuses the account \(user, password, what it may use\): /,
  );
  assert.equal(
    askText(cannotAsk('credentials', 'it needs the role pg_monitor')),
    'it needs the role pg_monitor',
  );
});

test('should see whether a connection comes about', async () => {
  const bounds = { deadlineMs: 500 };
  assert.equal(await accepts({ host: '127.0.0.1', port: await silent() }, bounds), true);
  assert.equal(await accepts({ host: '127.0.0.1', port: await freePort() }, bounds), false);
});

test('should name the settings of another server than a store, and that a name does not resolve', () => {
  const selfSigned = Object.assign(new Error('self-signed certificate'), {
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
  const settings = { ca: 'prometheus.trust', name: 'the host of prometheus.url' };
  assert.match(askText(selfSigned, settings), /authority \(prometheus\.trust\): self-signed certificate$/);
  assert.match(askText(selfSigned), /authority \(tls\.ca\)/);
  const nobody = Object.assign(new Error('getaddrinfo ENOTFOUND a.example'), { code: 'ENOTFOUND' });
  assert.equal(askText(nobody), 'its name does not resolve: getaddrinfo ENOTFOUND a.example');
});
