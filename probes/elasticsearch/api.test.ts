/** What the official client does not do by itself: errors that say whether the server is down, limits that hold, and the way to the server. */
import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { askFailureOf, askWord } from '../asking.ts';
import { MOST_STORE_BYTES } from '../http.ts';
import { unreadBy } from '../store/readback.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import { ask, servicePlace } from './api.ts';
import { connection, serving } from './_testing/server.ts';

const HEAD = 'HTTP/1.1 200 OK\r\nx-elastic-product: Elasticsearch\r\ncontent-type: application/json\r\n';
const BOUNDS = { deadlineMs: 2_000 };

/** What is thrown for a server that does this with a question. */
async function thrownBy(
  serve: (socket: Socket) => void,
  { bounds = BOUNDS, tls }: { bounds?: { deadlineMs: number; signal?: AbortSignal }; tls?: boolean } = {},
): Promise<unknown> {
  const shown = await certificateFor('search.test');
  const sockets: Socket[] = [];
  const accept = (socket: Socket): void => {
    sockets.push(socket.on('error', () => undefined));
    socket.once('data', () => serve(socket));
  };
  const server = tls === true ? createTlsServer(shown, accept) : createServer(accept);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const at = connection((server.address() as AddressInfo).port);
  const place = servicePlace(
    tls === true ? { ...at, tls: { ca: shown.cert, serverName: 'search.test' } } : at,
  );
  try {
    return await ask(place, { path: '/' }, bounds).then(
      () => assert.fail('it was answered'),
      (error: unknown) => error,
    );
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}

const wordOf = (error: unknown): string => askWord(askFailureOf(error));

test('should not take an answer that is not HTTP for silence', async () => {
  const alert = Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x0a]);
  const error = await thrownBy((socket) => socket.write(alert));
  assert.equal(wordOf(error), 'cannot-ask/protocol', errorText(error));
});

test('should not take for an answer what is not JSON, and name a gate that answers in its place', async () => {
  const page = '<html>log in</html>';
  const error = await thrownBy((socket) =>
    socket.end(
      `${HEAD.replace('application/json', 'text/html')}content-length: ${page.length}\r\n\r\n${page}`,
    ),
  );
  assert.equal(wordOf(error), 'cannot-ask/protocol');
  assert.match(
    errorText(error),
    /^Elasticsearch \(http:\/\/127\.0\.0\.1:\d+\/\): status 200, not JSON: <html>log in/,
  );
  const gate = await thrownBy((socket) => socket.end('HTTP/1.1 503 Gone\r\ncontent-length: 3\r\n\r\nno!'));
  assert.equal(wordOf(gate), 'down/refuses');
  assert.match(errorText(gate), /: 503 not JSON: no!$/);
});

test('should say of a connection that breaks within an answer that the server may be read again', async () => {
  const error = await thrownBy((socket) => {
    socket.write(`${HEAD}content-length: 100\r\n\r\n{"a":`);
    setTimeout(() => socket.destroy(), 20);
  });
  assert.equal(wordOf(error), 'cannot-ask/protocol');
  assert.equal(unreadBy(error), 'unreachable', errorText(error));
});

test('should refuse an answer that is too long, whether its length was announced or not', async () => {
  const announced = await thrownBy((socket) =>
    socket.write(`${HEAD}content-length: ${MOST_STORE_BYTES + 1}\r\n\r\n{`),
  );
  assert.equal(wordOf(announced), 'cannot-ask/too-large', errorText(announced));
  const part = Buffer.alloc(1 << 20, 'a');
  const sent = await thrownBy(
    (socket) => {
      socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
      for (let mib = 0; mib <= MOST_STORE_BYTES >> 20; mib++) {
        socket.write('100000\r\n');
        socket.write(part);
        socket.write('\r\n');
      }
    },
    { bounds: { deadlineMs: 20_000 } },
  );
  assert.equal(wordOf(sent), 'cannot-ask/too-large', errorText(sent));
});

test('should wait no longer than it may, whether the connection is encrypted or not', async () => {
  for (const tls of [false, true]) {
    const late = await thrownBy(() => undefined, { tls, bounds: { deadlineMs: 300 } });
    assert.equal(wordOf(late), 'down/silent');
    assert.match(errorText(late), /\): no answer within 300 ms$/);
    const stop = new AbortController();
    const bounds = { deadlineMs: 20_000, signal: stop.signal };
    const stopped = await thrownBy(() => stop.abort(new Error('the run was stopped')), { tls, bounds });
    assert.match(errorText(stopped), /\): the run was stopped$/);
  }
});

test('should connect where the way leads, and name the server as it is declared', async () => {
  const shown = await certificateFor('search.test');
  const named: unknown[] = [];
  await serving(
    (_, { host }) => ({ json: named.push(host) }),
    async (port) => {
      const at: StoreConnection = {
        ...connection(9200),
        host: '192.0.2.1',
        tls: { ca: shown.cert, serverName: 'search.test' },
        dial: (wanted) => {
          named.push(`${wanted.host}:${wanted.port}`);
          return Promise.resolve({ host: '127.0.0.1', port });
        },
      };
      assert.equal(await ask(servicePlace(at), { path: '/x' }, BOUNDS), 2);
    },
    { tls: shown },
  );
  assert.deepEqual(named, ['192.0.2.1:9200', 'search.test:9200']);
});
