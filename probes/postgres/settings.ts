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
import { connectionOf, queryOnce } from './query.ts';

/** Read from the server that takes the writes. */
const DURABILITY = Object.keys(GOVERNING.server);

/** @throws the error of the connection or of the server */
export async function durabilitySettings(
  connection: StoreConnection,
  bounds: Bounds,
): Promise<GoverningSetting[]> {
  const names = DURABILITY.map((name) => `'${name}'`).join(', ');
  const rows = await queryOnce<{ name: string; setting: string }>(
    connection,
    `SELECT name, setting FROM pg_settings WHERE name IN (${names}) ORDER BY name`,
    bounds,
  );
  return rows.map(({ name, setting }) => ({
    name,
    value: setting,
    source: `pg_settings on ${connection.host}`,
  }));
}

/** Visible only with the right to read all settings (role pg_monitor). */
const DATA_DIRECTORY = `SELECT setting FROM pg_settings WHERE name = 'data_directory'`;

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
    return { settings, dataFolders: folder === null ? [] : [folder] };
  });
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
