/** A cluster of Neo4j Enterprise as its Helm chart makes one, from answers that follow the documentation. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { askFailureOf } from '../asking.ts';
import type { ReadBackSeen, StoreConnection, StoreTarget } from '../store/store-driver.ts';
import * as shown from './_testing/clusters.ts';
import { fakeServer } from './_testing/server.ts';
import type { Answer } from './_testing/server.ts';
import { seen } from './ask.ts';
import { clusterConditions } from './cluster.ts';
import { neo4j as schema } from './declaration.ts';
import { neo4j as driver } from './index.ts';
import { leaderOf, membersOf, podAt } from './members.ts';
import type { ClusterView } from './members.ts';
import { connectOnce } from './query.ts';
import { settled } from './state.ts';

const THREE = shown.membersOfChart();
const BOUNDS = { deadlineMs: 5000 };
const declaredAs = (enterprise: object, members = 3): StoreConnection => ({
  ...shown.CONNECTION,
  declared: { ...shown.CONNECTION.declared, members, enterprise },
});
const conditionsOf = (view: ClusterView, connection = shown.CONNECTION) =>
  clusterConditions(view, connection);

describe('members of a cluster by the Helm chart of Neo4j', () => {
  it('should know a pod by the Service of its own StatefulSet, and no pod where several share that name', () => {
    assert.equal(podAt(shown.boltOf(2), THREE), 'server-2-0');
    assert.equal(leaderOf(shown.chartView(), THREE), 'server-2-0');
    const oneSet = [0, 1].map((n) => ({ name: `neo4j-${n}`, address: `10.0.0.${n}` }));
    assert.equal(podAt('neo4j.graphs.svc:7687', oneSet), null);
  });

  it('should list a server that hosts no copy as a member, and be steady with it', () => {
    const five = shown.membersOfChart(5);
    const view = shown.chartView({}, 2);
    assert.deepEqual(
      membersOf(view, five).map(({ name, role, state }) => `${name} ${role} ${state}`),
      [
        'server-1-0 follower online',
        'server-2-0 leader online',
        'server-3-0 follower online',
        'server-4-0 without a copy online',
        'server-5-0 without a copy online',
      ],
    );
    assert.equal(settled(view, five, shown.routesOfChart(2)).ok, true);
  });

  it('should name the pod of a server that is unavailable and has no address any more', () => {
    const members = membersOf(shown.ONE_LOST, THREE);
    assert.equal(leaderOf(shown.ONE_LOST, THREE), 'server-1-0');
    assert.deepEqual(members[1], {
      name: 'server-2-0',
      role: 'unknown',
      state: 'unknown, server Enabled, Unavailable',
    });
    const { ok, detail } = settled(shown.ONE_LOST, THREE, shown.routesOfChart(1));
    assert.equal(ok, false);
    assert.match(detail, /2 of 3 members online \(server-2-0 unknown, server Enabled, Unavailable\)/);
    const [other] = shown.ONE_LOST.databases.slice(1, 2);
    assert.ok(other);
    const two = { ...shown.ONE_LOST, databases: [shown.copyOn(1), other, { ...other, serverID: 'x' }] };
    assert.match(JSON.stringify(membersOf(two, THREE)), /25a7efc7/, 'which of two it is cannot be told');
  });

  it('should not be steady while a server is without the copy that it should have', () => {
    const view = shown.chartView({ databases: [shown.copyOn(1), shown.copyOn(2)] });
    const { ok, detail } = settled(view, THREE, shown.routesOfChart(2), conditionsOf(view));
    assert.equal(ok, false);
    assert.match(detail, /copies of the database: 2 primaries, 0 secondaries of plumbline online/);
  });

  it('should say who leads by its address where that is no member', () => {
    const outside = shown.chartView({
      databases: [shown.copyOn(2, { address: 'graph-2.example.com:7687' }), shown.copyOn(1), shown.copyOn(3)],
    });
    assert.equal(leaderOf(outside, THREE), 'graph-2.example.com:7687');
    assert.equal(membersOf(outside, THREE)[0]?.role, 'leader');
  });
});

describe('conditions of a cluster of Neo4j', () => {
  it('should hold of a whole one', () => {
    assert.deepEqual(
      conditionsOf(shown.chartView()).map(({ name, ok, seen: found }) => [name, ok, found]),
      [
        ['servers', true, '3 Enabled and Available'],
        ['copies of the database', true, '3 primaries, 0 secondaries'],
      ],
    );
    const { declared: _, ...undeclared } = shown.CONNECTION;
    assert.deepEqual(conditionsOf(shown.COMMUNITY, undeclared), []);
  });

  it('should name a server that is not enabled, does not answer, or does not run what it should', () => {
    const found = (over: object): string => {
      const [servers] = conditionsOf(
        shown.chartView({ servers: [shown.serverAt(1), shown.serverAt(2), shown.serverAt(3, over)] }),
      );
      return `${String(servers?.ok)} ${servers?.seen ?? ''}`;
    };
    assert.match(found({ state: 'Free' }), /^false .*server-3\.graphs.* Free, Available/);
    assert.match(found({ state: 'Deallocating' }), /^false .*Deallocating/);
    assert.match(found({ health: 'Unavailable' }), /^false .*Enabled, Unavailable/);
    assert.match(found({ hosting: ['system', 'neo4j'] }), /^false .*does not run plumbline/);
    const few = conditionsOf(shown.chartView({ servers: [shown.serverAt(1)] }));
    assert.equal(few[0]?.seen, '1 servers');
  });

  it('should want the declared copies, of the cluster as well as online', () => {
    const rows = (over: object) => [shown.copyOn(1, over), shown.copyOn(2, over), shown.copyOn(3, over)];
    const copies = (databases: ReturnType<typeof rows>, of = shown.CONNECTION) =>
      conditionsOf(shown.chartView({ databases }), of)[1];
    const fewer = copies([shown.copyOn(2)]);
    assert.equal(fewer?.ok, false);
    assert.match(fewer.seen, /1 primaries, 0 secondaries of plumbline online, and 3 primaries/);
    assert.equal(copies(rows({ requestedPrimariesCount: 5 }))?.ok, false);
    const one = copies([shown.copyOn(2, { requestedPrimariesCount: 1 })], declaredAs({ primaries: 1 }));
    assert.equal(one?.ok, true);
    assert.match(one.seen, /no other takes over when one of them goes/);
  });
});

describe('routes of a cluster of Neo4j', () => {
  it('should be steady where the servers send writes on themselves, and not where clients are sent to a follower', () => {
    const address = `${shown.CONNECTION.host}:7687`;
    const sentOn = settled(shown.chartView(), THREE, shown.sentOnBy(address));
    assert.equal(sentOn.ok, true);
    assert.match(sentOn.detail, /clients write to orders-lb-neo4j\..*, which sends writes on/);
    assert.equal(settled(shown.chartView(), THREE, shown.routesOfChart(1)).ok, false);
    assert.equal(settled(shown.chartView(), THREE, shown.routesOfChart(null)).ok, false);
  });
});

describe('an account with fewer rights', () => {
  it('should be told what it lacks, never that something is gone', () => {
    const thrown = (view: ClusterView, of = shown.CONNECTION): string => {
      try {
        seen(view, of);
        return 'nothing';
      } catch (error) {
        assert.deepEqual(askFailureOf(error), { kind: 'cannot-ask', cause: 'credentials' });
        return String(error);
      }
    };
    assert.match(thrown(shown.NO_ACCESS), /no copy of the database plumbline, to which it needs ACCESS/);
    assert.equal(
      thrown(shown.NO_SERVERS),
      'nothing',
      'every member holds a copy: SHOW DATABASES tells of each',
    );
    assert.match(
      thrown(shown.NO_SERVERS, declaredAs({ primaries: 3 }, 5)),
      /SHOW SERVERS is not granted to plumbline .*3 of 5 members hold a copy/,
    );
    const gone = shown.chartView({
      databases: [],
      servers: [shown.serverAt(1, { hosting: ['system'] })],
    });
    assert.equal(thrown(gone), 'nothing', 'no server that is there runs it');
    const [servers] = conditionsOf(shown.NO_SERVERS);
    assert.equal(servers?.ok, null);
    assert.match(servers.seen, /SHOW SERVERS is not granted to plumbline/);
  });
});

/** Answers of one server by what it is asked. */
function answering(view: ClusterView, more: Readonly<Record<string, Answer>> = {}) {
  return (query: string): Answer => {
    const [, given] = Object.entries(more).find(([part]) => query.includes(part)) ?? [];
    if (given !== undefined) return given;
    if (query.includes('dbms.components')) return { rows: [{ edition: view.edition }] };
    if (query.startsWith('SHOW DATABASES')) return { rows: rowsAsked(query, view.databases) };
    if (query.startsWith('SHOW SERVERS'))
      return view.servers === null
        ? { code: 'Neo.ClientError.Security.Forbidden' }
        : { rows: rowsAsked(query, view.servers) };
    if (query.includes('getRoutingTable')) return { rows: [{ servers: shown.routesOfChart(2) }] };
    if (query.startsWith('SHOW SETTINGS')) return { rows: SETTINGS };
    return { rows: [] };
  };
}

