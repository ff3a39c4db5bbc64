/** Clients that reach PostgreSQL in different ways: real servers, real client loads, history, reader and judge. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../host/_testing/free-port.ts';
import { monoMs } from '../../host/clock.ts';
import { waitFor } from '../../host/wait.ts';
import { NoPrimary } from '../../probes/postgres/first-primary.ts';
import { PostgresLoadClient } from '../../probes/postgres/session.ts';
import { postgres } from '../../probes/postgres/index.ts';
import type { ReadBackSeen, StoreConnection } from '../../probes/store/store-driver.ts';
import type { FailoverRecord, Interval } from '../../reports/record/run-record.ts';
import { ClientLoadGroup } from '../../runner/targets/client-load-group.ts';
import { startProxy } from '../integration/_helpers/cut-trial.ts';
import { pathOf, pathTrial, shown } from './path-trial.ts';
import { PostgresCluster } from './postgres-cluster.ts';

const BOUNDS = { deadlineMs: 5000 };
const STOP_MS = 10_000;
const CUT_MS = 1500;
const CONNECT_MS = 1000;
const HOST = '127.0.0.1';

describe('clients of PostgreSQL that come by different paths', () => {
  let cluster: PostgresCluster;
  let connection: StoreConnection;
  const portOf = (name: string): number => cluster.targetOf(name).connection.port;
  before(async () => {
    cluster = await PostgresCluster.start();
    ({ connection } = cluster.targetOf('pg-0'));
    await waitFor(async () => ((await postgres.steady(cluster.targetOf('pg-0'), BOUNDS)).ok ? true : null), {
      what: 'all members to be steady',
      deadlineMs: 30_000,
    });
  });
  after(async () => {
    await cluster.stop();
  });

  /** One trial in which the path through the proxy is cut for a known time, and the others are not. */
  const cutPath = async (run: string): Promise<{ record: FailoverRecord; trueMs: Interval }> => {
    const proxy = await startProxy(connection.port);
    const cuts: Interval[] = [];
    try {
      const record = await pathTrial({
        run,
        connection,
        paths: [
          { name: 'pooled', host: HOST, port: proxy.port, alternatives: [] },
          { name: 'direct', host: HOST, port: connection.port, alternatives: [] },
        ],
        inject: async () => {
          const cut = await proxy.send('cut');
          await sleep(CUT_MS - (monoMs() - cut.after));
          const back = await proxy.send('restore');
          cuts.push({ loMs: back.before - cut.after, hiMs: back.after - cut.before });
        },
      });
      return { record, trueMs: cuts[0] ?? assert.fail('the proxy was cut') };
    } finally {
      await proxy.stop();
    }
  };

  it('should each have the RTO of their own path, and the main load none', async (t) => {
    const { record, trueMs } = await cutPath('cut-1');
    const { rto } = pathOf(record, 'pooled');
    const { rto: direct } = pathOf(record, 'direct');
    const seen = `pooled ${shown(rto)}, cut for ${shown(trueMs)}, direct ${shown(direct)}`;
    t.diagnostic(`${seen}, main ${shown(record.rto ?? assert.fail('an RTO was expected'))}`);
    assert.ok(trueMs.hiMs <= rto.hiMs, seen);
    // The outage ends with the first answer on a new connection, for which a busy machine needs its time.
    assert.ok(rto.loMs <= trueMs.loMs + CONNECT_MS, seen);
    assert.deepEqual([record.sinceFault?.outages, record.outages], [0, []]);
    assert.deepEqual([record.rto?.loMs, direct.loMs], [0, 0]);
    const rules = record.rules?.filter(({ id }) => id.startsWith('path/')) ?? [];
    assert.equal(rules.length, 2);
    // Only a busy machine may leave one open.
    for (const { id, verdict, text } of rules)
      assert.ok(verdict === 'pass' || / ms late at the edges /.test(text), `${id}: ${text}`);
  });

  it('should read back the rows of the main load alone', async () => {
    const read: ReadBackSeen[] = [];
    const target = cluster.targetOf('pg-0');
    await postgres.readBack(
      target,
      { run: 'cut-1', write: (seen) => read.push(seen) },
      { deadlineMs: 20_000 },
    );
    const rows = async (run: string): Promise<number> => {
      const [found] = await cluster.sql<{ n: string }>(
        'pg-0',
        `SELECT count(*)::text AS n FROM plumbline_canary.writes WHERE run = '${run}'`,
      );
      return Number(found?.n);
    };
    const present = read.flatMap((seen) =>
      seen.kind === 'readback' && seen.role === 'leader' ? [seen.present] : [],
    );
    const counted = (present[0] ?? []).reduce((sum, [from, to]) => sum + to - from + 1, 0);
    assert.equal(counted, await rows('cut-1'));
    assert.ok((await rows('cut-1/path/pooled')) > 1000);
  });

  it('should stop all loads when one path cannot start, and say which', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'plumbline-paths-'));
    const ended: Promise<unknown>[] = [];
    const replica = { name: 'replica', host: HOST, port: portOf('pg-1'), alternatives: [] };
    const direct = { name: 'direct', host: HOST, port: portOf('pg-0'), alternatives: [] };
    const group = new ClientLoadGroup(
      { store: 'postgres', history: folder, run: 'refused', connection },
      { paths: [direct, replica], onStart: (child) => ended.push(child.ended) },
    );
    try {
      await assert.rejects(group.start(STOP_MS), /^RequestError: path replica: .*read-only/);
      assert.equal(ended.length, 3);
      await Promise.all(ended);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('should connect to the first server that is not in recovery', async () => {
    const nobody = { host: HOST, port: await freePort() };
    const [pg0, pg1, pg2] = cluster.names.map((name) => ({ host: HOST, port: portOf(name) }));
    assert.ok(pg0 && pg1 && pg2);
    const client = new PostgresLoadClient(
      { ...connection, ...nobody, alternatives: [pg1, pg2, pg0] },
      'several',
    );
    await client.prepare(BOUNDS.deadlineMs);
    const session = client.session();
    assert.equal(session.usable(), false);
    await session.open(100);
    assert.deepEqual([session.usable(), await session.write(1)], [true, { outcome: 'ok' }]);
    assert.deepEqual(await session.read(), { outcome: 'ok', detail: '1' });
    session.destroy();
    assert.equal(session.usable(), false);
    const replicas = new PostgresLoadClient({ ...connection, ...nobody, alternatives: [pg1] }, 'several');
    const error: unknown = await replicas
      .session()
      .open(100)
      .catch((thrown: unknown) => thrown);
    assert.ok(error instanceof NoPrimary);
    assert.equal(replicas.errorClass(error), 'no primary: ECONNREFUSED, in recovery');
    assert.equal(replicas.refused(error), true);
  });

  it('should pass over a server that is frozen well before the deadline of an operation', async () => {
    const frozen = { host: HOST, port: portOf('pg-2') };
    const alternatives = [{ host: HOST, port: portOf('pg-0') }];
    const client = new PostgresLoadClient({ ...connection, ...frozen, alternatives }, 'several');
    cluster.signal('pg-2', 'SIGSTOP');
    try {
      const session = client.session();
      const began = performance.now();
      await session.open(100);
      assert.ok(performance.now() - began < 800, `${performance.now() - began} ms`);
      assert.deepEqual(await session.write(2), { outcome: 'ok' });
      session.destroy();
    } finally {
      cluster.signal('pg-2', 'SIGCONT');
    }
  });

  it('should follow the new primary by a path of several addresses, before the main load can', async (t) => {
    const proxy = await startProxy(connection.port);
    try {
      const [first, ...others] = cluster.names.map((name) => ({ host: HOST, port: portOf(name) }));
      assert.ok(first);
      const record = await pathTrial({
        run: 'moved',
        connection: { ...connection, port: proxy.port },
        paths: [{ name: 'direct', ...first, alternatives: others }],
        inject: async () => {
          cluster.signal('pg-0', 'SIGQUIT');
          await sleep(500);
          await cluster.sql('pg-1', 'SELECT pg_promote()');
          await sleep(1000);
          await proxy.send(`to ${portOf('pg-1')}`);
        },
      });
      const { rto } = pathOf(record, 'direct');
      const main = record.rto ?? assert.fail('an RTO was expected');
      t.diagnostic(`direct ${shown(rto)}, main ${shown(main)}`);
      assert.ok(rto.loMs >= 400 && rto.hiMs < main.loMs, `direct ${shown(rto)}, main ${shown(main)}`);
      const [found] = await cluster.sql<{ n: string }>(
        'pg-1',
        `SELECT count(*)::text AS n FROM plumbline_canary.writes WHERE run = 'moved/path/direct'`,
      );
      assert.ok(Number(found?.n) > 1000, 'it writes to the new primary');
    } finally {
      await proxy.stop();
    }
  });
});
