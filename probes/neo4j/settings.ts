import { posix } from 'node:path';
import { GOVERNING } from './declaration.ts';
import { errorText } from '../../reports/record/error-text.ts';
import { coversPath } from '../../reports/record/names/topology-names.ts';
import { factsOf } from '../store/members.ts';
import { millisOf } from '../store/recorded.ts';
import type {
  Bounds,
  ExpectedWindow,
  GoverningSetting,
  ServerFacts,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import { askAny, connectMember, viewOf } from './ask.ts';
import type { BoltConnection } from './bolt.ts';
import type { ClusterView } from './members.ts';
import { bounded } from './query.ts';

const OWN = Object.keys(GOVERNING.server);
const PRIMARIES = 'primaries';
const DETECTION = 'dbms.cluster.raft.leader_failure_detection_window';
const ELECTION = 'dbms.cluster.raft.election_failure_detection_window';
const CLUSTER = Object.keys(GOVERNING.cluster).filter((name) => name !== PRIMARIES);
const COMMON = [...OWN, ...Object.keys(GOVERNING.routing)];
const SETTINGS = `SHOW SETTINGS YIELD name, value WHERE name IN $names RETURN name, value ORDER BY name`;

/** The live settings of the server on the other end, and what it is. */
export async function settingsOf(bolt: BoltConnection, view: ClusterView): Promise<GoverningSetting[]> {
  const rows = await bolt.run<{ name: string; value: string | null }>(SETTINGS, {
    names: [...COMMON, ...CLUSTER],
  });
  const among = (names: readonly string[]): GoverningSetting[] =>
    rows
      .filter(({ name }) => names.includes(name))
      .map(({ name, value }) => ({ name, value: value ?? 'not set', source: 'SHOW SETTINGS' }));
  const listed = (name: string, those: readonly unknown[]): GoverningSetting => {
    return { name, value: String(those.length), source: 'SHOW DATABASES' };
  };
  const { databases, edition } = view;
  const primaries = databases.filter(({ role }) => role === 'primary');
  return [
    ...(edition === 'enterprise' ? [listed(PRIMARIES, primaries), ...among(CLUSTER)] : []),
    { name: 'edition', value: edition, source: 'dbms.components()' },
    listed('members', databases),
    ...among(COMMON),
  ];
}

/** @throws Error when no member answers */
export function governingSettings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]> {
  return askAny(target, bounds, async (bolt) => settingsOf(bolt, await viewOf(bolt, target)));
}

const HOME_FOLDER = 'server.directories.neo4j_home';
const DATA_FOLDER = 'server.directories.data';
/** Below the data folder, unless it says otherwise. */
const LOG_FOLDER = 'server.directories.transaction.logs.root';

/** Every member's own settings, data folder and that of the transaction logs; a folder without a leading slash lies below the server's home. */
export function serverFacts(target: StoreTarget, bounds: Bounds): Promise<ServerFacts[]> {
  return factsOf(target, async (member) => {
    const rows = await settingsIn(target, member, bounds);
    const settings = rows
      .filter(({ name }) => OWN.includes(name))
      .map(({ name, value }) => ({ name, value: value ?? 'not set', source: 'SHOW SETTINGS' }));
    const [home = '/', data, log] = [HOME_FOLDER, DATA_FOLDER, LOG_FOLDER].map(
      (wanted) => rows.find(({ name }) => name === wanted)?.value ?? undefined,
    );
    if (data === undefined) return { settings, dataFolders: [] };
    const folder = posix.resolve(home, data);
    const found = await folderOf(target, member, { home, folder }, bounds);
    const logs = posix.resolve(folder, log ?? '');
    // Where the data folder was not seen, that of the logs beside it would look like all of it.
    if (found.dataFolders.length === 0 || coversPath(folder, logs)) return { settings, ...found };
    const ofLogs = await folderOf(target, member, { home, folder: logs }, bounds);
    return { settings, ...found, ...ofLogs, dataFolders: [...found.dataFolders, ...ofLogs.dataFolders] };
  });
}

async function settingsIn(
  target: StoreTarget,
  member: StoreMember,
  bounds: Bounds,
): Promise<{ name: string; value: string | null }[]> {
  const bolt = await connectMember(target, member, bounds);
  try {
    const names = [...OWN, HOME_FOLDER, DATA_FOLDER, LOG_FOLDER];
    return await bounded(bolt, member.name, bounds, () => bolt.run(SETTINGS, { names }));
  } finally {
    bolt.destroy();
  }
}