/** Columns in the order in which they are asked for; one that there is not is an error of the server. */
function rowsAsked(query: string, rows: readonly object[]): Record<string, unknown>[] {
  const names = (/YIELD ([\w, ]+?)(?: WHERE|$)/.exec(query)?.[1] ?? '').split(', ');
  return rows.map((row) =>
    Object.fromEntries(names.map((name) => [name, (row as Record<string, unknown>)[name] ?? null])),
  );
}

/** Defaults of the Operations manual, "Configuration settings". */
const SETTINGS = [
  { name: 'db.checkpoint', value: 'PERIODIC' },
  { name: 'dbms.cluster.raft.election_failure_detection_window', value: '3s-6s' },
  { name: 'dbms.cluster.raft.leader_failure_detection_window', value: '20s-23s' },
  { name: 'dbms.routing_ttl', value: '5m' },
];

/** As the image has them: github.com/neo4j/docker-neo4j at 9df98ef9, docker-image-src/5/coredb. */
const HOME = [
  { name: 'server.directories.neo4j_home', value: '/var/lib/neo4j' },
  { name: 'server.directories.data', value: '/var/lib/neo4j/data' },
];

const NAME = 'orders-lb-neo4j.graphs.svc.cluster.local';

/** Three members of one address, each a server of its own; asked over TLS with a verified name. */
async function withCluster(
  views: readonly ClusterView[],
  work: (target: StoreTarget) => Promise<void>,
  more: Readonly<Record<string, Answer>> = {},
): Promise<void> {
  const certificate = await certificateFor(NAME);
  const servers = await Promise.all(
    views.map((view) => fakeServer(() => undefined, { tls: certificate, answers: answering(view, more) })),
  );
  const members = servers.map(({ port }, at) => ({ name: `server-${at + 1}-0`, address: '127.0.0.1', port }));
  try {
    await work({
      connection: {
        ...shown.CONNECTION,
        host: '127.0.0.1',
        port: servers[0]?.port ?? 0,
        tls: { ca: certificate.cert, serverName: NAME },
      },
      members: () => Promise.resolve(members),
    });
  } finally {
    for (const server of servers) server.close();
  }
}

