import { monoMs } from '../../host/clock.ts';
import { firstAnswer } from '../store/members.ts';
import type { Bounds, StoreConnection, StoreMember, StoreTarget } from '../store/store-driver.ts';
import { cannotAsk } from '../asking.ts';
import { declaredMembers } from '../store/members.ts';
import { ROUTES, routingContext } from './bolt.ts';
import type { BoltConnection, RouteRow } from './bolt.ts';
import type { ClusterView, DatabaseRow, ServerRow } from './members.ts';
import { bounded, connectOnce } from './query.ts';

const DEFAULT_PORT = 7687;
/** Every server answers for the whole cluster in this database, whoever leads it. */
const SYSTEM = { database: 'system', direct: true, read: true } as const;

const EDITION = `CALL dbms.components() YIELD name, edition WHERE name = 'Neo4j Kernel' RETURN edition`;
const DATABASES = `SHOW DATABASES YIELD name, address, role, writer, currentStatus WHERE name = $database`;
/** The Community edition is asked for no more than it was met with. */
const COPIES = `SHOW DATABASES YIELD name, serverID, address, role, writer, currentStatus, requestedPrimariesCount, requestedSecondariesCount WHERE name = $database`;
const SERVERS = 'SHOW SERVERS YIELD serverId, name, address, state, health, hosting, requestedHosting';
const ACCOUNT = 'deploy/accounts/neo4j-enterprise.cypher';

/** One member by itself, past Services and routing. */
export function connectionOf(target: StoreTarget, member: StoreMember): StoreConnection {
  return { ...target.connection, host: member.address, port: member.port ?? DEFAULT_PORT };
}

/** A connection to one member's system database; the caller destroys it. @throws as `connectOnce` */
export function connectMember(
  target: StoreTarget,
  member: StoreMember,
  bounds: Bounds,
): Promise<BoltConnection> {
  return connectOnce(connectionOf(target, member), bounds, SYSTEM);
}

/** What the server on the other end knows. @throws as `BoltConnection.run`, and where too little of the cluster may be seen */
export async function viewOf(bolt: BoltConnection, { connection }: StoreTarget): Promise<ClusterView> {
  const { database } = connection;
  const [kernel] = await bolt.run<{ edition: string }>(EDITION);
  const edition = kernel?.edition ?? 'unknown';
  if (edition !== 'enterprise') {
    const databases = await bolt.run<DatabaseRow>(DATABASES, { database });
    // One that stands still is listed as well.
    if (databases.length === 0)
      throw cannotAsk('credentials', `the server has no database ${database} (stores.neo4j.database)`);
    return { edition, databases, servers: [] };
  }
  const databases = await bolt.run<DatabaseRow>(COPIES, { database });
  const servers = await bolt.runIfGranted<ServerRow>(SERVERS);
  return seen({ edition, databases, servers }, connection);
}

/**
 * The view itself, where an absence means something. SHOW DATABASES leaves out what the account has no ACCESS to, as it does a database none of
 * whose servers is there; without SHOW SERVERS a server that holds no copy is not listed anywhere.
 * @throws AskError else
 */
export function seen(view: ClusterView, connection: StoreConnection): ClusterView {
  const { database, user } = connection;
  const { databases, servers } = view;
  const hosted = servers?.some(({ hosting }) => hosting.includes(database)) === true;
  if (databases.length === 0 && (servers === null || hosted))
    throw cannotAsk(
      'credentials',
      `SHOW DATABASES shows ${user} no copy of the database ${database}, to which it needs ACCESS (${ACCOUNT})`,
    );
  const members = declaredMembers(connection);
  if (servers === null && members !== null && databases.length < members)
    throw cannotAsk(
      'credentials',
      `SHOW SERVERS is not granted to ${user} (${ACCOUNT}): ${databases.length} of ${members} members hold ` +
        `a copy of ${database}, and whether the others take part cannot be seen`,
    );
  return view;
}

/** Where the server on the other end would send clients that come by the declared address. @throws as `BoltConnection.run` */
export async function routesOf(bolt: BoltConnection, { connection }: StoreTarget): Promise<RouteRow[]> {
  const { database } = connection;
  const context = routingContext(connection);
  const [table] = await bolt.run<{ servers: RouteRow[] }>(ROUTES, { context, database });
  return table?.servers ?? [];
}

/**
 * Asks the members at once, takes the first that answers and destroys its connection when the work is done.
 * @throws Error with what each of them said
 */
export async function askAny<T>(
  target: StoreTarget,
  bounds: Bounds,
  ask: (bolt: BoltConnection, members: readonly StoreMember[]) => Promise<T>,
): Promise<T> {
  const members = await target.members();
  const end = monoMs() + bounds.deadlineMs;
  return firstAnswer('Neo4j', members, async (member) => {
    const bolt = await connectMember(target, member, bounds);
    try {
      const left = { ...bounds, deadlineMs: Math.max(1, end - monoMs()) };
      return await bounded(bolt, member.name, left, () => ask(bolt, members));
    } finally {
      bolt.destroy();
    }
  });
}
