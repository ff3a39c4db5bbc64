import type { StoreDescription, StoreMember } from '../store/store-driver.ts';
import type { RouteRow, Row } from './bolt.ts';

/** Of SHOW DATABASES, what is needed: one row for each server that holds the database (Cypher manual, "Listing databases"). */
export interface DatabaseRow extends Row {
  name: string;
  /** Bolt address, `host:port`; a standalone server gives the one that it advertises, by default localhost:7687. */
  address: string;
  /** primary, secondary or unknown. */
  role: string | null;
  /** True on the one that takes writes: the leader, or a standalone server. */
  writer: boolean | null;
  currentStatus: string;
}

/** Of SHOW SERVERS (Operations manual, "Monitor servers"); Enterprise only. */
export interface ServerRow extends Row {
  name: string;
  address: string | null;
  /** Free, Enabled, Cordoned, Deallocating, Deallocated or Dropped. */
  state: string;
  /** Available or Unavailable. */
  health: string;
}

/** What one server knows of the cluster, or of itself. */
export interface ClusterView {
  edition: string;
  databases: readonly DatabaseRow[];
  /** Empty without Enterprise: there is no cluster. */
  servers: readonly ServerRow[];
}

/** The pod behind an address: by its IP, its name, or the first label of its DNS name. One member is itself, whatever it advertises. */
export function podAt(address: string, members: readonly StoreMember[]): string | null {
  const host = address
    .replace(/^[a-z0-9+]+:\/\//, '')
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  const found = members.find(
    (member) => member.address === host || member.name === host || host.startsWith(`${member.name}.`),
  );
  if (found !== undefined) return found.name;
  return members.length === 1 ? (members[0]?.name ?? null) : null;
}

/** Who takes the writes of the database; null while nobody, or more than one, says so. */
export function leaderOf(view: ClusterView, members: readonly StoreMember[]): string | null {
  const writers = view.databases.filter((row) => row.writer === true && row.currentStatus === 'online');
  const [writer] = writers;
  return writer === undefined || writers.length > 1 ? null : podAt(writer.address, members);
}

/** Each server with its role and state: `online`, the database's trouble, or the server's where that is worse. */
export function membersOf(view: ClusterView, members: readonly StoreMember[]): StoreDescription['members'] {
  const leader = leaderOf(view, members);
  return view.databases.map((row) => {
    const name = podAt(row.address, members) ?? row.address;
    const server = view.servers.find(({ address }) => address === row.address);
    const fit = server === undefined || (server.state === 'Enabled' && server.health === 'Available');
    return {
      name,
      role: name === leader ? 'leader' : roleOf(row),
      state: fit ? row.currentStatus : `${row.currentStatus}, server ${server.state}, ${server.health}`,
    };
  });
}

/** Neo4j calls every copy that may vote a primary; elsewhere that word is the leader's. */
function roleOf({ role }: DatabaseRow): string {
  return role === 'primary' ? 'follower' : (role ?? 'unknown');
}

/** The pods that clients are sent to for writing. */
export function writersOf(routes: readonly RouteRow[], members: readonly StoreMember[]): string[] {
  return routes
    .filter(({ role }) => role === 'WRITE')
    .flatMap(({ addresses }) => addresses.map((address) => podAt(address, members) ?? address));
}
