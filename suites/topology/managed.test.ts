/** A managed PostgreSQL, an address without pods: no check of topology or failover fails it for what cannot be seen of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerOf } from '../../probes/postgres/_testing/managed.ts';
import type { Managed } from '../../probes/postgres/_testing/managed.ts';
import { lookOf, membersIn, steadyIn } from '../../probes/postgres/managers/by-sql.ts';
import { askFailureOf, askWord } from '../../probes/asking.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import { loadEnvironment } from '../../env/loader.ts';
import { catalogue, planChecks } from '../catalogue/index.ts';
import { RunnerError } from '../harness/client.ts';
import { judgedOver } from './_testing/observing.ts';

const HOST = 'orders.abc.eu-central-1.rds.amazonaws.com';
const MEMBER = { name: HOST, address: HOST, port: 5432 };
const postgres = {
  ...{ members: 1, primary: { host: HOST, port: 5432 } },
  durability: { fsync: 'on', full_page_writes: 'on', data_checksums: 'on' },
};
const settings = {
  ...{ stores: { postgres }, workloads: [], writes: false },
  storage: { className: 'fast', kinds: ['csi'] },
};

const looked = (server: Managed) =>
  lookOf(MEMBER, {
    query: <Row>(text: string) => Promise.resolve().then(() => answerOf(server, text) as Row[]),
  });

/** As the runner passes on what the driver says. */
async function roles(server: Managed): Promise<Judgement> {
  const describe = async (): Promise<unknown> => {
    try {
      const look = await looked(server);
      return { leader: HOST, members: membersIn([look]), governing: [] };
    } catch (error) {
      throw new RunnerError(String(error), askWord(askFailureOf(error)));
    }
  };
  const asked = { 'store.describe': describe };
  return judgedOver('topology/workloads/roles', { settings, objects: [], asked });
}

describe('a managed PostgreSQL', () => {
  it('should be one leader, with and without the rights of pg_monitor, and where it tells no place in its WAL', async () => {
    for (const server of [
      { monitor: true, replicas: 1 },
      { monitor: false },
      { monitor: true, aurora: true },
    ]) {
      const { verdict, reason } = await roles(server);
      assert.equal(verdict, 'pass', `${JSON.stringify(server)}: ${reason}`);
    }
    assert.equal((await looked({ monitor: true, aurora: true })).timeline, 0);
    assert.equal(steadyIn([await looked({ monitor: true, aurora: true })], 1).ok, true);
  });

  it('should be inconclusive, and say which right is missing, where it does not show who follows', async () => {
    const { verdict, reason } = await roles({ monitor: false, replicas: 1 });
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /it needs the role pg_monitor/);
  });

  it('should have its settings judged although it shows no data folder, and no volume at all', async () => {
    const server = { monitor: false };
    const rows = answerOf(server, 'SELECT name, setting FROM pg_settings') as {
      name: string;
      setting: string;
    }[];
    const own = rows.map(({ name, setting: value }) => ({ name, value, source: `pg_settings on ${HOST}` }));
    const servers = [{ member: HOST, settings: own, dataFolders: [] }];
    const asked = { 'store.servers': () => Promise.resolve({ servers, clusterWide: false }) };
    const judged = (check: string) => judgedOver(check, { settings, objects: [], asked });
    assert.equal((await judged('topology/storage/durability')).verdict, 'pass');
    const { verdict, reason } = await judged('topology/storage/persistent');
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /there was nothing to judge/);
  });

  it('should have no fault injected, and be told why', async () => {
    const staging = await loadEnvironment('staging');
    const {
      statefulSet: _set,
      services: _services,
      patroni: _patroni,
      ...rest
    } = staging.stores.postgres ?? {};
    const stores = { ...staging.stores, postgres: { ...rest, ...postgres } };
    const environment = { ...staging, stores } as typeof staging;
    const ids = catalogue().flatMap(({ id, injects }) => (injects?.store === 'postgres' ? [id] : []));
    assert.ok(ids.length > 5);
    for (const { row, notRun } of planChecks(environment, { checks: ids }))
      assert.match(
        notRun ?? 'runs',
        /pods of postgres, which is declared as an address|one member cannot fail over/,
        row.id,
      );
  });
});
