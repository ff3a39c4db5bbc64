/** PostgreSQL without a manager for a test: a primary and two replicas as processes of their own, on free ports of the loopback. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RELEASE } from '../../env/local/images/debian/debian-archive.ts';
import { fetchPackages } from '../../env/local/images/debian/debian.ts';
import { debianArchives } from '../../env/local/images/index.ts';
import { freePort } from '../../host/_testing/free-port.ts';
import { waitFor } from '../../host/wait.ts';
import { queryOnce } from '../../probes/postgres/query.ts';
import type {
  StoreConnection,
  StoreMember,
  StoreTarget,
  StoreTlsFiles,
} from '../../probes/store/store-driver.ts';

/** Debian's server: its programs and libraries, and what they share. It finds both relative to its own place. */
const SERVER = ['usr/lib/postgresql/15', 'usr/share/postgresql/15'] as const;
const BIN = join(SERVER[0], 'bin');
const HOST = '127.0.0.1';
const USER = 'owner';
/** The name that certificates of servers must hold. */
export const SERVER_NAME = 'pg.test';
const START_DEADLINE_MS = 30_000;

interface Server {
  name: string;
  port: number;
  data: string;
  process: ChildProcess | null;
}

export class PostgresCluster {
  readonly names = ['pg-0', 'pg-1', 'pg-2'] as const;
  readonly #folder = mkdtempSync(join(tmpdir(), 'plumbline-postgres-'));
  readonly #owner: { uid: number; gid: number };
  readonly #password = `test-${Math.random().toString(36).slice(2)}`;
  readonly #servers: Server[] = [];
  readonly #settings: [string, string][] = [];
  readonly #beside: ChildProcess[] = [];
  #tls: StoreTlsFiles | undefined;
  #root = '/';

