/** PostgreSQL through Pgpool-II, against real servers: whom questions reach, and what it adds to an outage. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../host/_testing/free-port.ts';
import { monoMs } from '../../host/clock.ts';
import { waitFor } from '../../host/wait.ts';
import { postgres } from '../../probes/postgres/index.ts';
import { connectError } from '../../probes/asking.ts';
import { queryOnce } from '../../probes/postgres/query.ts';
import { PostgresLoadClient } from '../../probes/postgres/session.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';
import type { FailoverRecord, Interval } from '../../reports/record/run-record.ts';
import { pathOf, pathTrial, shown } from './path-trial.ts';
import { Pgpool, PgpoolPackages } from './pgpool.ts';
import { PostgresCluster } from './postgres-cluster.ts';

const BOUNDS = { deadlineMs: 5000 };
const STEADY_MS = 30_000;
/** Of three servers one answers each session: that the same one answers this many is chance once in 177,147 times. */
const SESSIONS = 12;
/** No primary for so long: a manager takes as long to be sure, and Pgpool looks for one meanwhile. */
const DOWN_MS = 1000;

/** A new connection through Pgpool is one to each server besides: a busy machine would not come to an end with the usual sixteen of each load. */
const LOAD = { ratePerSecond: 100, connections: 4, maxConnections: 6 };

/** How Pgpool may be set up: without load balancing, with it, and with it where all functions are said to read only. */
const MODES = {
  alone: { load_balance_mode: 'off' },
  balanced: { load_balance_mode: 'on' },
  listed: { load_balance_mode: 'on', read_only_function_list: '.*' },
} as const;
type Mode = keyof typeof MODES;
const ALL = Object.keys(MODES) as Mode[];

/** What was acknowledged is there, once, on every member, and reads saw it. */
function assertNothingLost({ writes, rules = [] }: FailoverRecord): void {
  assert.ok(writes !== null && writes.ok > 100, 'too little was written');
  const { ok, present, lost, unexpected, duplicates } = writes;
  assert.deepEqual([lost, unexpected, duplicates], [0, 0, 0]);
  assert.ok(present >= ok, `${ok} acknowledged, ${present} there`);
  const verdicts = new Map(rules.map(({ id, verdict }) => [id, verdict]));
  for (const id of ['reads', 'stale-reads', 'read-back', 'accounts', 'members-agree', 'refused-writes'])
    assert.equal(verdicts.get(id), 'pass', id);
}

