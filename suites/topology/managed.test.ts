/** A managed PostgreSQL, an address without pods: no check of topology or failover fails it for what cannot be seen of it. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { answerOf } from '../../probes/postgres/_testing/managed.ts';
import type { Managed } from '../../probes/postgres/_testing/managed.ts';
import { lookOf, membersIn, steadyIn } from '../../probes/postgres/managers/by-sql.ts';
import { durabilityBy } from '../../probes/postgres/settings.ts';
import { askFailureOf, askWord } from '../../probes/asking.ts';
import type { Judgement } from '../../reports/record/judgement.ts';
import { loadEnvironment } from '../../env/loader.ts';
import type { Environment } from '../../env/schema.ts';
import { catalogue, planChecks } from '../catalogue/index.ts';
import { RequestError } from '../harness/request-error.ts';
import { judgedOver } from './_testing/observing.ts';

const HOST = 'orders.abc.eu-central-1.rds.amazonaws.com';
const MEMBER = { name: HOST, address: HOST, port: 5432 };
const postgres = {
  members: 1,
  primary: { host: HOST, port: 5432 },
  durability: { fsync: 'on', full_page_writes: 'on', data_checksums: 'on' },
};
const settings = {
  stores: { postgres },
  workloads: [],
  writes: false,
  storage: { className: 'fast', kinds: ['csi'] },
};

const looked = (server: Managed) =>
  lookOf(MEMBER, {
    query: <Row>(text: string) => Promise.resolve().then(() => answerOf(server, text) as Row[]),
  });

const durability = (server: Managed) =>
  durabilityBy(
    { query: <Row>(text: string) => Promise.resolve().then(() => answerOf(server, text) as Row[]) },
    HOST,
  );

/** As the runner passes on what the driver says. */
async function roles(server: Managed): Promise<Judgement> {
  const describe = async (): Promise<unknown> => {
    try {
      const look = await looked(server);
      return { leader: HOST, members: membersIn([look]), governing: [] };
    } catch (error) {
      throw new RequestError(String(error), askWord(askFailureOf(error)));
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
    const own = await durability(server);
    const servers = [{ member: HOST, settings: own, dataFolders: [] }];
    const asked = { 'store.servers': () => Promise.resolve({ servers, clusterWide: false }) };
    const judged = (check: string) => judgedOver(check, { settings, objects: [], asked });
    assert.equal((await judged('topology/storage/durability')).verdict, 'pass');
    const { verdict, reason } = await judged('topology/storage/persistent');
    assert.equal(verdict, 'inconclusive');
    assert.match(reason, /there was nothing to judge/);
  });

  it('should leave checks out that would have nothing to look at, and say what is not declared', async () => {
    const production = await loadEnvironment('production');
    const { durability: _declared, ...without } = postgres;
    const workloads = production.topology.workloads.filter(({ store }) => store === undefined);
    const at = (stores: object, more: object = {}): Environment => ({
      ...production,
      topology: { ...production.topology, workloads },
      stores,
      ...more,
    });
    const whyNot = (environment: Environment, check: string): string | null | undefined =>
      planChecks(environment, { checks: [`topology/storage/${check}`] })[0]?.notRun?.text ?? null;
    const bare = at({ postgres: { ...without, durability: {} } });
    assert.equal(whyNot(bare, 'durability'), 'not declared: durability of a store');
    assert.equal(whyNot(at({ postgres }), 'durability'), null);
    const data = 'not declared: a workload with `store`, or a store with `pods`';
    assert.equal(whyNot(bare, 'persistent'), data);
    const pods = { namespace: 'databases', labels: { app: 'pg' } };
    assert.equal(whyNot(at({ postgres: { ...without, durability: {}, pods } }), 'persistent'), null);
    const own = { topology: { ...production.topology, workloads: production.topology.workloads } };
    assert.equal(whyNot(at({}, own), 'persistent'), null, 'workloads of stores that are not declared yet');
    const testing = { ...bare, kind: 'testing', permits: [{ checks: ['**'], faults: [] }] } as Environment;
    assert.equal(whyNot(testing, 'persistent'), null, 'it has a canary of its own');
    assert.equal(whyNot({ ...testing, readOnly: true }, 'persistent'), data);
  });

  it('should be one of as many nodes as are declared, each of which must run', async () => {
    const nodes = ['ip-10-0-0-1', 'ip-10-0-0-2', 'ip-10-0-0-3'];
    const conditions = ['quorum queues', 'virtual hosts'].map((name) => ({
      name,
      ok: true,
      expected: 'x',
      seen: 'x',
    }));
    const judged = (members: number, down: string[] = []): Promise<Judgement> => {
      const described = nodes.map((name) => ({
        name,
        role: 'peer',
        state: down.includes(name) ? 'not running' : 'running',
      }));
      return judgedOver('topology/workloads/roles', {
        settings: {
          ...settings,
          stores: { rabbitmq: { members, primary: { host: 'b-1.mq.example.com', port: 5671 } } },
        },
        objects: [],
        asked: {
          'store.describe': () => Promise.resolve({ leader: null, members: described, conditions }),
        },
      });
    };
    const whole = await judged(3);
    assert.equal(whole.verdict, 'pass', whole.reason);
    assert.match((await judged(5)).reason, /members of rabbitmq: expected 5, seen 3/);
    assert.match(
      (await judged(3, ['ip-10-0-0-3'])).reason,
      /rabbitmq ip-10-0-0-3: expected a member that runs/,
    );
  });

  it('should be failed for what the role of the application has in place of its settings, and not for the role of its provider', async () => {
    const judged = async (overrides: Managed['overrides'] = [], asked?: Managed['asked']) => {
      const own = await durability({ monitor: true, overrides, ...(asked && { asked }) });
      const servers = [{ member: HOST, settings: own, dataFolders: [] }];
      const answers = { 'store.servers': () => Promise.resolve({ servers, clusterWide: false }) };
      const wanted = { ...postgres, durability: { synchronous_commit: 'on' } };
      const of = { ...settings, stores: { postgres: wanted } };
      return judgedOver('topology/storage/durability', { settings: of, objects: [], asked: answers });
    };
    assert.equal((await judged()).verdict, 'pass');
    const name = 'synchronous_commit';
    const { verdict, reason } = await judged([{ name, setting: 'off', database: 'orders', role: 'app' }]);
    assert.equal(verdict, 'fail');
    assert.match(
      reason,
      /^synchronous_commit of postgres \(role app in database orders, pg_db_role_setting on .*\): expected on, seen off/,
    );
    const own = { name, setting: 'on', database: null, role: 'plumbline' };
    const hidden = await judged([own], { setting: 'on', source: 'user' });
    assert.equal(hidden.verdict, 'inconclusive');
    assert.match(
      hidden.reason,
      /expected on, seen what the server itself has does not show: ALTER ROLE plumbline has set on for who asked$/,
    );
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
        notRun?.text ?? 'runs',
        /pods of postgres, which is declared as an address|one member cannot fail over/,
        row.id,
      );
  });
});