const THRICE = [shown.chartView(), shown.chartView(), shown.chartView()];

describe('a cluster of Neo4j that is asked over Bolt with TLS', () => {
  it('should be described with its members, conditions and settings, and aimed at', async () => {
    await withCluster(THRICE, async (target) => {
      const described = await driver.describe(target, BOUNDS);
      assert.equal(described.leader, 'server-2-0');
      assert.deepEqual(
        described.conditions?.map(({ name, ok }) => `${name} ${ok}`),
        ['edition true', 'servers true', 'copies of the database true'],
      );
      assert.deepEqual(
        described.governing.map(({ name, value }) => `${name} ${value}`),
        [
          'primaries 3',
          'dbms.cluster.raft.election_failure_detection_window 3s-6s',
          'dbms.cluster.raft.leader_failure_detection_window 20s-23s',
          'edition enterprise',
          'members 3',
          'db.checkpoint PERIODIC',
          'dbms.routing_ttl 5m',
        ],
      );
      assert.deepEqual(await driver.leadership?.(target, 'r', BOUNDS), {
        leader: 'server-2-0',
        holders: ['server-1-0', 'server-2-0', 'server-3-0'],
      });
      assert.equal((await driver.steady(target, BOUNDS)).ok, true);
    });
  });

  it('should know that the data folder of its image is a link to the volume, and not guess where that cannot be seen', async () => {
    const own = { 'SHOW SETTINGS': { rows: HOME } };
    const foldersBy = async (exec: StoreTarget['exec']): Promise<string[][]> => {
      let found: string[][] = [];
      await withCluster(
        [shown.chartView()],
        async (target) => {
          const servers = await driver.servers({ ...target, ...(exec && { exec }) }, BOUNDS);
          found = servers.map(({ dataFolders, foldersUnseen: why }) =>
            why === undefined ? dataFolders : [...dataFolders, `unseen: ${why}`],
          );
        },
        own,
      );
      return found;
    };
    const links = (): Promise<{ code: number; stdout: string; stderr: string }> =>
      Promise.resolve({ code: 0, stdout: '/data\n', stderr: '' });
    assert.deepEqual(await foldersBy(links), [['/data']]);
    const forbidden = (): Promise<never> => Promise.reject(new Error('forbidden'));
    const unseen = [
      'unseen: whether /var/lib/neo4j/data is a link, as in the images of Neo4j, could not be seen: forbidden',
    ];
    assert.deepEqual(await foldersBy(forbidden), [unseen]);
    assert.deepEqual(await foldersBy(undefined), [['/var/lib/neo4j/data']]);
    const log = (value: string) => ({ name: 'server.directories.transaction.logs.root', value });
    for (const [value, folders] of [
      ['transactions', ['/data']],
      ['/var/lib/neo4j/data/transactions', ['/data']],
      ['/logs/transactions', ['/data', '/logs/transactions']],
    ] as const) {
      own['SHOW SETTINGS'].rows = [...HOME, log(value)];
      assert.deepEqual(await foldersBy(links), [folders], `false verdict 36: ${value}`);
    }
    assert.deepEqual(await foldersBy(forbidden), [unseen], 'the folder of the logs is not all of the data');
  });

  it('should say so where the account may not see the servers', async () => {
    await withCluster([shown.NO_SERVERS], async (target) => {
      const { conditions, governing } = await driver.describe(target, BOUNDS);
      assert.equal(conditions?.find(({ name }) => name === 'servers')?.ok, null);
      assert.ok(governing.length > 0, 'the driver has closed the connection on which it was refused');
    });
    await withCluster([shown.NO_ACCESS], async (target) => {
      await assert.rejects(driver.describe(target, BOUNDS), (error) => {
        assert.deepEqual(askFailureOf(error), { kind: 'cannot-ask', cause: 'credentials' });
        return true;
      });
    });
  });

  it('should read the members that hold a copy back, and say of the others that they hold none', async () => {
    const four = shown.chartView({}, 1);
    const sees: string[] = [];
    await withCluster([four, four, four, four], async (target) => {
      const write = (one: ReadBackSeen): void => {
        if (one.kind === 'readback') sees.push(`${one.source} ${one.role}`);
        if (one.kind === 'readback-without') sees.push(`${one.source} ${one.because} ${one.copies}`);
        if (one.kind === 'readback-failed' || one.kind === 'readback-leaders') sees.push(JSON.stringify(one));
      };
      await driver.readBack(target, { run: 'r', write }, BOUNDS);
    });
    assert.deepEqual(sees, [
      'server-2-0 leader',
      'server-2-0 leader',
      'server-4-0 elsewhere 3',
      'server-1-0 member',
      'server-3-0 member',
    ]);
  });

  it('should not take a leader that is no member for a database without one', async () => {
    const outside = shown.chartView({
      databases: [shown.copyOn(2, { address: 'graph-2.example.com:7687' }), shown.copyOn(1), shown.copyOn(3)],
    });
    const written: ReadBackSeen[] = [];
    await withCluster([outside, outside, outside, outside], async (target) => {
      await driver.readBack(target, { run: 'r', write: (one) => written.push(one) }, BOUNDS);
    });
    assert.deepEqual(
      written.map(({ kind }) => kind),
      ['readback-plan', 'readback-failed'],
    );
  });

  it('should say which address to declare where the servers send writes on, which is not done over a section tls', async () => {
    const table = { getRoutingTable: { rows: [{ servers: shown.sentOnBy('127.0.0.1:1') }] } };
    await withCluster(
      THRICE,
      async ({ connection }) => {
        await assert.rejects(connectOnce(connection, BOUNDS), /declare a name in dbms\.routing\.client_side/);
      },
      table,
    );
  });

  it('should not take an account that may write nowhere for a read Service that refuses', async () => {
    const at = async (code: string): Promise<unknown> => {
      let found: unknown;
      await withCluster(
        [shown.chartView()],
        async (target) => {
          const { host, port } = target.connection;
          found = await driver.refusesWrites({ host, port }, target, BOUNDS).catch(() => 'not known');
        },
        { CREATE: { code } },
      );
      return found;
    };
    assert.equal(await at('Neo.ClientError.Security.Forbidden'), 'not known');
    assert.equal(await at('Neo.TransientError.General.DatabaseUnavailable'), 'not known');
    assert.equal(((await at('Neo.ClientError.Cluster.NotALeader')) as { refused: boolean }).refused, true);
  });
});

it('should take no more copies than members, and a cluster only as Enterprise', () => {
  const valid = (more: object): boolean =>
    schema.safeParse({ members: 3, primary: { host: 'h', port: 7687 }, ...more }).success;
  assert.equal(valid({}), false);
  assert.equal(valid({ enterprise: { primaries: 3 } }), true);
  assert.equal(valid({ enterprise: { primaries: 3, secondaries: 1 } }), false);
});