/**
 * In Neo4j's own images the data folder of the server's home is a link to /data (github.com/neo4j/docker-neo4j, Dockerfile), which the server does
 * not tell.
 */
async function folderOf(
  target: StoreTarget,
  member: StoreMember,
  { home, folder }: { home: string; folder: string },
  bounds: Bounds,
): Promise<Pick<ServerFacts, 'dataFolders' | 'foldersUnseen'>> {
  if (target.exec === undefined || home === '/' || !coversPath(home, folder))
    return { dataFolders: [folder] };
  try {
    const { code, stdout, stderr } = await target.exec(member, ['readlink', '-f', folder], bounds);
    if (code !== 0) throw new Error(`readlink ended with ${code}: ${stderr}`);
    return { dataFolders: [stdout.trim()] };
  } catch (error) {
    const foldersUnseen = `whether ${folder} is a link, as in the images of Neo4j, could not be seen: ${errorText(error)}`;
    return { dataFolders: [], foldersUnseen };
  }
}

/** kubelet looks for dead containers once a second (PLEG relist). */
const RELIST_MS = 1000;
/** From the start of the Java virtual machine to Bolt: 5 s at the least, 12 s measured on two free cores, 45 s where others have them. */
const START_MS = { lo: 4000, hi: 45_000 };
/** A leader that is asked to stop hands over first; its successor is known at once. */
const FASTEST_HANDOVER_MS = 200;
/** Two rounds of an election, then a refreshed routing table. */
const ROUNDS = 2;

/** When clients should be served again. Null for faults whose window does not follow from these settings. */
export function expectedWindow(fault: string, governing: readonly GoverningSetting[]): ExpectedWindow | null {
  const electing = valueOf(governing, PRIMARIES) || valueOf(governing, 'members');
  if (electing === '') return null;
  const primaries = Number(electing);
  return primaries < LEAST_TO_ELECT ? restartWindow(fault, primaries) : electionWindow(fault, governing);
}

/** A majority of fewer is all of them. */
export const LEAST_TO_ELECT = 3;

/** Nothing takes over, the same server has to start again. What a hang lasts is decided elsewhere. */
function restartWindow(fault: string, primaries: number): ExpectedWindow | null {
  if (fault !== 'pod-crash' && fault !== 'pod-delete') return null;
  return {
    loMs: START_MS.lo,
    hiMs: RELIST_MS + START_MS.hi,
    derivation:
      `${primaries === 1 ? 'one member' : `${primaries} primaries`}, no failover: its end is noticed within ${RELIST_MS} ms, then the server starts and recovers the writes since its ` +
      `last checkpoint (${START_MS.lo} to ${START_MS.hi} ms)`,
  };
}

function electionWindow(fault: string, governing: readonly GoverningSetting[]): ExpectedWindow | null {
  const detection = durationRange(valueOf(governing, DETECTION));
  const election = durationRange(valueOf(governing, ELECTION));
  if (detection === null || election === null || fault === 'switchover') return null;
  const inPlace =
    fault === 'pod-crash' ? START_MS.lo : fault === 'pod-delete' ? FASTEST_HANDOVER_MS : Infinity;
  return {
    loMs: Math.min(detection.loMs, inPlace),
    hiMs: detection.hiMs + ROUNDS * election.hiMs,
    derivation:
      `the loss of the leader is noticed ${detection.loMs / 1000} to ${detection.hiMs / 1000} s after its last message ` +
      `(${DETECTION})${inPlace < detection.loMs ? `, sooner where the leader restarts in place or hands over (${inPlace} ms)` : ''}; ` +
      `at most ${ROUNDS} rounds of election of ${election.hiMs / 1000} s (${ELECTION})`,
  };
}

function valueOf(governing: readonly GoverningSetting[], name: string): string {
  return governing.find((setting) => setting.name === name)?.value ?? '';
}

/** `20s-23s` in ms; null for anything else. */
export function durationRange(text: string): { loMs: number; hiMs: number } | null {
  const [lo = '', hi = '', ...more] = text.split('-');
  const [loMs, hiMs] = [millisOf(lo), millisOf(hi)];
  return loMs === null || hiMs === null || more.length > 0 ? null : { loMs, hiMs };
}
