/** PostgreSQL under repmgr, against real servers and a real repmgrd beside each. */
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { waitFor } from '../../host/wait.ts';
import { postgres } from '../../probes/postgres/index.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';
import { PostgresCluster } from './postgres-cluster.ts';

const BOUNDS = { deadlineMs: 5000 };

describe('PostgreSQL under repmgr', () => {
  let cluster: PostgresCluster;
  let target: StoreTarget;
  const daemons = new Map<string, ReturnType<PostgresCluster['start']>>();

  const configured = (name: string): string =>
    cluster.file(
      `${name}.conf`,
      `node_id=${cluster.names.findIndex((one) => one === name) + 1}
node_name='${name}'
conninfo='${cluster.conninfo(name, 'repmgr')}'
data_directory='/nowhere'
failover=manual
monitor_interval_secs=1
`,
    );
  const keep = (name: string): void => {
    const args = ['-f', configured(name), '--daemonize=false', '--no-pid-file'];
    daemons.set(name, cluster.start('repmgrd', args));
  };
  /** Each condition as `judge` reads it, by its name. */
  const conditions = async (at = target): Promise<Record<string, string>> => {
    const { conditions: found = [] } = await postgres.describe(at, BOUNDS);
    return Object.fromEntries(found.map(({ name, ok, seen }) => [name, `${ok}: ${seen}`]));
  };
  const until = (name: string, wanted: RegExp): Promise<true> => {
    return waitFor(
      async (): Promise<true> => {
        const seen = (await conditions())[name] ?? '';
        if (!wanted.test(seen)) throw new Error(seen);
        return true;
      },
      { what: `${name} to be ${String(wanted)}`, deadlineMs: 20_000 },
    );
  };

  before(async () => {
    const packages = ['postgresql-15-repmgr'];
    cluster = await PostgresCluster.start(undefined, { shared_preload_libraries: 'repmgr' }, packages);
    await cluster.sql('pg-0', 'CREATE DATABASE repmgr');
    cluster.script('pg-0', path.join(import.meta.dirname, '../../deploy/accounts/postgres.sql'), {
      password: 'secret',
    });
    cluster.run('repmgr', ['-f', configured('pg-0'), 'primary', 'register']);
    await cluster.replayed('pg-0');
    for (const name of ['pg-1', 'pg-2'])
      cluster.run('repmgr', ['-f', configured(name), 'standby', 'register', '--upstream-node-id=1']);
    const { connection, ...rest } = cluster.targetOf('pg-0');
    const account = { user: 'plumbline', password: 'secret', database: 'plumbline' };
    const declared = { ...connection.declared, repmgr: { database: 'repmgr' } };
    target = { ...rest, connection: { ...connection, ...account, declared } };
  });
  after(async () => {
    await cluster.stop();
  });

  it('should be unknown to an account without rights in its schema, and say what gives them', async () => {
    const seen = await conditions();
    assert.match(
      seen['repmgrd'] ?? '',
      /^null: pg-0 cannot be asked: .*permission denied.*postgres-repmgr\.sql/,
    );
    assert.match(seen['members that repmgr knows'] ?? '', /^null: no member shows repmgr\.nodes/);
    cluster.script('pg-0', path.join(import.meta.dirname, '../../deploy/accounts/postgres-repmgr.sql'), {
      database: 'repmgr',
      repmgr: 'owner',
    });
    await until('members that repmgr knows', /^true: 3 active, primary: node 1; pg-0 leads$/);
  });

  it('should let nobody but repmgr pause it', () => {
    const file = cluster.file('pause.sql', '\\set ON_ERROR_STOP on\nSELECT repmgr.repmgrd_pause(false);');
    const pause = (role: string): void =>
      cluster.script('pg-0', file, { database: `dbname=repmgr options=-crole=${role}` });
    pause('owner');
    assert.throws(() => pause('plumbline'));
  });

  it('should not promise a failover while no repmgrd runs', async () => {
    assert.equal(
      (await conditions())['repmgrd'],
      'false: repmgrd of pg-0 does not run; repmgrd of pg-1 does not run; repmgrd of pg-2 does not run',
    );
  });

  it('should see each repmgrd run, and who leads as repmgr has it', async () => {
    for (const name of cluster.names) keep(name);
    await until('repmgrd', /^true/);
    assert.equal(
      (await conditions())['members that repmgr knows'],
      'true: 3 active, primary: node 1; pg-0 leads as node 1',
    );
    const { leader, members } = await postgres.describe(target, BOUNDS);
    assert.deepEqual(
      [leader, ...members.map(({ role, state }) => `${role}, ${state}`)],
      ['pg-0', 'leader, running', 'sync_standby, streaming', 'replica, streaming'],
    );
    assert.equal((await postgres.steady(target, BOUNDS)).ok, true);
  });

  it('should fail while a repmgrd is paused, though every member follows', async () => {
    cluster.run('repmgr', ['-f', configured('pg-1'), 'service', 'pause']);
    await until(
      'repmgrd',
      /^false: repmgrd of pg-0 is paused; repmgrd of pg-1 is paused; repmgrd of pg-2 is paused/,
    );
    assert.equal((await postgres.steady(target, BOUNDS)).ok, true);
    cluster.run('repmgr', ['-f', configured('pg-1'), 'service', 'unpause']);
    await until('repmgrd', /^true/);
  });

  it('should name the member whose repmgrd has ended', async () => {
    daemons.get('pg-2')?.kill('SIGTERM');
    await until('repmgrd', /^false: repmgrd of pg-2 does not run$/);
  });

  it('should miss a member that is not registered', async () => {
    cluster.run('repmgr', ['-f', configured('pg-2'), 'standby', 'unregister']);
    await until('members that repmgr knows', /^false: 2 active, primary: node 1; pg-0 leads as node 1/);
  });

  it('should see that another leads than repmgr has it', async () => {
    cluster.signal('pg-0', 'SIGQUIT');
    await cluster.sql('pg-1', 'SELECT pg_promote()');
    const { host, port } = cluster.targetOf('pg-1').connection;
    target = { ...target, connection: { ...target.connection, host, port } };
    await until('members that repmgr knows', /^false: .*primary: node 1; pg-1 leads as node 2/);
    assert.match(
      (await conditions())['repmgrd'] ?? '',
      /repmgrd of pg-2 does not run/,
      'what is known to be wrong counts more than what is not known',
    );
  });

  it('should refuse a planned change of leader, which it cannot be asked for by SQL', async () => {
    await assert.rejects(
      async () => postgres.switchover?.(target, { run: 'r', from: 'pg-0' }, BOUNDS),
      /repmgr changes the leader by a command on a member/,
    );
  });
});
