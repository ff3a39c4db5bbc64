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
import { anyMember, patroniConfig, patroniMembers } from './managers/patroni/rest.ts';
import { connectionOf, queryOnce } from './query.ts';

/** Read from the server that takes the writes. */
const DURABILITY = Object.keys(GOVERNING.server);

/** Patroni's dynamic settings that govern a failover, with its own defaults (documentation, "Dynamic Configuration Settings"). */
const PATRONI_DEFAULTS: Readonly<Record<keyof typeof GOVERNING.patroni, string>> = {
  ttl: '30',
  loop_wait: '10',
  retry_timeout: '10',
  primary_start_timeout: '300',
  maximum_lag_on_failover: '1048576',
  synchronous_mode: 'false',
  synchronous_mode_strict: 'false',
  failsafe_mode: 'false',
};
/** The name before Patroni 3.0. */
const OLD_NAMES: Readonly<Record<string, string>> = { primary_start_timeout: 'master_start_timeout' };

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

/** @throws Error when no member's Patroni answers */
export async function patroniSettings(target: StoreTarget, bounds: Bounds): Promise<GoverningSetting[]> {
  const members = await patroniMembers(target);
  const config = await anyMember(members, (member) => patroniConfig(member, bounds));
  return Object.entries(PATRONI_DEFAULTS).map(([name, fallback]) => {
    const value = config[name] ?? config[OLD_NAMES[name] ?? ''];
    const source = value === undefined ? "Patroni's default, not set in /config" : 'Patroni /config';
    return { name, value: value === undefined ? fallback : scalar(value), source };
  });
}

/** Patroni's settings are numbers, switches and words; anything else shows as JSON. */
export function scalar(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** From a promotion that is decided to a write that is answered: promote, checkpoint, Endpoints, proxy rules on the node. */
const PROMOTION_MS = 3000;
/** kubelet looks for dead containers once a second (PLEG relist), and Patroni takes a second to start. */
const RESTART_MS = 1000;
/** "Without grace" still gives a container 2 s between SIGTERM and SIGKILL (kubelet: minimum grace period). */
const MINIMUM_GRACE_MS = 2000;
/** A shutdown that is asked for releases the lease at once; promotion of a replica that has everything takes some 200 ms. */
const FASTEST_HANDOVER_MS = 200;

/** Patroni's settings that the windows follow from, ms. */
interface Timing {
  ttl: number;
  loop: number;
  start: number;
}
type Window = (timing: Timing, circumstances: Circumstances) => ExpectedWindow | null;

const WINDOWS: Readonly<Record<string, Window>> = {
  'pod-crash': ({ ttl, loop, start }) => ({
    loMs: RESTART_MS,
    hiMs: Math.max(ttl, start) + loop + PROMOTION_MS,
    derivation:
      `earliest: kubelet starts the container again (${RESTART_MS} ms) and Patroni, with primary_start_timeout ${start / 1000} s, ` +
      `releases or keeps the lease; latest: the container does not restart in time, the lease expires ttl ${ttl / 1000} s ` +
      `after its last renewal${start > ttl ? ` (or Patroni waits for the primary for primary_start_timeout ${start / 1000} s)` : ''}, ` +
      `a replica notices within loop_wait ${loop / 1000} s, promotion and routing ${PROMOTION_MS} ms`,
  }),
  'pod-delete': ({ loop }) => ({
    loMs: FASTEST_HANDOVER_MS,
    hiMs: MINIMUM_GRACE_MS + loop + PROMOTION_MS,
    derivation:
      `SIGTERM comes first: Patroni stops the server and releases the lease (earliest ${FASTEST_HANDOVER_MS} ms, latest the ` +
      `minimum grace of ${MINIMUM_GRACE_MS} ms), a replica notices within loop_wait ${loop / 1000} s, promotion and routing ${PROMOTION_MS} ms`,
  }),
  hang: (timing) => leaseRunsOut(timing, 'no process of the leader runs'),
  'node-loss': (timing) => leaseRunsOut(timing, 'no process of the leader runs'),
  // A leader that still reaches the API server keeps its lease: nobody takes over, however long it lasts.
  partition: (timing, { also }) =>
    also.includes('api') ? leaseRunsOut(timing, 'the leader cannot reach the API server') : null,
  switchover: ({ loop }) => ({
    loMs: FASTEST_HANDOVER_MS,
    hiMs: loop + PROMOTION_MS,
    derivation:
      `Patroni stops the server, which releases the lease (earliest ${FASTEST_HANDOVER_MS} ms); the candidate notices at once, ` +
      `at the latest within loop_wait ${loop / 1000} s, promotion and routing ${PROMOTION_MS} ms`,
  }),
};

/** The leader is gone without a word: its lease must expire, of which up to one loop had already passed. */
function leaseRunsOut({ ttl, loop }: Timing, why: string): ExpectedWindow {
  return {
    loMs: Math.max(0, ttl - loop),
    hiMs: ttl + loop + PROMOTION_MS,
    derivation:
      `${why}: its lease of ttl ${ttl / 1000} s, renewed up to loop_wait ${loop / 1000} s before, expires; ` +
      `a replica notices within loop_wait ${loop / 1000} s, promotion and routing ${PROMOTION_MS} ms`,
  };
}

/** When clients should be served again. Null for faults whose window does not follow from these settings. */
export function expectedWindow(
  fault: string,
  governing: readonly GoverningSetting[],
  circumstances: Circumstances = { also: [] },
): ExpectedWindow | null {
  const ttl = millis(governing, 'ttl');
  const loop = millis(governing, 'loop_wait');
  const start = millis(governing, 'primary_start_timeout');
  if (ttl === null || loop === null || start === null) return null;
  return WINDOWS[fault]?.({ ttl, loop, start }, circumstances) ?? null;
}

function millis(governing: readonly GoverningSetting[], name: string): number | null {
  const found = governing.find((setting) => setting.name === name);
  const seconds = found === undefined ? Number.NaN : Number(found.value);
  return Number.isFinite(seconds) ? seconds * 1000 : null;
}
