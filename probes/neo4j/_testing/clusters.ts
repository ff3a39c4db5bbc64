/**
 * What a cluster of Neo4j Enterprise answers: made up for tests, with the columns and values that its documentation states
 * (github.com/neo4j/docs-operations at 711c81b1, for 2026.07: pages "Monitor servers", "Show databases", "Monitor databases", "Leadership, routing,
 * and load balancing"), and with the names that its Helm chart gives (github.com/neo4j/helm-charts at 97dc7d78, chart 5.17: one StatefulSet of one
 * pod a server; server.bolt.advertised_address is the Service of the same name). No real cluster has answered yet.
 */
import type { StoreConnection, StoreMember } from '../../store/store-driver.ts';
import type { RouteRow } from '../bolt.ts';
import type { ClusterView, DatabaseRow, ServerRow } from '../members.ts';

/** Releases server-1, server-2, …, each with the pod server-N-0. */
export function membersOfChart(count = 3): StoreMember[] {
  return Array.from({ length: count }, (_, at) => ({
    name: `server-${at + 1}-0`,
    address: `10.24.0.${at + 11}`,
  }));
}

export const boltOf = (n: number): string => `server-${n}.graphs.svc.cluster.local:7687`;
const idOf = (n: number): string => `25a7efc7-d063-44b8-bdee-f23357f89f0${n}`;

/** A row of `SHOW DATABASES YIELD …` for server N; server 2 leads. */
export function copyOn(n: number, over: Partial<DatabaseRow> = {}): DatabaseRow {
  return {
    name: 'plumbline',
    serverID: idOf(n),
    address: boltOf(n),
    role: 'primary',
    writer: n === 2,
    currentStatus: 'online',
    requestedPrimariesCount: 3,
    requestedSecondariesCount: 0,
    ...over,
  };
}

/** A row of `SHOW SERVERS YIELD …` for server N. */
export function serverAt(n: number, over: Partial<ServerRow> = {}): ServerRow {
  const hosted = ['system', 'neo4j', 'plumbline'];
  return {
    serverId: idOf(n),
    name: idOf(n),
    address: boltOf(n),
    state: 'Enabled',
    health: 'Available',
    hosting: hosted,
    requestedHosting: hosted,
    ...over,
  };
}

/** Three servers with a copy each, and as many further ones without. */
export function chartView(over: Partial<ClusterView> = {}, further = 0): ClusterView {
  const only = { hosting: ['system'], requestedHosting: ['system'] };
  const more = Array.from({ length: further }, (_, at) => serverAt(at + 4, only));
  return {
    edition: 'enterprise',
    databases: [copyOn(1), copyOn(2), copyOn(3)],
    servers: [serverAt(1), serverAt(2), serverAt(3), ...more],
    ...over,
  };
}

/**
 * "Monitor databases": a server that is offline is still listed, with `address` NULL and the status `unknown`. Server 2 led; server 1 has been
 * elected, and `SHOW SERVERS` gives no address of what it cannot reach either.
 */
export const ONE_LOST = chartView({
  databases: [
    copyOn(1, { writer: true }),
    copyOn(2, { address: null, role: 'unknown', writer: false, currentStatus: 'unknown' }),
    copyOn(3),
  ],
  servers: [serverAt(1), serverAt(2, { address: null, health: 'Unavailable', hosting: [] }), serverAt(3)],
});

/** "Show databases": without ACCESS to it a database is left out, whatever runs. */
export const NO_ACCESS = chartView({ databases: [] });
/** Without the privilege SHOW SERVERS. */
export const NO_SERVERS = chartView({ servers: null });

/** A standalone server of the Community edition ("Monitor databases"); the columns that it is asked for. */
export const COMMUNITY: ClusterView = {
  edition: 'community',
  databases: [
    { name: 'neo4j', address: 'localhost:7687', role: 'primary', writer: true, currentStatus: 'online' },
  ],
  servers: [],
};

/** A routing table; without a writer it has the row, and no address in it. */
export function routesOfChart(writer: number | null): RouteRow[] {
  const all = [1, 2, 3].map(boltOf);
  const writers = writer === null ? [] : [boltOf(writer)];
  return [
    { role: 'WRITE', addresses: writers },
    { role: 'READ', addresses: all.filter((one) => !writers.includes(one)) },
    { role: 'ROUTE', addresses: all },
  ];
}

/** With dbms.routing.default_router=SERVER: exactly one entry, the address by which the client came. */
export function sentOnBy(address: string): RouteRow[] {
  return (['WRITE', 'READ', 'ROUTE'] as const).map((role) => ({ role, addresses: [address] }));
}

export const CONNECTION: StoreConnection = {
  host: 'orders-lb-neo4j.graphs.svc.cluster.local',
  port: 7687,
  database: 'plumbline',
  user: 'plumbline',
  password: 'p',
  declared: { members: 3, scheme: 'neo4j', enterprise: { primaries: 3, secondaries: 0 } },
};
