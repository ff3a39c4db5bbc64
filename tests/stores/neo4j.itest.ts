/** Neo4j's driver against a real server: what its restart costs, what is lost, and that each trap is seen. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { askFailureOf, askWord } from '../../probes/asking.ts';
import { graphQuery } from '../../probes/neo4j/graph.ts';
import { neo4j } from '../../probes/neo4j/index.ts';
import { queryOnce } from '../../probes/neo4j/query.ts';
import type { ReadBackSeen, StoreConnection, StoreTarget } from '../../probes/store/store-driver.ts';
import type { FailoverRecord } from '../../reports/record/run-record.ts';
import { Neo4jServer, SERVER_NAME } from './neo4j-server.ts';
import { exactSums } from '../sums.ts';
import { storeTrial } from './store-trial.ts';
import type { StoreTrial } from './store-trial.ts';
import { tampering } from '../../suites/failover/store/controls/neo4j.ts';
import { tampersWith } from './tampering.ts';

const BOUNDS = { deadlineMs: 20_000 };
const DEADLINE_MS = 180_000;
const ACKNOWLEDGED = 300;
const HANG_MS = 4000;
/** Writes over TLS: one connection of a JVM that has just started. */
const ENCRYPTED = 50;
/** A busy machine must not fail a trial by its length; the goals of a real one are the environment's. */
const GOALS = { rtoSeconds: 180, lostWrites: 0, minTrials: 1 };

function sumsOf(record: FailoverRecord): NonNullable<FailoverRecord['writes']> {
  const w = exactSums(record);
  assert.equal(w.unexpected, 0);
  return w;
}

describe('Neo4j, one member', () => {
  let server: Neo4jServer;
  let trials = 0;
  before(async () => {
    server = await Neo4jServer.start();
  });
  after(async () => {
    await server.stop();
  });

  type Acts = Pick<StoreTrial, 'fault' | 'inject'> & Partial<Pick<StoreTrial, 'heal'>>;
  async function trial(acts: Acts): Promise<{ record: FailoverRecord; run: string }> {
    const run = `neo4j-${process.pid}-${++trials}`;
    const fixed = { driver: neo4j, target: server.target, members: 1, goals: GOALS, run };
    const limits = { acknowledged: ACKNOWLEDGED, deadlineMs: DEADLINE_MS, ratePerSecond: 100 };
    return { record: await storeTrial({ heal: () => undefined, ...acts, ...fixed, ...limits }), run };
  }
  const crashAndRestart = async (): Promise<void> => {
    await server.crash();
    // Beside the trial: writes are observed while it starts.
    void server.restart();
  };
  async function cypher(
    query: string,
    parameters: Record<string, unknown> = {},
  ): Promise<Record<string, unknown>[]> {
    return queryOnce(server.target.connection, { query, parameters }, BOUNDS);
  }

  it('should find what was written, take a write out and put one in twice, as the controls do', () =>
    tampersWith(neo4j, server.target, tampering));

  it('should start again after a crash with everything that it had acknowledged', async (t) => {
    const { record } = await trial({ fault: 'pod-crash', inject: crashAndRestart });
    const w = sumsOf(record);
    t.diagnostic(
      `RTO ${record.rto?.loMs} to ${record.rto?.hiMs} ms, ${w.ok} acknowledged, ${w.unknown} unknown`,
    );
    assert.deepEqual([w.lost, w.duplicates], [0, 0]);
    assert.notEqual(record.election, 'elsewhere');
    assert.notEqual(record.verdict, 'fail', record.reason);
    assert.match((record.remarks ?? []).join(), /one member/);
  });

  it('should need no more than the account that deploy/accounts/neo4j.cypher makes', async () => {
    const query = readFileSync(join(import.meta.dirname, '../../deploy/accounts/neo4j.cypher'), 'utf8');
    const { connection } = server.target;
    const system = { ...connection, database: 'system' };
    const password = 'of-the-canary';
    await queryOnce(system, { query, parameters: { password } }, BOUNDS);
    const own = { ...server.target, connection: { ...connection, user: 'plumbline', password } };
    const run = 'account';
    const client = neo4j.client(own.connection, run);
    await client.prepare(BOUNDS.deadlineMs);
    const session = client.session();
    await session.open(BOUNDS.deadlineMs);
    assert.deepEqual(await session.write(1), { outcome: 'ok' });
    session.destroy();
    const { leader, governing } = await neo4j.describe(own, BOUNDS);
    assert.equal(leader, 'neo4j-0');
    assert.ok(governing.some(({ name }) => name === 'db.recovery.fail_on_missing_files'));
  });

  it('should see a frozen server as an outage and its writes as unknown', async () => {
    const { record } = await trial({
      fault: 'hang',
      inject: async () => {
        server.signal('SIGSTOP');
        await sleep(HANG_MS);
        server.signal('SIGCONT');
      },
    });
    const w = sumsOf(record);
    assert.equal(w.lost, 0);
    assert.ok(w.unknown > 0);
    assert.ok((record.rto?.hiMs ?? 0) >= HANG_MS - 1000, record.reason);
  });

  it('should count what is lost when the data goes with the pod', async () => {
    const { record, run } = await trial({
      fault: 'pod-delete',
      inject: async () => {
        await server.crash();
        server.loseData();
        void server.restart();
      },
    });
    const w = sumsOf(record);
    assert.equal(record.verdict, 'fail', record.reason);
    assert.ok(w.lost >= ACKNOWLEDGED, `${w.lost} lost`);
    const [row] = await cypher(
      `MATCH (w:PlumblineCanary) WHERE w.run = $run RETURN count(DISTINCT w.n) AS n`,
      { run },
    );
    assert.equal(row?.['n'], w.present + w.recovered);
  });

  it('should name the write that was removed behind its back, and the one that is there twice', async () => {
    const tamper = `MATCH (w:PlumblineCanary) WHERE w.run = $run AND w.n = `;
    const run = `neo4j-${process.pid}-${trials + 1}`;
    const { record } = await trial({
      fault: 'pod-crash',
      inject: crashAndRestart,
      heal: async () => {
        await cypher(`${tamper} 150 DELETE w`, { run });
        await cypher(`${tamper} 151 CREATE (:PlumblineCanary {run: w.run, n: w.n})`, { run });
      },
    });
    sumsOf(record);
    assert.equal(record.verdict, 'fail');
    assert.deepEqual([record.lostNumbers, record.duplicateNumbers], [[150], [151]]);
  });

  it('should find the same paths after a crash, and miss a graph or an index that is gone', async () => {
    const { leader, expected } = await graphQuery.prepare(server.target, BOUNDS);
    assert.equal(leader, 'neo4j-0');
    await server.crash();
    await server.restart();
    const found = async (): Promise<string[][]> =>
      (await graphQuery.ask(server.target, 'members', BOUNDS)).map(({ answer }) => answer);
    const wanted = expected.map(({ answer }) => answer);
    assert.deepEqual(await found(), wanted);
    await cypher('DROP INDEX plumbline_graph');
    assert.deepEqual(await found(), [[], ...wanted.slice(1)]);
    await cypher('MATCH (p:PlumblineGraph) DETACH DELETE p');
    assert.deepEqual(
      await found(),
      wanted.map(() => []),
    );
  });
});

