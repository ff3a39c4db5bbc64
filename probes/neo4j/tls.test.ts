import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { askFailureOf } from '../asking.ts';
import type { StoreConnection } from '../store/store-driver.ts';
import { neo4j } from './declaration.ts';
import { encryptedWay } from './encrypted.ts';
import { connectOnce, connectWithin } from './query.ts';
import { Neo4jLoadClient } from './session.ts';
import { fakeServer, routesTo } from './_testing/server.ts';
import type { FakeOptions, FakeServer, Script } from './_testing/server.ts';

const NAME = 'neo4j.test';
const BOUNDS = { deadlineMs: 5000 };
const obeys: Script = () => undefined;

/** Works with stand-ins, which are closed afterwards. */
async function withServers(
  made: readonly (readonly [Script, FakeOptions?])[],
  work: (servers: FakeServer[]) => Promise<void>,
): Promise<void> {
  const servers = await Promise.all(made.map(([script, options]) => fakeServer(script, options)));
  try {
    await work(servers);
  } finally {
    for (const server of servers) server.close();
  }
}

const at = (port: number, more: Partial<StoreConnection> = {}): StoreConnection => ({
  host: '127.0.0.1',
  port,
  database: 'neo4j',
  user: 'u',
  password: 'p',
  ...more,
});

const thrownBy = (connection: StoreConnection): Promise<unknown> =>
  connectWithin(connection, BOUNDS).then(
    (bolt) => {
      bolt.destroy();
      return null;
    },
    (error: unknown) => error,
  );

describe('Neo4j over TLS', () => {
  it('should write over one connection, held to the declared name', async () => {
    const shown = await certificateFor(NAME);
    await withServers([[obeys, { tls: shown }]], async ([server]) => {
      assert.ok(server);
      const tls = { ca: shown.cert, serverName: NAME };
      const session = new Neo4jLoadClient(at(server.port, { tls }), 'r').session();
      await session.open(1000);
      assert.deepEqual(await session.write(1), { outcome: 'ok' });
      assert.equal(server.connections(), 1);
      assert.ok(session.usable());
      session.destroy();
      assert.equal(session.usable(), false);
    });
  });

  it('should say that it is TLS where a certificate does not hold, at once and before any password', async () => {
    const [shown, stranger] = [await certificateFor(NAME), await certificateFor(NAME)];
    await withServers([[obeys, { tls: shown }]], async ([server]) => {
      assert.ok(server);
      for (const [tls, said] of [
        [{ ca: stranger.cert, serverName: NAME }, /DEPTH_ZERO_SELF_SIGNED_CERT/],
        [{ ca: shown.cert, serverName: 'other.test' }, /ERR_TLS_CERT_ALTNAME_INVALID.*other\.test/],
        [{ serverName: NAME }, /DEPTH_ZERO_SELF_SIGNED_CERT/],
      ] as const) {
        const began = performance.now();
        const error = await thrownBy(at(server.port, { tls }));
        assert.deepEqual(askFailureOf(error), { kind: 'cannot-ask', cause: 'tls' }, String(error));
        assert.match(String(error), said);
        assert.ok(performance.now() - began < BOUNDS.deadlineMs / 2);
      }
      assert.deepEqual(server.messages, []);
    });
  });

  it('should say so of a server that does not speak TLS there, and of one that speaks nothing else', async () => {
    const shown = await certificateFor(NAME);
    await withServers([[obeys], [obeys, { tls: shown }]], async ([plain, encrypted]) => {
      assert.ok(plain && encrypted);
      const without = await thrownBy(at(encrypted.port));
      assert.equal(askFailureOf(without).cause, 'tls', String(without));
      const declared = await thrownBy(at(plain.port, { tls: { serverName: NAME } }));
      assert.equal(askFailureOf(declared).cause, 'tls', String(declared));
      assert.match(String(declared), /it speaks Bolt without TLS there/);
      assert.match(String(without), /it speaks TLS there, and none is declared/);
    });
  });

  it('should let nobody else on its way', async () => {
    const shown = await certificateFor(NAME);
    await withServers([[obeys, { tls: shown }]], async ([server]) => {
      assert.ok(server);
      const tls = { ca: shown.cert, serverName: NAME };
      const own = connect(server.port, '127.0.0.1');
      const way = await encryptedWay({ host: '127.0.0.1', port: server.port }, tls, {
        limitMs: 1000,
        isOurs: (port: number | undefined) => port === own.localPort,
      });
      const stranger = connect(way.port, way.host);
      await once(stranger, 'close');
      own.destroy();
    });
  });

  it('should notice that the server closed, and not connect behind our back', async () => {
    const shown = await certificateFor(NAME);
    const sockets: { end(): void }[] = [];
    await withServers([[(_, socket) => void sockets.push(socket), { tls: shown }]], async ([server]) => {
      assert.ok(server);
      const tls = { ca: shown.cert, serverName: NAME };
      const session = new Neo4jLoadClient(at(server.port, { tls }), 'r').session();
      await session.open(1000);
      sockets[0]?.end();
      while (session.usable()) await new Promise((resolve) => setImmediate(resolve));
      assert.equal((await session.write(1)).outcome, 'fail');
      assert.equal(server.connections(), 1);
      session.destroy();
    });
  });

  it('should leave a write unknown where the connection breaks at COMMIT', async () => {
    const shown = await certificateFor(NAME);
    const cut: Script = (message, socket) => {
      if (message !== 'COMMIT') return undefined;
      socket.destroy();
      return 'silent';
    };
    await withServers([[cut, { tls: shown }]], async ([server]) => {
      assert.ok(server);
      const tls = { ca: shown.cert, serverName: NAME };
      const session = new Neo4jLoadClient(at(server.port, { tls }), 'r').session();
      await session.open(1000);
      assert.deepEqual(await session.write(1), { outcome: 'unknown', detail: 'ECONNRESET' });
      assert.equal(session.usable(), false);
    });
  });

  it('should tell a refused connection from a silent one', async () => {
    const server = await fakeServer(obeys);
    server.close();
    const client = new Neo4jLoadClient(at(server.port, { tls: { serverName: NAME } }), 'r');
    await assert.rejects(client.session().open(1000), (error) => client.refused(error));
    const mute = createServer();
    await once(mute.listen(0, '127.0.0.1'), 'listening');
    const { port } = mute.address() as AddressInfo;
    const silent = await connectOnce(at(port, { tls: { serverName: NAME } }), { deadlineMs: 200 }).catch(
      (error: unknown) => error,
    );
    mute.close();
    assert.deepEqual(askFailureOf(silent), { kind: 'down', cause: 'silent' });
  });
});

