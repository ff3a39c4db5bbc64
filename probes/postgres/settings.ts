import { posix } from 'node:path';
import { errorText } from '../../reports/record/error-text.ts';
import { coversPath } from '../../reports/record/names/topology-names.ts';
import { overrideText } from '../../reports/record/setting-overrides.ts';
import { GOVERNING } from './declaration.ts';
import type {
  Bounds,
  Circumstances,
  ExpectedWindow,
  GoverningSetting,
  ServerFacts,
  StoreConnection,
  StoreMember,
  StoreTarget,
} from '../store/store-driver.ts';
import { factsOf } from '../store/members.ts';
import * as managers from './managers/index.ts';
import type { ManagerKind } from './managers/manager.ts';
import { connectionOf, connectWithin, queryOnce } from './query.ts';
import type { ShortClient } from './query.ts';

const NAMES = Object.keys(GOVERNING.server)
  .map((name) => `'${name}'`)
  .join(', ');

/** As they hold in this session, and where from: an override of the canary's own role or database is in them. */
const OF_SESSION = `SELECT name, setting, source, session_user AS role, current_database() AS database
FROM pg_settings WHERE name IN (${NAMES}) ORDER BY name`;

/**
 * Sources of a value that this session has in place of the server's, and whose it is (PostgreSQL, "pg_settings"; guc_tables.c, `GucSource_Names`). What
 * all roles have in all databases (`global`) is none of them: every session has it.
 */
const HIDING: Readonly<Record<string, (of: { role: string; database: string }) => string>> = {
  database: ({ database }) => `ALTER DATABASE ${database}`,
  user: ({ role }) => `ALTER ROLE ${role}`,
  'database user': ({ role, database }) => `ALTER ROLE ${role} IN DATABASE ${database}`,
  client: () => 'an option of the connection',
  session: () => 'SET in the session, as by a pooler',
};

/**
 * What `ALTER ROLE` and `ALTER DATABASE … SET` have set. It holds for sessions that begin (PostgreSQL, "ALTER ROLE"): a role that cannot log in, and
 * a database that lets nobody in, have none.
 */
const OVERRIDES = `SELECT split_part(entry, '=', 1) AS name, substr(entry, strpos(entry, '=') + 1) AS setting, datname AS database, rolname AS role
FROM pg_db_role_setting CROSS JOIN unnest(setconfig) AS entry
LEFT JOIN pg_database ON pg_database.oid = setdatabase LEFT JOIN pg_roles ON pg_roles.oid = setrole
WHERE split_part(entry, '=', 1) IN (${NAMES}) AND (setdatabase = 0 OR datallowconn) AND (setrole = 0 OR rolcanlogin)
ORDER BY setdatabase, setrole`;

/** Roles as which only the provider of a managed service logs in. Amazon's has `synchronous_commit` at `local` on every instance of RDS and Aurora. */
const PROVIDERS = ['rdsadmin', 'cloudsqladmin', 'azuresu'];

/** Ways to write `on` and `off` that an override keeps as they were written. */
const SWITCHES: Readonly<Record<string, string>> = {
  true: 'on',
  yes: 'on',
  '1': 'on',
  false: 'off',
  no: 'off',
  '0': 'off',
};

type Value = { name: string; setting: string };
type OfSession = Value & { source: string; role: string; database: string };
type Override = Value & { database: string | null; role: string | null };

/**
 * The settings on which durability rests, and behind each the other values that roles and databases have in its place.
 * @throws the error of the connection or of the server
 */
export async function durabilitySettings(
  connection: StoreConnection,
  bounds: Bounds,
): Promise<GoverningSetting[]> {
  const client = await connectWithin(connection, bounds);
  try {
    return await durabilityBy(client, connection.host);
  } finally {
    client.destroy();
  }
}

/** @throws the error of the server */
export async function durabilityBy(
  client: Pick<ShortClient, 'query'>,
  host: string,
): Promise<GoverningSetting[]> {
  const rows = await client.query<OfSession>(OF_SESSION);
  const overrides = await client.query<Override>(OVERRIDES);
  return rows.flatMap(({ name, setting: value, ...of }): GoverningSetting[] => {
    const hiddenBy = HIDING[of.source]?.(of);
    const own = hiddenBy === undefined ? value : null;
    return [
      { name, value, source: `pg_settings on ${host}`, ...(hiddenBy !== undefined && { hiddenBy }) },
      ...overrides.filter((one) => one.name === name).flatMap((one) => overriding(one, own, host)),
    ];
  });
}

