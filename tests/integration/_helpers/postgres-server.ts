/** A PostgreSQL server of its own for a test: a fresh cluster in a temporary folder, on a free port of the loopback. */
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../../host/_testing/free-port.ts';
import { queryOnce } from '../../../probes/postgres/query.ts';
import { raisePriority } from '../../../probes/client-load/priority.ts';
import type { StoreConnection } from '../../../probes/store/store-driver.ts';

const BIN = '/usr/lib/postgresql/15/bin';
const START_DEADLINE_MS = 20_000;
/**
 * A disk that takes 30 ms for a commit is an outage of its own, of a length that nobody knows; where an outage of known length is
 * measured, commits go to memory.
 */
const MEMORY = '/dev/shm';
/** A fresh cluster with its log takes some 100 MB; containers have 64 MB there by default. */
const ROOM_BYTES = 512 * 1024 * 1024;

function hasRoom(folder: string): boolean {
  if (!existsSync(folder)) return false;
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize >= ROOM_BYTES;
}

export interface PostgresServer {
  connection: StoreConnection;
  /** Ends the server and removes its folder. */
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root: its package's user owns the cluster. */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = mkdtempSync(join(hasRoom(MEMORY) ? MEMORY : tmpdir(), 'plumbline-postgres-'));
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' })),
  );
  const owner = { uid: uid ?? -1, gid: gid ?? -1 };
  chownSync(folder, owner.uid, owner.gid);
  const password = `test-${Math.random().toString(36).slice(2)}`;
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password);
  chownSync(passwordFile, owner.uid, owner.gid);
  const data = join(folder, 'data');
  const init = [
    '-D',
    data,
    '-U',
    'plumbline',
    '-A',
    'scram-sha-256',
    `--pwfile=${passwordFile}`,
    '--no-sync',
    '-E',
    'UTF8',
  ];
  execFileSync(join(BIN, 'initdb'), [...init, '--locale=C.UTF-8'], {
    ...owner,
    cwd: folder,
    stdio: 'ignore',
    timeout: 60_000,
  });
  const port = await freePort();
  const connection = { host: '127.0.0.1', port, database: 'postgres', user: 'plumbline', password };
  const args = [
    '-D',
    data,
    '-p',
    String(port),
    '-k',
    folder,
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'shared_buffers=32MB',
  ];
  const server = spawn(join(BIN, 'postgres'), args, { ...owner, cwd: folder, stdio: 'ignore' });
  // What is measured is the harness, so the service behind it must not be late because others have much to do.
  if (server.pid !== undefined) raisePriority(server.pid, 1);
  // An interrupted test must not leave it behind.
  process.once('exit', () => server.kill('SIGQUIT'));
  const ended = new Promise<void>((resolve) => server.once('close', () => resolve()));
  const stop = async (): Promise<void> => {
    server.kill('SIGINT'); // fast shutdown
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let waitedMs = 0; ; waitedMs += 100) {
    try {
      await queryOnce(connection, 'SELECT 1', { deadlineMs: 2000 });
      return { connection, stop };
    } catch (error) {
      if (waitedMs >= START_DEADLINE_MS || server.exitCode !== null) {
        await stop();
        throw new Error(`PostgreSQL in ${folder} did not start: ${String(error)}`, { cause: error });
      }
      await sleep(100);
    }
  }
}
