/** What must hold of a cluster of the Enterprise edition besides the roles of its members: all of its servers, and the copies of the database. */
import { declaredMembers } from '../store/members.ts';
import type { Condition, StoreConnection } from '../store/store-driver.ts';
import { CLUSTER_CONDITIONS } from './declaration.ts';
import { troubleOf } from './members.ts';
import type { ClusterView, DatabaseRow, ServerRow } from './members.ts';
import { LEAST_TO_ELECT } from './settings.ts';

/** None where no cluster is declared. */
export function clusterConditions(view: ClusterView, connection: StoreConnection): Condition[] {
  const topology = topologyIn(connection);
  if (topology === null) return [];
  const { database, user } = connection;
  return [
    serversOf(view.servers, { user, members: declaredMembers(connection) ?? 0 }),
    copiesOf(view.databases, topology, database),
  ];
}

interface Topology {
  primaries: number;
  secondaries: number;
}

function topologyIn({ declared }: StoreConnection): Topology | null {
  const { primaries, secondaries } = (declared?.['enterprise'] ?? {}) as Partial<Topology>;
  return primaries === undefined ? null : { primaries, secondaries: secondaries ?? 0 };
}

/** Is every declared server in the cluster, does it answer, and does it run all that it should? */
function serversOf(
  servers: readonly ServerRow[] | null,
  { user, members }: { user: string; members: number },
): Condition {
  const of = { name: CLUSTER_CONDITIONS.servers, expected: `${members} Enabled and Available` };
  if (servers === null)
    return {
      ...of,
      ok: null,
      seen: `SHOW SERVERS is not granted to ${user} (deploy/accounts/neo4j-enterprise.cypher)`,
    };
  const wrong = servers.flatMap((server) => {
    const lacks = server.requestedHosting.filter((name) => !server.hosting.includes(name));
    const trouble = [troubleOf(server) ?? [], lacks.length > 0 ? `does not run ${lacks.join(', ')}` : []];
    return trouble.flat().map((one) => `${server.address ?? server.name} ${one}`);
  });
  const ok = wrong.length === 0 && servers.length === members;
  return { ...of, ok, seen: ok ? of.expected : [`${servers.length} servers`, ...wrong].join('; ') };
}

/** As many copies as declared, by what is wanted of the cluster and by what runs. */
function copiesOf(rows: readonly DatabaseRow[], declared: Topology, database: string): Condition {
  const expected = inWords(declared);
  const [row] = rows;
  const wanted =
    row?.requestedPrimariesCount == null
      ? null
      : { primaries: row.requestedPrimariesCount, secondaries: row.requestedSecondariesCount ?? 0 };
  const online = (role: string): number =>
    rows.filter((one) => one.role === role && one.currentStatus === 'online').length;
  const found = inWords({ primaries: online('primary'), secondaries: online('secondary') });
  const asked = wanted === null ? 'an unknown topology' : inWords(wanted);
  const of = { name: CLUSTER_CONDITIONS.copies, expected };
  if (found !== expected || (wanted !== null && asked !== expected))
    return { ...of, ok: false, seen: `${found} of ${database} online, and ${asked} wanted by the cluster` };
  const few = declared.primaries < LEAST_TO_ELECT;
  return { ...of, ok: true, seen: few ? `${expected}: no other takes over when one of them goes` : expected };
}

function inWords({ primaries, secondaries }: Topology): string {
  return `${primaries} primaries, ${secondaries} secondaries`;
}