/**
 * None where the value is that of the server, which is listed, or nobody but a provider has it.
 * @param own null: what the server itself has does not show
 */
function overriding(
  { name, setting, role, database }: Override,
  own: string | null,
  host: string,
): GoverningSetting[] {
  const written = setting.toLowerCase();
  const value = SWITCHES[written] ?? written;
  if (value === own || (role !== null && PROVIDERS.includes(role))) return [];
  const override = { role, database };
  return [{ name, value, source: `${overrideText(override)}, pg_db_role_setting on ${host}`, override }];
}

/** Visible only with the right to read all settings (role pg_monitor). */
const DATA_DIRECTORY = `SELECT setting FROM pg_settings WHERE name = 'data_directory'`;

/** Those in the data directory have a path below it, or one relative to it (PostgreSQL 15, `allow_in_place_tablespaces`). */
const TABLESPACES = `SELECT pg_tablespace_location(oid) AS path FROM pg_tablespace WHERE pg_tablespace_location(oid) <> ''`;

/** One after the other: busybox's readlink takes one name. Both, because the data directory may lie behind a link as a whole. */
const REAL_NAMES = 'readlink -f "$1" && readlink -f "$2"';

/** The server works in its data directory from its start on (postmaster.c, `ChangeToDataDir`). */
const WORKING_FOLDER = `for p in /proc/[0-9]*; do
  read -r name < "$p/comm" 2>/dev/null || continue
  case $name in postgres|postmaster) readlink "$p/cwd" && exit 0 ;; esac
done
exit 1`;

/** Settings and data directory of every member's server. Replicas are read too: a replica that missed a change shows it only itself. */
export function serverFacts(target: StoreTarget, bounds: Bounds): Promise<ServerFacts[]> {
  return factsOf(target, async (member) => {
    const own = connectionOf(target, member);
    const settings = await durabilitySettings(own, bounds);
    const [row] = await queryOnce<{ setting: string }>(own, DATA_DIRECTORY, bounds);
    const folder = row?.setting ?? (await workingFolder(target, member, bounds));
    if (folder === null) return { settings, dataFolders: [] };
    const spaces = await queryOnce<{ path: string }>(own, TABLESPACES, bounds);
    const log = await logFolder(target, { member, folder }, bounds);
    const paths = [...spaces.map(({ path }) => posix.resolve(folder, path)), ...log.outside];
    return {
      settings,
      dataFolders: [folder, ...new Set(paths.filter((path) => !coversPath(folder, path)))],
      ...(log.unseen !== undefined && { foldersUnseen: `where its WAL is was not seen: ${log.unseen}` }),
    };
  });
}

/** Where the WAL is, if not in the data directory: its folder there may be a link (initdb, `--waldir`). */
export async function logFolder(
  target: StoreTarget,
  { member, folder }: { member: StoreMember; folder: string },
  bounds: Bounds,
): Promise<{ outside: string[]; unseen?: string }> {
  if (target.exec === undefined) return { outside: [], unseen: 'no command is run in its pod' };
  try {
    const command = ['sh', '-c', REAL_NAMES, 'sh', folder, posix.join(folder, 'pg_wal')];
    const { code, stdout, stderr } = await target.exec(member, command, bounds);
    const [real, log, ...more] = stdout.trim().split('\n');
    if (code !== 0 || !real || !log || more.length > 0)
      throw new Error(`readlink ended with ${code}: ${stderr}`);
    return { outside: coversPath(real, log) ? [] : [log] };
  } catch (error) {
    return { outside: [], unseen: errorText(error) };
  }
}

async function workingFolder(
  target: StoreTarget,
  member: StoreMember,
  bounds: Bounds,
): Promise<string | null> {
  const found = await target.exec?.(member, ['sh', '-c', WORKING_FOLDER], bounds);
  const folder = found?.code === 0 ? found.stdout.trim() : '';
  return folder === '' ? null : folder;
}

/** When clients should be served again, by the manager whose settings these are. Null for faults whose window does not follow from them. */
export function expectedWindow(
  fault: string,
  governing: readonly GoverningSetting[],
  circumstances: Circumstances = { also: [] },
): ExpectedWindow | null {
  const kinds: readonly ManagerKind[] = Object.values(managers);
  const windows = kinds.map((kind) => kind.expectedWindow?.(fault, governing, circumstances) ?? null);
  return windows.find((window) => window !== null) ?? null;
}