describe('PostgreSQL behind Pgpool', () => {
  let cluster: PostgresCluster;
  let packages: PgpoolPackages;
  const pools = new Map<Mode, Pgpool>();
  const through = (mode: Mode): StoreTarget => {
    const { connection } = pools.get(mode) ?? assert.fail(mode);
    return { ...cluster.targetOf('pg-0'), connection };
  };
  const steady = (primary: string): Promise<true> =>
    waitFor(
      async () => ((await postgres.steady(cluster.targetOf(primary), BOUNDS)).ok ? (true as const) : null),
      { what: 'all members to be steady', deadlineMs: STEADY_MS },
    );

  before(async () => {
    [cluster, packages] = await Promise.all([PostgresCluster.start(), PgpoolPackages.unpack()]);
    await steady('pg-0');
    for (const mode of ALL)
      pools.set(mode, await Pgpool.start(packages, cluster.targetOf('pg-0'), MODES[mode]));
  });
  after(async () => {
    await Promise.all([...pools.values()].map((pool) => pool.stop()));
    await cluster.stop();
    packages.remove();
  });

  it('should let replicas answer others, which is what it could do to the questions of these tests', async () => {
    for (const [mode, question] of [
      ['balanced', 'SELECT inet_server_port() AS port'],
      ['listed', 'SELECT inet_server_port() AS port, pg_is_in_recovery()'],
    ] as const) {
      const ports = new Set<number>();
      for (let n = 1; n <= SESSIONS; n++) {
        const [row] = await queryOnce<{ port: number }>(through(mode).connection, question, BOUNDS);
        ports.add(row?.port ?? 0);
      }
      assert.ok(ports.size > 1, `${mode}: ${[...ports].join()}`);
    }
  });

  it('should read from the primary what was written, however Pgpool is set up', async () => {
    for (const mode of ALL) {
      const client = new PostgresLoadClient(through(mode).connection, mode);
      await client.prepare(BOUNDS.deadlineMs);
      for (let n = 1; n <= SESSIONS; n++) {
        const session = client.session();
        await session.open(1000);
        assert.deepEqual(await session.write(n), { outcome: 'ok' });
        assert.deepEqual(await session.read(), { outcome: 'ok', detail: String(n) }, mode);
        session.destroy();
      }
    }
  });

  it('should not take a Pgpool for a replica, where it is one of several addresses', async () => {
    const alternatives = [{ host: '127.0.0.1', port: await freePort() }];
    const client = new PostgresLoadClient({ ...through('listed').connection, alternatives }, 'several');
    for (let n = 1; n <= SESSIONS; n++) {
      const session = client.session();
      await session.open(1000);
      assert.deepEqual(await session.write(n), { outcome: 'ok' });
      session.destroy();
    }
  });

  it('should read the settings of the server that takes the writes, and not those of a replica', async () => {
    const setting = async (change: string): Promise<void> => {
      for (const name of ['pg-1', 'pg-2']) {
        await cluster.sql(name, `ALTER SYSTEM ${change}`);
        await cluster.sql(name, 'SELECT pg_reload_conf()');
      }
    };
    await setting(`SET synchronous_commit = 'local'`);
    for (const mode of ALL)
      for (let look = 1; look <= SESSIONS; look++) {
        const settings = await postgres.governing(through(mode), BOUNDS);
        assert.equal(settings.find(({ name }) => name === 'synchronous_commit')?.value, 'on', mode);
      }
    await setting('RESET synchronous_commit');
  });

  it('should see roles by the members themselves, whichever way clients come', async () => {
    const { leader, members } = await postgres.describe(through('balanced'), BOUNDS);
    assert.deepEqual([leader, members.length], ['pg-0', 3]);
  });

  it('should measure the outage of a crashed primary on each path in one trial, and lose nothing', async (t) => {
    const [first, ...others] = cluster.names.map((name) => {
      const { host, port } = cluster.targetOf(name).connection;
      return { host, port };
    });
    const { host, port } = through('alone').connection;
    assert.ok(first);
    const without: Interval[] = [];
    const record = await pathTrial({
      run: 'crash',
      connection: through('balanced').connection,
      paths: [
        { name: 'alone', host, port, alternatives: [] },
        { name: 'direct', ...first, alternatives: others },
      ],
      load: LOAD,
      inject: async () => {
        const killedMs = monoMs();
        cluster.signal('pg-0', 'SIGQUIT');
        await waitFor(async () => ((await connectError(first, BOUNDS)) === null ? null : true), {
          what: 'pg-0 to be gone',
          ...BOUNDS,
        });
        const goneMs = monoMs();
        await sleep(DOWN_MS);
        const downMs = monoMs() - goneMs;
        await cluster.sql('pg-1', 'SELECT pg_promote()');
        without.push({ loMs: downMs, hiMs: monoMs() - killedMs });
        await cluster.follow('pg-2', 'pg-1');
      },
      heal: async () => {
        await cluster.rejoin('pg-0', 'pg-1');
        await steady('pg-1');
        return through('balanced');
      },
    });
    const main = record.rto ?? assert.fail(record.rtoNote ?? 'an RTO was expected');
    const [{ rto: alone }, { rto: direct }] = [pathOf(record, 'alone'), pathOf(record, 'direct')];
    const [down = assert.fail()] = without;
    t.diagnostic(
      `no primary for ${shown(down)}; balanced ${shown(main)}, alone ${shown(alone)}, direct ${shown(direct)}`,
    );
    for (const rto of [main, alone, direct]) assert.ok(rto.loMs > 0 && rto.hiMs >= down.loMs, shown(rto));
    assertNothingLost(record);
  });
});
