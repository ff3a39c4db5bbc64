import { monoMs } from '../../host/clock.ts';
import { firstAnswer } from '../store/members.ts';
import type { Bounds, StoreConnection, StoreMember, StoreTarget } from '../store/store-driver.ts';
import { ROUTES } from './bolt.ts';
import type { BoltConnection, RouteRow } from './bolt.ts';
import type { ClusterView, DatabaseRow, ServerRow } from './members.ts';
import { bounded, connectOnce } from './query.ts';

const DEFAULT_PORT = 7687;
/** Every server answers for the whole cluster in this database, whoever leads it. */
const SYSTEM = { database: 'system', direct: true, read: true } as const;

const EDITION = `CALL dbms.components() YIELD name, edition WHERE name = 'Neo4j Kernel' RETURN edition`;
const DATABASES = `SHOW DATABASES YIELD name, address, role, writer, currentStatus WHERE name = $database`;
const SERVERS = 'SHOW SERVERS YIELD name, address, state, health';

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

/** What the server on the other end knows. @throws as `BoltConnection.run` */
export async function viewOf(bolt: BoltConnection, database: string): Promise<ClusterView> {
  const [kernel] = await bolt.run<{ edition: string }>(EDITION);
  const edition = kernel?.edition ?? 'unknown';
  const databases = await bolt.run<DatabaseRow>(DATABASES, { database });
  const servers = edition === 'enterprise' ? await bolt.run<ServerRow>(SERVERS) : [];
  return { edition, databases, servers };
}

/** Where the server on the other end would send clients. @throws as `BoltConnection.run` */
export async function routesOf(bolt: BoltConnection, database: string): Promise<RouteRow[]> {
  const [table] = await bolt.run<{ servers: RouteRow[] }>(ROUTES, { database });
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
