/** PostgreSQL without a manager, against real servers: who leads, who follows and what is unknown is told by the servers alone. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { freePort } from '../../host/_testing/free-port.ts';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { monoMs } from '../../host/clock.ts';
import { waitFor } from '../../host/wait.ts';
import { askFailureOf, askWord } from '../../probes/asking.ts';
import { postgres } from '../../probes/postgres/index.ts';
import type {
  ReadBackSeen,
  StoreConnection,
  StoreObservation,
  StoreTarget,
} from '../../probes/store/store-driver.ts';
import { tampering } from '../../suites/failover/store/controls/postgres.ts';
import { PostgresCluster, SERVER_NAME } from './postgres-cluster.ts';
import { tampersWith } from './tampering.ts';

const BOUNDS = { deadlineMs: 5000 };
/** The observer looks every 100 ms; on a busy machine it comes to fewer, and two are needed. */
const TWENTY_LOOKS_MS = 2000;

describe('PostgreSQL without a manager', () => {
  let cluster: PostgresCluster;
  let target: StoreTarget;
  before(async () => {
    cluster = await PostgresCluster.start();
    target = cluster.targetOf('pg-0');
  });
  after(async () => {
    await cluster.stop();
  });

  const steadyNow = (): Promise<true> =>
    waitFor(async () => ((await postgres.steady(target, BOUNDS)).ok ? true : null), {
      what: 'all members to be steady',
      deadlineMs: 30_000,
    });
  const rolesNow = async (): Promise<Record<string, string>> => {
    const { members } = await postgres.describe(target, BOUNDS);
    return Object.fromEntries(members.map(({ name, role, state }) => [name, `${role}, ${state}`]));
  };

  it('should tell the leader, its timeline and the synchronous replica', async () => {
    await steadyNow();
    const { leader, term } = await postgres.describe(target, BOUNDS);
    assert.deepEqual([leader, term], ['pg-0', 'timeline 1']);
    assert.deepEqual(await rolesNow(), {
      'pg-0': 'leader, running',
      'pg-1': 'sync_standby, streaming',
      'pg-2': 'replica, streaming',
    });
  });

  it('should say of each member whether it refuses writes, by its own word and by a write', async () => {
    for (const { name, address: host, port = 5432 } of await target.members()) {
      const said = [
        await postgres.refusesWrites({ host, port }, target, BOUNDS),
        await postgres.onlyReads?.({ host, port }, target, BOUNDS),
      ];
      for (const one of said) assert.equal(one?.refused, name !== 'pg-0', one?.detail);
    }
  });

  it('should read what governs durability, and nothing of a manager', async () => {
    const settings = await postgres.governing(target, BOUNDS);
    assert.ok(settings.some(({ name, value }) => name === 'fsync' && value === 'off'));
    assert.ok(!settings.some(({ name }) => name === 'ttl'));
    assert.equal(postgres.expectedWindow('pod-crash', settings), null, 'nobody says how long it takes');
  });

  it('should read what roles and databases have in place of the settings, on every member and by an account without rights', async () => {
    for (const text of [
      'CREATE ROLE app LOGIN',
      'CREATE ROLE team', // nobody logs in as it
      'CREATE ROLE looks LOGIN PASSWORD $$looks$$',
      'CREATE DATABASE tender',
      'CREATE DATABASE shut ALLOW_CONNECTIONS false',
      'ALTER ROLE app SET synchronous_commit = off',
      'ALTER ROLE app SET work_mem = $$8MB$$',
      'ALTER ROLE app IN DATABASE tender SET synchronous_commit = FALSE',
      'ALTER DATABASE tender SET synchronous_commit = local',
      'ALTER DATABASE shut SET synchronous_commit = off',
      'ALTER ROLE team SET synchronous_commit = off',
      'ALTER ROLE looks SET synchronous_commit = remote_write',
    ])
      await cluster.sql('pg-0', text);
    await cluster.replayed('pg-0');
    const looks = { ...target.connection, user: 'looks', password: 'looks' };
    const [known, others] = [target, { ...target, connection: looks }].map(async (of) => {
      const overrides = (settings: Awaited<ReturnType<typeof postgres.governing>>): string[] =>
        settings.flatMap(({ name, value, source, override }) =>
          override === undefined ? [] : [`${name} ${value}: ${source.split(', ')[0]}`],
        );
      const servers = await postgres.servers(of, BOUNDS);
      const read = servers.map(({ settings }) => overrides(settings));
      return [overrides(await postgres.governing(of, BOUNDS)), ...read].map((one) => one.toSorted());
    });
    const all = [
      'synchronous_commit local: database tender',
      'synchronous_commit off: role app',
      'synchronous_commit off: role app in database tender',
      'synchronous_commit remote_write: role looks',
    ];
    assert.deepEqual(await known, [all, all, all, all]);
    assert.deepEqual(await others, [all, all, all, all], 'its own too: it hides what the server itself has');
    await cluster.sql('pg-0', 'ALTER ROLE ALL SET synchronous_commit = local');
    const everyone = (await postgres.governing(target, BOUNDS)).filter(({ value }) => value === 'local');
    assert.deepEqual(
      everyone.map(({ override }) => override),
      [undefined],
      'what holds for this session too is said once',
    );
    for (const text of [
      'ALTER ROLE ALL RESET synchronous_commit',
      'DROP DATABASE tender',
      'DROP DATABASE shut',
      ...['app', 'team', 'looks'].map((role) => `DROP ROLE ${role}`),
    ])
      await cluster.sql('pg-0', text);
  });

  it('should not take an account that sees nothing of replication for a store without replicas', async () => {
    await cluster.sql('pg-0', "CREATE ROLE limited LOGIN PASSWORD 'limited'");
    const limited = { ...target, connection: { ...target.connection, user: 'limited', password: 'limited' } };
    await assert.rejects(postgres.describe(limited, BOUNDS), /pg-0 does not show this account .* pg_monitor/);
    assert.equal((await postgres.steady(limited, BOUNDS)).cannotAsk, 'credentials');
    await cluster.sql('pg-0', 'GRANT pg_monitor TO limited');
    assert.equal((await postgres.describe(limited, BOUNDS)).leader, 'pg-0');
  });

  it('should need no more than the account that deploy/accounts/postgres.sql makes', async () => {
    cluster.script('pg-0', path.join(import.meta.dirname, '../../deploy/accounts/postgres.sql'), {
      password: 'secret',
    });
    await cluster.replayed('pg-0');
    const account = { user: 'plumbline', password: 'secret', database: 'plumbline' };
    const own = { ...target, connection: { ...target.connection, ...account } };
    assert.equal((await postgres.describe(own, BOUNDS)).leader, 'pg-0');
    // A commit waits until a replica has its log, not until it has replayed it.
    const servers = await waitFor(
      async () => {
        const seen = await postgres.servers(own, BOUNDS);
        const late = seen.find(({ failed }) => failed !== undefined);
        if (late !== undefined) throw new Error(`${late.member}: ${late.failed}`);
        return seen;
      },
      { what: 'every replica to know the account and its database', deadlineMs: 10_000 },
    );
    for (const { member, settings } of servers) assert.ok(settings.length > 0, `${member}: no settings`);
    const client = postgres.client(own.connection, 'run');
    await client.prepare(BOUNDS.deadlineMs);
    const session = client.session();
    await session.open(1000);
    for (const n of [1, 2, 3]) assert.deepEqual(await session.write(n), { outcome: 'ok' });
    session.destroy();
    const read: ReadBackSeen[] = [];
    await postgres.readBack(own, { run: 'run', write: (seen) => read.push(seen) }, BOUNDS);
    const found = read.flatMap((seen) => (seen.kind === 'readback' ? [[seen.source, seen.present]] : []));
    assert.deepEqual(found, [
      ['pg-0', [[1, 3]]],
      ['pg-0', [[1, 3]]],
      ['pg-1', [[1, 3]]],
      ['pg-2', [[1, 3]]],
    ]);
  });

  it('should find what was written, take a write out and put one in twice, as the controls do', () =>
    tampersWith(postgres, target, tampering));

  it('should tell the roles without the settings where nothing takes the writes at the address of clients', async () => {
    const nowhere = { ...target, connection: { ...target.connection, port: await freePort() } };
    const { leader, members, governing } = await postgres.describe(nowhere, { deadlineMs: 1000 });
    assert.deepEqual([leader, members.length, governing], ['pg-0', 3, []]);
    await assert.rejects(postgres.governing(nowhere, { deadlineMs: 1000 }), /ECONNREFUSED/);
  });

  it('should say which member does not answer, and that the store is not steady', async () => {
    cluster.signal('pg-2', 'SIGSTOP');
    // The kernel of a stopped server accepts connections for it.
    const { ok, detail } = await postgres.steady(target, { deadlineMs: 1500 });
    assert.equal(ok, false);
    assert.match(detail, /pg-2: replica, does not answer: .*did not answer within/);
    cluster.signal('pg-2', 'SIGCONT');
    await steadyNow();
  });

  it('should refuse a planned change of leader, which nobody can be asked for', async () => {
    const request = { run: 'r', from: 'pg-0' };
    await assert.rejects(
      async () => postgres.switchover?.(target, request, BOUNDS),
      /no manager of PostgreSQL is declared/,
    );
  });

  it('should see a promotion, and two members on which clients write', async () => {
    const seen: StoreObservation[] = [];
    const observe = (run: string, write: (one: StoreObservation) => void) =>
      postgres.observe(target, { run, write });
    const observer = observe('split', (one) => seen.push(one));
    // Nobody writes under this name on pg-0: what else it completes, such as other transactions, is no write of a client.
    const healthy: StoreObservation[] = [];
    const beside = observe('moved', (one) => healthy.push(one));
    // Under a manager the servers are asked all the same; here one that does not answer at all, at a port where nobody listens.
    const managed: StoreObservation[] = [];
    const declared = { ...target.connection.declared, patroni: { port: await freePort(), scope: 'tender' } };
    const underPatroni = postgres.observe(
      { ...target, connection: { ...target.connection, declared } },
      { run: 'split', write: (one) => managed.push(one) },
    );
    try {
      await waitFor(() => (leadersIn(seen).includes('pg-0') ? true : null), {
        what: 'the observer to see the leader',
        deadlineMs: 5000,
      });
      await postgres.client(target.connection, 'split').prepare(BOUNDS.deadlineMs);
      await cluster.replayed('pg-0');
      await cluster.sql('pg-1', 'SELECT pg_promote()');
      const { leader, members } = await postgres.describe(target, BOUNDS);
      assert.equal(leader, null, 'two are not one');
      assert.deepEqual(
        members.filter(({ role }) => role === 'leader').map(({ name }) => name),
        ['pg-0', 'pg-1'],
      );
      const { ok, detail } = await postgres.steady(target, BOUNDS);
      assert.equal(ok, false);
      assert.match(detail, /expected one member that is not in recovery/);
      await waitFor(() => (leadersIn(seen).includes('pg-1') ? true : null), {
        what: 'the observer to see the newer timeline',
        deadlineMs: 5000,
      });
      const insert = (run: string) => `INSERT INTO plumbline_canary.writes (run, n) VALUES ('${run}', 1)`;
      for (const until = monoMs() + TWENTY_LOOKS_MS; monoMs() < until;) {
        for (const name of ['pg-0', 'pg-1']) await cluster.sql(name, insert('split/path/pooler'));
        await cluster.sql('pg-1', insert('moved'));
      }
      cluster.signal('pg-0', 'SIGQUIT');
      target = cluster.targetOf('pg-1');
      await waitFor(async () => ((await postgres.describe(target, BOUNDS)).leader === 'pg-1' ? true : null), {
        what: 'pg-1 to lead alone',
        deadlineMs: 10_000,
      });
      assert.equal((await postgres.describe(target, BOUNDS)).term, 'timeline 2');
      assert.match((await rolesNow())['pg-0'] ?? '', /^replica, does not answer: .*ECONNREFUSED/);
      assert.equal((await rolesNow())['pg-2'], 'replica, not streaming', 'it follows nobody that is there');
    } finally {
      await Promise.all([observer.stop(), beside.stop(), underPatroni.stop()]);
    }
    // A new connection, or an answer of a busy server, may take longer than a look waits: then nobody is seen to lead.
    const led = leadersIn(seen).filter((leader) => leader !== null);
    assert.deepEqual(
      led.filter((leader, at) => leader !== led[at - 1]),
      ['pg-0', 'pg-1'],
    );
    const several = (of: readonly StoreObservation[]) =>
      of.flatMap((one) => (one.kind === 'several-leaders' ? [one] : []));
    const both = several(seen);
    const names = ['pg-0', 'pg-1'];
    const wrote = (of: readonly StoreObservation[]) =>
      several(of).map(({ leaders, wrote: on, uncounted }) => ({ leaders, on, uncounted }));
    assert.deepEqual(wrote(seen), [{ leaders: names, on: names, uncounted: undefined }]);
    assert.deepEqual(wrote(managed), wrote(seen), 'whoever manages it');
    assert.deepEqual(leadersIn(managed), [], 'who leads is told by the manager alone');
    assert.deepEqual(wrote(healthy), [{ leaders: names, on: ['pg-1'], uncounted: undefined }]);
    const [fromMs = 0, toMs = 0] = both[0]?.betweenMs ?? [];
    assert.ok(toMs - fromMs >= TWENTY_LOOKS_MS);
  });

  it('should be down, not unknown, when no member answers', async () => {
    for (const name of cluster.names) cluster.signal(name, 'SIGQUIT');
    await waitFor(
      async () => {
        const error = await postgres.describe(target, { deadlineMs: 1000 }).then(
          () => null,
          (thrown: unknown) => String(thrown),
        );
        return error !== null && error.split('ECONNREFUSED').length === 4 ? true : null;
      },
      { what: 'three refusals', deadlineMs: 20_000 },
    );
    const { ok, cannotAsk } = await postgres.steady(target, BOUNDS);
    assert.deepEqual([ok, cannotAsk], [false, undefined]);
  });
});

