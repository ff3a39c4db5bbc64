/** Pgpool-II before PostgreSQL for a test: Debian's, on a free port of the loopback, not installed. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchPackages } from '../../env/local/images/debian/debian.ts';
import { debianArchives } from '../../env/local/images/index.ts';
import { freePort } from '../../host/_testing/free-port.ts';
import { waitFor } from '../../host/wait.ts';
import { queryOnce } from '../../probes/postgres/query.ts';
import type { StoreConnection, StoreTarget } from '../../probes/store/store-driver.ts';

/** The server, and of its libraries those that neither PostgreSQL nor the system brings. */
const PACKAGES = ['pgpool2', 'libmemcached11', 'libhashkit2'];
const HOST = '127.0.0.1';
const START_DEADLINE_MS = 30_000;

/** Its programs and libraries in a folder; several servers run of them. */
export class PgpoolPackages {
  readonly root = mkdtempSync(join(tmpdir(), 'plumbline-pgpool-'));

  static async unpack(): Promise<PgpoolPackages> {
    const unpacked = new PgpoolPackages();
    const { root } = unpacked;
    try {
      for (const archive of await fetchPackages(PACKAGES, { debsDir: debianArchives(), tempDir: root }))
        execFileSync('dpkg-deb', ['-x', archive, root], { timeout: 60_000 });
      return unpacked;
    } catch (error) {
      unpacked.remove();
      throw error;
    }
  }

  /** The folder of libraries is named after the machine. */
  get libraries(): string {
    const below = join(this.root, 'usr/lib');
    return readdirSync(below)
      .filter((name) => name.endsWith('-linux-gnu'))
      .map((name) => join(below, name))
      .join(':');
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

export class Pgpool {
  /** Where and as whom clients connect. */
  readonly connection: StoreConnection;
  readonly #folder: string;
  readonly #process: ChildProcess;

  private constructor(packages: PgpoolPackages, folder: string, connection: StoreConnection) {
    this.connection = connection;
    this.#folder = folder;
    const log = openSync(join(folder, 'log'), 'a');
    const at = (name: string): string => join(folder, name);
    const files = ['-f', at('pgpool.conf'), '-a', at('pool_hba.conf'), '-F', at('pcp.conf')];
    this.#process = spawn(join(packages.root, 'usr/sbin/pgpool'), ['-n', '-D', ...files], {
      cwd: folder,
      env: { PATH: process.env['PATH'], LD_LIBRARY_PATH: packages.libraries },
      stdio: ['ignore', log, log],
    });
    process.once('exit', () => this.#process.kill('SIGQUIT'));
  }

  /**
   * Before these members, which it takes for a primary and its replicas by streaming replication, as its documentation sets it up. It promotes
   * nobody: it looks for the primary, as it does beside a manager.
   * @param settings further ones, or others
   */
  static async start(
    packages: PgpoolPackages,
    target: StoreTarget,
    settings: Readonly<Record<string, string>> = {},
  ): Promise<Pgpool> {
    const folder = mkdtempSync(join(packages.root, 'server-'));
    const port = await freePort();
    await writeSettings(folder, target, { port: String(port), ...settings });
    const pool = new Pgpool(packages, folder, { ...target.connection, host: HOST, port });
    try {
      await waitFor(() => pool.#answers(), { what: 'Pgpool to take queries', deadlineMs: START_DEADLINE_MS });
      return pool;
    } catch (error) {
      await pool.stop();
      throw new Error(`Pgpool did not start: ${pool.log()}`, { cause: error });
    }
  }

  async #answers(): Promise<true | null> {
    const [row] = await queryOnce<{ one: number }>(this.connection, 'SELECT 1 AS one', { deadlineMs: 2000 });
    return row?.one === 1 ? true : null;
  }

  log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }

  /** Immediate shutdown: clients are not waited for. */
  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'close');
    this.#process.kill('SIGQUIT');
    await ended;
  }
}

/** @param given of the server itself */
async function writeSettings(
  folder: string,
  target: StoreTarget,
  given: Readonly<Record<string, string>>,
): Promise<void> {
  const { user, password } = target.connection;
  const backends = (await target.members()).flatMap(({ name, address, port }, at) => [
    [`backend_hostname${at}`, address],
    [`backend_port${at}`, String(port)],
    [`backend_application_name${at}`, name],
    [`backend_weight${at}`, '1'],
    [`backend_flag${at}`, 'ALLOW_TO_FAILOVER'],
  ]);
  const own = {
    backend_clustering_mode: 'streaming_replication',
    listen_addresses: HOST,
    socket_dir: folder,
    pcp_listen_addresses: '',
    pcp_socket_dir: folder,
    pid_file_name: join(folder, 'pid'),
    logdir: folder,
    enable_pool_hba: 'on',
    pool_passwd: join(folder, 'pool_passwd'),
    num_init_children: '20',
    // Who leads. That a server is gone it learns by its connections: a health check takes a busy machine for a broken server.
    sr_check_period: '1',
    sr_check_user: user,
    sr_check_password: password,
    sr_check_database: 'postgres',
    auto_failback: 'on',
    auto_failback_interval: '1',
    ...given,
  };
  const all = [...backends, ...Object.entries(own)];
  const files = {
    'pgpool.conf': all.map(([key = '', value = '']) => `${key} = '${value}'\n`).join(''),
    'pool_hba.conf': `host all all ${HOST}/32 scram-sha-256\n`,
    pool_passwd: `${user}:TEXT${password}\n`,
    'pcp.conf': '',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text, { mode: 0o600 });
}