  private constructor() {
    const [uid = -1, gid = -1] = ['-u', '-g'].map((flag) =>
      Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
    );
    this.#owner = { uid, gid };
    chownSync(this.#folder, uid, gid);
    process.once('exit', () => this.#signalAll('SIGQUIT'));
  }

  /**
   * Commits wait for one replica, so that one of them is synchronous.
   * @param tls what the servers show, PEM; plain connections of accounts are then refused
   * @param settings further ones of each server
   * @param packages of Debian that the servers shall have, whether or not the machine has them
   */
  static async start(
    tls?: { key: string; cert: string },
    settings: Readonly<Record<string, string>> = {},
    packages: readonly string[] = [],
  ): Promise<PostgresCluster> {
    const cluster = new PostgresCluster();
    cluster.#settings.push(...Object.entries(settings));
    if (tls !== undefined) cluster.#showTls(tls);
    try {
      if (packages.length > 0) await cluster.#unpack(packages);
      await cluster.#start();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** @param primary whom the address that applications use leads to */
  targetOf(primary: string): StoreTarget {
    return { connection: this.#at(primary), members: () => Promise.resolve(this.#members()) };
  }

  async sql<Row extends Record<string, unknown>>(name: string, text: string): Promise<Row[]> {
    return queryOnce<Row>(this.#at(name), text, { deadlineMs: 10_000 });
  }

  /** Runs a file of SQL with psql on a server, as the superuser. */
  script(
    name: string,
    file: string,
    { database = 'postgres', ...variables }: Readonly<Record<string, string>>,
  ): void {
    const given = Object.entries(variables).flatMap(([key, value]) => ['-v', `${key}=${value}`]);
    const at = ['-h', HOST, '-p', String(this.#server(name).port), '-U', USER, '-d', database];
    this.#run('psql', [...at, '--no-psqlrc', ...given, '-f', file]);
  }

  /** Waits until every replica shows what the primary has written: a commit waits for one of them, and not for what that shows. */
  async replayed(primary: string): Promise<void> {
    const [now] = await this.sql<{ at: string }>(primary, 'SELECT pg_current_wal_lsn() AS at');
    const shows = `SELECT pg_last_wal_replay_lsn() >= '${now?.at ?? ''}' AS shows`;
    for (const name of this.names.filter((one) => one !== primary))
      await waitFor(async () => ((await this.sql<{ shows: boolean }>(name, shows))[0]?.shows ? true : null), {
        what: `${name} to have replayed what ${primary} wrote`,
        deadlineMs: START_DEADLINE_MS,
      });
  }

  /** Has a replica follow another primary. */
  async follow(name: string, primary: string): Promise<void> {
    await this.sql(name, `ALTER SYSTEM SET primary_conninfo = '${this.conninfo(primary, 'postgres')}'`);
    await this.sql(name, 'SELECT pg_reload_conf()');
  }

  /** After a crash: as a replica, with a copy of the primary's data in place of its own. */
  async rejoin(name: string, primary: string): Promise<void> {
    const server = this.#server(name);
    rmSync(server.data, { recursive: true, force: true });
    await this.#copy(server, this.#server(primary));
  }

  /** Where a server is, and as whom, in the words of libpq. */
  conninfo(name: string, database: string): string {
    const { port } = this.#server(name);
    return `host=${HOST} port=${port} user=${USER} password=${this.#password} dbname=${database} connect_timeout=2`;
  }

  /** Writes a file that the servers' user can read. @returns its path */
  file(name: string, text: string): string {
    const at = join(this.#folder, name);
    writeFileSync(at, text, { mode: 0o600 });
    chownSync(at, this.#owner.uid, this.#owner.gid);
    return at;
  }

  /** Runs a program of PostgreSQL's packages to its end, as the servers' user. @throws when it fails */
  run(program: string, args: readonly string[]): void {
    this.#run(program, args);
  }

  /** Starts one that stays until `stop`, as the servers' user. */
  start(program: string, args: readonly string[]): ChildProcess {
    const child = spawn(this.#program(program), args, { ...this.#owner, cwd: this.#folder, stdio: 'ignore' });
    this.#beside.push(child);
    return child;
  }

  signal(name: string, signal: NodeJS.Signals): void {
    this.#server(name).process?.kill(signal);
  }

  async stop(): Promise<void> {
    this.#signalAll('SIGCONT');
    this.#signalAll('SIGQUIT');
    await Promise.all(
      [...this.#servers.flatMap(({ process: server }) => (server === null ? [] : [server])), ...this.#beside]
        .filter(({ exitCode, signalCode }) => exitCode === null && signalCode === null)
        .map((child) => once(child, 'close')),
    );
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** A copy of the machine's server with these packages, of those that images are made of: nothing is installed for a test. */
  async #unpack(packages: readonly string[]): Promise<void> {
    const debsDir = debianArchives();
    const archives = await fetchPackages(packages, { debsDir, tempDir: this.#folder }).catch(
      (cause: unknown) => {
        const needs = `needs ${packages.join(', ')} of Debian ${RELEASE} in ${debsDir}, or apt-get to download it`;
        throw new Error(needs, { cause });
      },
    );
    for (const at of SERVER) cpSync(join('/', at), join(this.#folder, at), { recursive: true });
    for (const archive of archives)
      execFileSync('dpkg-deb', ['-x', archive, this.#folder], { timeout: 60_000 });
    // The archive gives its root to root, and makes it 0755.
    chownSync(this.#folder, this.#owner.uid, this.#owner.gid);
    this.#root = this.#folder;
  }

  /** The path of a program of PostgreSQL's packages. */
  #program(name: string): string {
    return join(this.#root, BIN, name);
  }

  async #start(): Promise<void> {
    const passwordFile = join(this.#folder, 'password');
    writeFileSync(passwordFile, this.#password, { mode: 0o600 });
    chownSync(passwordFile, this.#owner.uid, this.#owner.gid);
    for (const name of this.names)
      this.#servers.push({ name, port: await freePort(), data: join(this.#folder, name), process: null });
    const [primary, ...replicas] = this.#servers;
    if (primary === undefined) throw new Error('a cluster has a primary');
    const init = ['-D', primary.data, '-U', USER, '-A', 'scram-sha-256', `--pwfile=${passwordFile}`];
    this.#run('initdb', [...init, '--no-sync', '-E', 'UTF8', '--locale=C.UTF-8']);
    await this.#serve(primary);
    for (const replica of replicas) await this.#copy(replica, primary);
    await this.sql(primary.name, `ALTER SYSTEM SET synchronous_standby_names = 'FIRST 1 ("pg-1", "pg-2")'`);
    await this.sql(primary.name, 'SELECT pg_reload_conf()');
  }

  /** Serves a replica with a copy of the primary's data. */
  async #copy(replica: Server, primary: Server): Promise<void> {
    const from = ['-h', HOST, '-p', String(primary.port), '-U', USER];
    const how = ['-R', '-X', 'stream', '-c', 'fast', '--no-sync'];
    this.#run('pg_basebackup', [...from, '-D', replica.data, ...how]);
    await this.#serve(replica);
  }

  async #serve(server: Server): Promise<void> {
    const settings = [
      ['listen_addresses', HOST],
      // A replica calls itself so where it receives WAL, as managers have it.
      ['cluster_name', server.name],
      ['shared_buffers', '16MB'],
      ['fsync', 'off'],
      ...this.#settings,
    ].flatMap(([key = '', value = '']) => ['-c', `${key}=${value}`]);
    const args = ['-D', server.data, '-p', String(server.port), '-k', this.#folder, ...settings];
    const log = join(this.#folder, `${server.name}.log`);
    server.process = spawn(
      'sh',
      ['-c', 'log=$1; shift; exec "$@" >"$log" 2>&1', 'sh', log, this.#program('postgres'), ...args],
      {
        ...this.#owner,
        cwd: this.#folder,
        // Where libpq of a replica looks for certificates of its own.
        env: { PATH: process.env['PATH'], HOME: this.#folder },
        stdio: 'ignore',
      },
    );
    try {
      await waitFor(async () => ((await this.sql(server.name, 'SELECT 1')).length === 1 ? true : null), {
        what: `${server.name} to take queries`,
        deadlineMs: START_DEADLINE_MS,
      });
    } catch (error) {
      throw new Error(`${server.name} did not start: ${readFileSync(log, 'utf8')}`, { cause: error });
    }
  }

  #showTls({ key, cert }: { key: string; cert: string }): void {
    this.#tls = { ca: cert, serverName: SERVER_NAME };
    const hba = 'hostssl all,replication all 127.0.0.1/32 scram-sha-256\n';
    for (const [name, text] of Object.entries({
      'server.key': key,
      'server.crt': cert,
      'pg_hba.conf': hba,
    })) {
      writeFileSync(join(this.#folder, name), text, { mode: 0o600 });
      chownSync(join(this.#folder, name), this.#owner.uid, this.#owner.gid);
    }
    this.#settings.push(
      ['ssl', 'on'],
      ['ssl_key_file', join(this.#folder, 'server.key')],
      ['ssl_cert_file', join(this.#folder, 'server.crt')],
      ['hba_file', join(this.#folder, 'pg_hba.conf')],
    );
  }

  #run(program: string, args: readonly string[]): void {
    const env = { PATH: process.env['PATH'], PGPASSWORD: this.#password, LC_ALL: 'C.UTF-8' };
    execFileSync(this.#program(program), args, {
      ...this.#owner,
      cwd: this.#folder,
      env,
      stdio: 'ignore',
      timeout: 60_000,
    });
  }

  #signalAll(signal: NodeJS.Signals): void {
    for (const { process: server } of this.#servers) server?.kill(signal);
    for (const child of this.#beside) child.kill(signal);
  }

  #server(name: string): Server {
    const found = this.#servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  }

  #at(name: string): StoreConnection {
    const account = { database: 'postgres', user: USER, password: this.#password };
    const tls = this.#tls === undefined ? {} : { tls: this.#tls };
    return { host: HOST, port: this.#server(name).port, ...account, ...tls, declared: { members: 3 } };
  }

  #members(): StoreMember[] {
    return this.#servers.map(({ name, port }) => ({ name, address: HOST, port }));
  }
}
