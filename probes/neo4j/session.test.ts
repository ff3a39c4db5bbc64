import { test } from 'node:test';
import assert from 'node:assert/strict';
import type { OperationResult, ClientLoadSession } from '../client-load/client.ts';
import { BoltUnreachable } from './errors.ts';
import { connectOnce, Neo4jTimeout } from './query.ts';
import { Neo4jLoadClient } from './session.ts';
import { fakeServer } from './_testing/server.ts';
import type { Answer, FakeServer, Script } from './_testing/server.ts';

const at = (port: number) => ({ host: '127.0.0.1', port, database: 'neo4j', user: 'u', password: 'p' });

/** Opens a session on a server that follows the script from then on, and does one thing with it. */
async function once(
  script: Script,
  work: (session: ClientLoadSession) => Promise<OperationResult>,
): Promise<{ result: OperationResult; server: FakeServer; usable: boolean }> {
  let opened = false;
  const server = await fakeServer((message, socket) => (opened ? script(message, socket) : undefined));
  const session = new Neo4jLoadClient(at(server.port), 'r').session();
  await session.open(1000);
  opened = true;
  server.messages.length = 0;
  const result = await work(session);
  const usable = session.usable();
  session.destroy();
  server.close();
  return { result, server, usable };
}

void test('an acknowledged write is BEGIN, statement and COMMIT, over the one connection', async () => {
  const { result, server, usable } = await once(
    () => undefined,
    (session) => session.write(1),
  );
  assert.deepEqual(result, { outcome: 'ok' });
  assert.deepEqual(
    server.messages.filter((message) => message !== 'RESET'),
    ['BEGIN', 'RUN', 'PULL', 'COMMIT'],
  );
  assert.equal(server.connections(), 1);
  assert.ok(usable);
});

void test('a connection that breaks at COMMIT leaves the write unknown, and it is not tried again', async () => {
  const cut: Script = (message, socket) => {
    if (message !== 'COMMIT') return undefined;
    socket.resetAndDestroy();
    return 'silent';
  };
  const { result, server, usable } = await once(cut, (session) => session.write(1));
  assert.equal(result.outcome, 'unknown');
  assert.equal(server.messages.filter((message) => message === 'COMMIT').length, 1);
  assert.equal(server.connections(), 1);
  assert.equal(usable, false);
});

void test('a transient error of COMMIT proves nothing', async () => {
  const code = 'Neo.TransientError.Database.DatabaseUnavailable';
  const { result } = await once(
    (message) => (message === 'COMMIT' ? { code } : undefined),
    (session) => session.write(1),
  );
  assert.deepEqual(result, { outcome: 'unknown', detail: 'Database.DatabaseUnavailable' });
});

void test('whatever goes wrong before COMMIT is a definite failure: it was never sent', async () => {
  const code = 'Neo.ClientError.Cluster.NotALeader';
  const refused = await once(
    (message) => (message === 'RUN' ? { code } : undefined),
    (session) => session.write(1),
  );
  assert.deepEqual(refused.result, { outcome: 'fail', detail: 'before COMMIT: Cluster.NotALeader' });
  const cut: Script = (message, socket) => {
    if (message !== 'RUN') return undefined;
    socket.resetAndDestroy();
    return 'silent';
  };
  const broken = await once(cut, (session) => session.write(1));
  assert.equal(broken.result.outcome, 'fail');
  for (const { server } of [refused, broken]) {
    assert.ok(!server.messages.includes('COMMIT'));
    assert.equal(server.connections(), 1);
  }
});

void test('an idle connection that the server closed is not usable, and nothing connects behind our back', async () => {
  const sockets: { end(): void }[] = [];
  const server = await fakeServer((_, socket) => void sockets.push(socket));
  const session = new Neo4jLoadClient(at(server.port), 'r').session();
  await session.open(1000);
  sockets[0]?.end();
  while (session.usable()) await new Promise((resolve) => setImmediate(resolve));
  assert.equal((await session.write(1)).outcome, 'fail');
  assert.equal(server.messages.filter((message) => message === 'RUN').length, 0);
  session.destroy();
  server.close();
});

void test('a refused connection is told from a silent one', async () => {
  const server = await fakeServer(() => 'silent');
  const client = new Neo4jLoadClient(at(server.port), 'r');
  await assert.rejects(connectOnce(at(server.port), { deadlineMs: 200 }), Neo4jTimeout);
  server.close();
  await assert.rejects(client.session().open(1000), (error) => {
    assert.ok(error instanceof BoltUnreachable && client.refused(error));
    assert.equal(client.errorClass(error), 'ECONNREFUSED');
    return true;
  });
});

void test('should delete what has expired in batches that any version takes, and begin where it cannot', async () => {
  const asked: string[] = [];
  const left = [1, 1, 0];
  const prepare = async (deleting: () => Answer): Promise<void> => {
    asked.length = 0;
    const answers = (query: string): Answer | undefined => {
      asked.push(query);
      if (/CALL \(|IN TRANSACTIONS/.test(query)) return { code: 'Neo.ClientError.Statement.SyntaxError' };
      return / DELETE w /.test(query) ? deleting() : undefined;
    };
    const server = await fakeServer(() => undefined, { answers });
    try {
      await new Neo4jLoadClient(at(server.port), 'r').prepare(2000);
    } finally {
      server.close();
    }
  };
  await prepare(() => ({ rows: [{ deleted: left.shift() ?? 0 }] }));
  assert.equal(asked.filter((query) => / DELETE w /.test(query)).length, 3);
  assert.match(asked.at(-1) ?? '', /DELETE r$/);
  await prepare(() => ({ code: 'Neo.ClientError.Security.Forbidden' }));
  assert.ok(asked.some((query) => query.startsWith('CREATE (:PlumblineRun')));
});