describe('routing of Neo4j over TLS', () => {
  const routed = { declared: { scheme: 'neo4j' } };

  it('should write to the server that the routing table names, and ask again when it leads no longer', async () => {
    const shown = await certificateFor(NAME);
    const code = 'Neo.ClientError.Cluster.NotALeader';
    let deposed = false;
    const leads: Script = (message) => (deposed && message === 'RUN' ? { code } : undefined);
    await withServers([[leads, { tls: shown }]], async ([leader]) => {
      assert.ok(leader);
      const writer = `localhost:${leader.port}`;
      await withServers([[obeys, { tls: shown, ...routesTo(writer) }]], async ([router]) => {
        assert.ok(router);
        const tls = { ca: shown.cert, serverName: NAME };
        const session = new Neo4jLoadClient(at(router.port, { tls, ...routed }), 'r').session();
        await session.open(1000);
        assert.deepEqual(await session.write(1), { outcome: 'ok' });
        assert.ok(leader.messages.includes('COMMIT') && !router.messages.includes('COMMIT'));
        deposed = true;
        assert.equal((await session.write(2)).outcome, 'fail');
        assert.equal(session.usable(), false, 'whoever connects again is led to the new leader');
      });
    });
  });

  it('should say that nobody takes writes where the table names no server', async () => {
    const shown = await certificateFor(NAME);
    await withServers([[obeys, { tls: shown }]], async ([router]) => {
      assert.ok(router);
      const tls = { ca: shown.cert, serverName: NAME };
      const error = await connectOnce(at(router.port, { tls, ...routed }), BOUNDS).catch(
        (thrown: unknown) => thrown,
      );
      assert.deepEqual(askFailureOf(error), { kind: 'down', cause: 'refuses' }, String(error));
    });
  });
});

it('should not take two words for which certificate holds', () => {
  const declared = { members: 1, primary: { host: 'h', port: 7687 }, tls: { ca: { file: '/ca.pem' } } };
  assert.equal(neo4j.safeParse({ ...declared, scheme: 'bolt+s' }).success, true);
  assert.equal(neo4j.safeParse({ ...declared, scheme: 'bolt+ssc' }).success, false);
});