describe('PostgreSQL with TLS', () => {
  let cluster: PostgresCluster;
  before(async () => {
    cluster = await PostgresCluster.start(await certificateFor(SERVER_NAME));
  });
  after(async () => {
    await cluster.stop();
  });

  const withTls = (tls: StoreConnection['tls']): StoreTarget => {
    const target = cluster.targetOf('pg-0');
    return { ...target, connection: { ...target.connection, tls } };
  };
  /** What a look finds, and what the client load does. */
  const seen = async (target: StoreTarget): Promise<{ cannotAsk: string | undefined; load: string }> => {
    const { cannotAsk } = await postgres.steady(target, BOUNDS);
    const load = await postgres
      .client(target.connection, 'run')
      .prepare(BOUNDS.deadlineMs)
      .then(
        () => 'prepared',
        (error: unknown) => askWord(askFailureOf(error)),
      );
    return { cannotAsk, load };
  };

  it('should speak to members by address, held to the name of the service', async () => {
    const target = cluster.targetOf('pg-0');
    await waitFor(async () => ((await postgres.steady(target, BOUNDS)).ok ? true : null), {
      what: 'all members to be steady',
      deadlineMs: 30_000,
    });
    assert.equal((await postgres.describe(target, BOUNDS)).leader, 'pg-0');
    assert.deepEqual(await seen(target), { cannotAsk: undefined, load: 'prepared' });
    const session = postgres.client(target.connection, 'run').session();
    await session.open(1000);
    assert.deepEqual(await session.write(1), { outcome: 'ok' });
    session.destroy();
  });

  it('should say that it is TLS, and not that the store is down, where a certificate does not hold', async () => {
    const { tls } = cluster.targetOf('pg-0').connection;
    assert.ok(tls);
    const { cert: stranger } = await certificateFor(SERVER_NAME);
    const wrong = { cannotAsk: 'tls', load: 'cannot-ask/tls' };
    assert.deepEqual(await seen(withTls({ ...tls, ca: stranger })), wrong, 'another authority');
    assert.deepEqual(await seen(withTls({ ...tls, serverName: 'other.test' })), wrong, 'another name');
    assert.deepEqual(await seen(withTls({ serverName: SERVER_NAME })), wrong, 'no public authority');
    assert.deepEqual(await seen(withTls(undefined)), wrong, 'a server that takes TLS only');
  });

  it('should find out at once, not at the deadline', async () => {
    const began = performance.now();
    const error = await postgres
      .describe(withTls({ serverName: 'other.test' }), { deadlineMs: 20_000 })
      .catch((thrown: unknown) => thrown);
    assert.equal(askFailureOf(error).cause, 'tls');
    assert.ok(performance.now() - began < 5000);
  });
});

describe('PostgreSQL without TLS', () => {
  it('should not send a password to a server that cannot encrypt, where TLS is declared', async () => {
    const cluster = await PostgresCluster.start();
    try {
      const target = cluster.targetOf('pg-0');
      const connection = { ...target.connection, tls: { serverName: SERVER_NAME } };
      assert.equal((await postgres.steady({ ...target, connection }, BOUNDS)).cannotAsk, 'tls');
    } finally {
      await cluster.stop();
    }
  });
});

function leadersIn(seen: readonly StoreObservation[]): (string | null)[] {
  return seen.flatMap((one) => (one.kind === 'leader' ? [one.leader] : []));
}
