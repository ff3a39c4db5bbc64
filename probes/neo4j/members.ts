import { NO_COPY } from './declaration.ts';
import type { StoreDescription, StoreMember } from '../store/store-driver.ts';
import type { RouteRow, Row } from './bolt.ts';

/** Of SHOW DATABASES, what is needed: one row for each server that holds the database (Operations manual, "Show databases"). */
export interface DatabaseRow extends Row {
  name: string;
  /** Of a cluster only: of the server that holds it. */
  serverID?: string | null;
  /** Bolt address, `host:port`; a standalone server gives the one that it advertises, by default localhost:7687. Null: the server is unavailable. */
  address: string | null;
  /** primary, secondary or unknown. */
  role: string | null;
  /** True on the one that takes writes: the leader, or a standalone server. */
  writer: boolean | null;
  currentStatus: string;
  /** Of a cluster only: how many copies of the database there should be. */
  requestedPrimariesCount?: number | null;
  requestedSecondariesCount?: number | null;
}

/** Of SHOW SERVERS (Operations manual, "Monitor servers"); Enterprise only. */
export interface ServerRow extends Row {
  serverId: string;
  /** A friendly name, or its id. */
  name: string;
  address: string | null;
  /** Free, Enabled, Cordoned, Deallocating, Deallocated or Dropped. */
  state: string;
  /** Available or Unavailable. */
  health: string;
  /** Databases that it runs, and those that it should. */
  hosting: readonly string[];
  requestedHosting: readonly string[];
}

/** What one server knows of the cluster, or of itself. */
export interface ClusterView {
  edition: string;
  databases: readonly DatabaseRow[];
  /** Empty without Enterprise: there is no cluster. Null: the account may not see them. */
  servers: readonly ServerRow[] | null;
}

/**
 * The pod behind an address: by its IP, its name, the first label of its DNS name, or that of the Service of its own StatefulSet, which has
 * its name (Neo4j's Helm chart: one of one pod a server, at whose Service its Bolt is advertised). One member is itself, whatever it advertises.
 */
export function podAt(address: string, members: readonly StoreMember[]): string | null {
  const host = address
    .replace(/^[a-z0-9+]+:\/\//, '')
    .replace(/:\d+$/, '')
    .replace(/^\[(.*)\]$/, '$1');
  const isNamed = (name: string): boolean => host === name || host.startsWith(`${name}.`);
  const found = members.find((member) => member.address === host || isNamed(member.name));
  if (found !== undefined) return found.name;
  const ofSet = members.filter(({ name }) => isNamed(name.replace(/-\d+$/, '')));
  const [only] = ofSet.length === 1 ? ofSet : members;
  return ofSet.length === 1 || members.length === 1 ? (only?.name ?? null) : null;
}

/** A server as the cluster lists it, and the copy of the database that it holds, if any. */
interface Seat {
  /** The pod, or what the cluster calls it where no pod can be told by its address. */
  name: string;
  copy: DatabaseRow | null;
  server: ServerRow | null;
}

/** Every server that is listed, each with its copy. An unavailable server may be listed without an address: the one pod that is left over is its. */
export function seatsOf({ databases, servers }: ClusterView, members: readonly StoreMember[]): Seat[] {
  const seats = [
    ...databases.map((copy) => ({ copy, server: serverOf(copy, servers ?? []) })),
    ...(servers ?? [])
      .filter((server) => databases.every((copy) => serverOf(copy, [server]) === null))
      .map((server) => ({ copy: null, server })),
  ];
  const pods = seats.map(({ copy, server }) => {
    const address = copy?.address ?? server?.address ?? null;
    return address === null ? null : podAt(address, members);
  });
  const left = members.filter(({ name }) => !pods.includes(name));
  const nameless = seats.filter(
    ({ copy, server }, at) => pods[at] === null && (copy?.address ?? server?.address ?? null) === null,
  );
  const own = left.length === 1 && nameless.length === 1 ? (left[0]?.name ?? null) : null;
  return seats.map((seat, at) => ({
    ...seat,
    name: pods[at] ?? (nameless.includes(seat) ? own : null) ?? calledBy(seat),
  }));
}

function serverOf(copy: DatabaseRow, servers: readonly ServerRow[]): ServerRow | null {
  const found = servers.find(({ serverId, address }) =>
    copy.serverID == null ? address !== null && address === copy.address : serverId === copy.serverID,
  );
  return found ?? null;
}

function calledBy({ copy, server }: Omit<Seat, 'name'>): string {
  return copy?.address ?? server?.address ?? server?.name ?? copy?.serverID ?? 'an unnamed server';
}

/**
 * Who takes the writes of the database; null while nobody, or more than one, says so. An address that is no member's stands for itself: then
 * somebody leads, and it cannot be told which pod that is.
 */
export function leaderOf(view: ClusterView, members: readonly StoreMember[]): string | null {
  const writers = seatsOf(view, members).filter(
    ({ copy }) => copy?.writer === true && copy.currentStatus === 'online',
  );
  return writers.length > 1 ? null : (writers[0]?.name ?? null);
}

/** Each server with its role and state: `online`, the database's trouble, or the server's where that is worse. */
export function membersOf(view: ClusterView, members: readonly StoreMember[]): StoreDescription['members'] {
  const leader = leaderOf(view, members);
  return seatsOf(view, members).map(({ name, copy, server }) => {
    const trouble = troubleOf(server);
    const status = copy?.currentStatus ?? (trouble === null ? 'online' : NO_COPY);
    return {
      name,
      role: name === leader ? 'leader' : roleOf(copy),
      state: trouble === null ? status : `${status}, server ${trouble}`,
    };
  });
}

/** Null: it takes part in the cluster and answers it, or there is none. */
export function troubleOf(server: ServerRow | null): string | null {
  const fit = server === null || (server.state === 'Enabled' && server.health === 'Available');
  return fit ? null : `${server.state}, ${server.health}`;
}

/** Neo4j calls every copy that may vote a primary; elsewhere that word is the leader's. */
function roleOf(copy: DatabaseRow | null): string {
  if (copy === null) return NO_COPY;
  return copy.role === 'primary' ? 'follower' : (copy.role ?? 'unknown');
}

/** The pods that clients are sent to for writing. */
export function writersOf(routes: readonly RouteRow[], members: readonly StoreMember[]): string[] {
  return routes
    .filter(({ role }) => role === 'WRITE')
    .flatMap(({ addresses }) => addresses.map((address) => podAt(address, members) ?? address));
}