describe('Neo4j with TLS', () => {
  let server: Neo4jServer;
  before(async () => {
    const shown = await certificateFor(SERVER_NAME);
    server = await Neo4jServer.start({ shown, client: await certificateFor('plumbline') });
  });
  after(async () => {
    await server.stop();
  });

  const withTls = (tls: StoreConnection['tls'], target = server.target): StoreTarget => ({
    ...target,
    connection: { ...target.connection, tls },
  });
  /** What a look finds, and what the client load does. */
  const seen = async (target: StoreTarget): Promise<{ cannotAsk: string | undefined; load: string }> => {
    const { cannotAsk } = await neo4j.steady(target, BOUNDS);
    const load = await neo4j
      .client(target.connection, 'run')
      .prepare(BOUNDS.deadlineMs)
      .then(
        () => 'prepared',
        (error: unknown) => askWord(askFailureOf(error)),
      );
    return { cannotAsk, load };
  };

  it('should keep what it acknowledged through a crash, and be read back', async () => {
    const run = `neo4j-tls-${process.pid}`;
    assert.deepEqual(await seen(server.target), { cannotAsk: undefined, load: 'prepared' });
    const session = neo4j.client(server.target.connection, run).session();
    await session.open(2000);
    for (let n = 1; n <= ENCRYPTED; n++) assert.deepEqual(await session.write(n), { outcome: 'ok' });
    await server.crash();
    while (session.usable()) await sleep(10);
    assert.equal((await session.write(ENCRYPTED + 1)).outcome, 'fail');
    await server.restart();
    const found: unknown[] = [];
    const write = (one: ReadBackSeen): void => {
      if (one.kind === 'readback') found.push(one.present);
    };
    await neo4j.readBack(server.target, { run, write }, BOUNDS);
    assert.deepEqual(found, [[[1, ENCRYPTED]], [[1, ENCRYPTED]]]);
    const [facts] = await neo4j.servers(server.target, BOUNDS);
    assert.equal(facts?.failed, undefined);
  });

  it('should say that it is TLS, at once, and not that the store is down, where a certificate does not hold', async () => {
    const { tls } = server.target.connection;
    assert.ok(tls);
    const { cert: stranger } = await certificateFor(SERVER_NAME);
    const wrong = { cannotAsk: 'tls', load: 'cannot-ask/tls' };
    const began = performance.now();
    assert.deepEqual(await seen(withTls({ ...tls, ca: stranger })), wrong, 'another authority');
    assert.deepEqual(await seen(withTls({ ...tls, serverName: 'other.test' })), wrong, 'another name');
    assert.deepEqual(await seen(withTls({ serverName: SERVER_NAME })), wrong, 'no public authority');
    assert.deepEqual(await seen(withTls({ ca: tls.ca, serverName: SERVER_NAME })), wrong, 'no client');
    assert.deepEqual(await seen(withTls(undefined)), wrong, 'a server that takes TLS only');
    assert.ok(performance.now() - began < BOUNDS.deadlineMs);
  });

  it('should not send a password to a server that does not encrypt, where TLS is declared', async () => {
    const plain = await Neo4jServer.start();
    try {
      const target = withTls({ serverName: SERVER_NAME }, plain.target);
      assert.deepEqual(await seen(target), { cannotAsk: 'tls', load: 'cannot-ask/tls' });
    } finally {
      await plain.stop();
    }
  });
});
