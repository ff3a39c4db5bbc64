/** Redis and Sentinel for a test: three members and three Sentinels as processes of their own, on free ports of the loopback. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { redis } from '../../probes/redis/index.ts';
import type { StoreMember, StoreTarget } from '../../probes/store/store-driver.ts';
import { onPath } from '../../host/run.ts';
import { freePort } from '../../host/_testing/free-port.ts';

const HOST = '127.0.0.1';
const MASTER = 'tender';
/** The name that certificates of servers must hold. */
export const SERVER_NAME = 'redis.test';
const START_DEADLINE_MS = 30_000;
const PASSWORD = 'a-password-of-redis';
const SENTINEL_PASSWORD = 'a-password-of-sentinel';

export interface RedisGroupOptions {
  downAfterMs?: number;
  minReplicasToWrite?: number;
  /** False: nothing is kept on disk, and a member that starts again is empty. */
  persistent?: boolean;
  /** Replicas that WAIT asks for; 0: the reply alone is the acknowledgement. */
  waitReplicas?: number;
  /** The accounts of deploy/accounts/ instead of the servers' default one. */
  leastRights?: true;
  /** What all servers show, PEM; none of them then takes a plain connection. */
  tls?: { key: string; cert: string };
}

export interface RedisGroup {
  target: StoreTarget;
  /** Names of the members: redis-0 to redis-2. */
  names: readonly string[];
  kill(name: string, signal: NodeJS.Signals): void;
  /** Starts a member that was killed, with the data and the configuration that it had. */
  restart(name: string): void;
  /** What the servers have logged, for a diagnosis. */
  logs(): string;
  /** Ends everything and removes the folder. */
  stop(): Promise<void>;
}

export interface Server {
  name: string;
  port: number;
  config: string;
  sentinel: boolean;
  process: ChildProcess | null;
}

export async function startRedisGroup(options: RedisGroupOptions = {}): Promise<RedisGroup> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-redis-'));
  const members: Server[] = [];
  const sentinels: Server[] = [];
  for (const index of [0, 1, 2]) {
    members.push(await makeServer(folder, `redis-${index}`, false));
    sentinels.push(await makeServer(folder, `sentinel-${index}`, true));
  }
  const first = members[0]?.port ?? 0;
  for (const server of members) writeFileSync(server.config, memberConfig(folder, server, first, options));
  for (const server of sentinels)
    writeFileSync(server.config, sentinelConfig(folder, server, first, options));
  const all = [...members, ...sentinels];
  const program = redisServer();
  for (const server of all) launch(server, program);
  const target = targetOf(members, sentinels, options);
  const named = (name: string): Server => {
    const found = all.find((server) => server.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  };
  const cluster: RedisGroup = {
    target,
    names: members.map(({ name }) => name),
    kill: (name, signal) => void named(name).process?.kill(signal),
    restart: (name) => launch(named(name), program),
    logs: () => all.map((server) => `${server.name}\n${logOf(server)}`).join('\n'),
    stop: async () => {
      await Promise.all(all.map(end));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  const seen = await redis.waitSteady(target, { deadlineMs: START_DEADLINE_MS });
  if (seen.ok) return cluster;
  await cluster.stop();
  throw new Error(`Redis in ${folder} did not become steady: ${seen.detail}`);
}

export const LOG = 'redis.log';
const LAST_LINES = 60;

export function logOf({ config }: Server): string {
  const file = join(dirname(config), LOG);
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(-LAST_LINES).join('\n') : '';
}

function targetOf(
  members: readonly Server[],
  sentinels: readonly Server[],
  { waitReplicas: replicas = 1, tls, leastRights }: RedisGroupOptions,
): StoreTarget {
  const pods: StoreMember[] = members.map(({ name, port }) => ({ name, address: HOST, port }));
  const addresses = sentinels.map(({ port }) => ({ host: HOST, port }));
  return {
    connection: {
      host: HOST,
      port: addresses[0]?.port ?? 0,
      database: '',
      user: leastRights === true ? 'plumbline' : '',
      password: PASSWORD,
      ...(tls !== undefined && { tls: { ca: tls.cert, serverName: SERVER_NAME } }),
      secrets: { sentinel: SENTINEL_PASSWORD },
      declared: {
        sentinel: { master: MASTER, addresses, ...(leastRights === true && { user: 'plumbline' }) },
        wait: { replicas, milliseconds: 400 },
      },
    },
    members: () => Promise.resolve(pods),
  };
}

export async function makeServer(folder: string, name: string, sentinel: boolean): Promise<Server> {
  mkdirSync(join(folder, name));
  return { name, port: await freePort(), config: join(folder, name, 'redis.conf'), sentinel, process: null };
}

/** The line of the account, with a password. */
function account(file: string, password: string, { leastRights }: RedisGroupOptions): string[] {
  if (leastRights !== true) return [];
  const text = readFileSync(join(import.meta.dirname, '../../deploy/accounts', file), 'utf8');
  return text
    .split('\n')
    .filter((line) => line.startsWith('user '))
    .map((line) => line.replace('PASSWORD', password));
}

function listening(folder: string, port: number, { tls }: RedisGroupOptions): string[] {
  if (tls === undefined) return [`port ${port}`, `bind ${HOST}`];
  const [key, cert] = [join(folder, 'tls.key'), join(folder, 'tls.crt')];
  writeFileSync(key, tls.key);
  writeFileSync(cert, tls.cert);
  return [
    'port 0',
    `tls-port ${port}`,
    `bind ${HOST}`,
    `tls-key-file ${key}`,
    `tls-cert-file ${cert}`,
    `tls-ca-cert-file ${cert}`,
    'tls-auth-clients no',
    'tls-replication yes',
  ];
}

function memberConfig(
  folder: string,
  { name, port }: Server,
  first: number,
  options: RedisGroupOptions,
): string {
  return [
    ...listening(folder, port, options),
    `dir ${join(folder, name)}`,
    `logfile ${join(folder, name, LOG)}`,
    'save ""',
    `appendonly ${options.persistent === false ? 'no' : 'yes'}`,
    'appendfsync everysec',
    ...account('redis.acl', PASSWORD, options),
    `requirepass ${PASSWORD}`,
    `masterauth ${PASSWORD}`,
    `min-replicas-to-write ${options.minReplicasToWrite ?? 1}`,
    'min-replicas-max-lag 2',
    'repl-diskless-sync-delay 0',
    'repl-timeout 5',
    `replica-announce-ip ${HOST}`,
    ...(port === first ? [] : [`replicaof ${HOST} ${first}`]),
    '',
  ].join('\n');
}

function sentinelConfig(
  folder: string,
  { name, port }: Server,
  first: number,
  options: RedisGroupOptions,
): string {
  return [
    ...listening(folder, port, options),
    `dir ${join(folder, name)}`,
    `logfile ${join(folder, name, LOG)}`,
    ...account('redis-sentinel.acl', SENTINEL_PASSWORD, options),
    `requirepass ${SENTINEL_PASSWORD}`,
    `sentinel sentinel-pass ${SENTINEL_PASSWORD}`,
    `sentinel monitor ${MASTER} ${HOST} ${first} 2`,
    `sentinel auth-pass ${MASTER} ${PASSWORD}`,
    `sentinel down-after-milliseconds ${MASTER} ${options.downAfterMs ?? 1000}`,
    // Twice this, and the time to notice, is what a second election takes: it has room in a goal of 15 s.
    `sentinel failover-timeout ${MASTER} 4000`,
    `sentinel parallel-syncs ${MASTER} 2`,
    '',
  ].join('\n');
}

export interface Program {
  path: string;
  libraries: string;
}

/** Debian's packages, unpacked beside the cache where the machine has no Redis: nothing is installed for a test. */
export function redisServer(): Program {
  if (onPath('redis-server')) return { path: 'redis-server', libraries: '' };
  const folder = join(tmpdir(), 'plumbline-redis-server');
  const root = join(folder, 'root');
  const path = join(root, 'usr/bin/redis-server');
  if (!existsSync(path)) {
    mkdirSync(root, { recursive: true });
    const names = ['redis-server', 'redis-tools', 'libjemalloc2', 'liblzf1', 'libatomic1', 'libssl3'];
    execFileSync('apt-get', ['download', '-q', ...names], { cwd: folder, stdio: 'ignore', timeout: 120_000 });
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb')))
      execFileSync('dpkg-deb', ['-x', join(folder, name), root], { timeout: 60_000 });
  }
  return { path, libraries: ['usr/lib', 'lib'].map((at) => join(root, at, LIBRARIES)).join(':') };
}

const LIBRARIES = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

export function launch(server: Server, { path, libraries }: Program): void {
  const args = [server.config, ...(server.sentinel ? ['--sentinel'] : [])];
  const env = libraries === '' ? process.env : { ...process.env, LD_LIBRARY_PATH: libraries };
  const child = spawn(path, args, { stdio: 'ignore', env });
  child.once('error', () => undefined);
  children.add(child);
  server.process = child;
}

/** An interrupted test must not leave them behind. */
const children = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export async function end({ process: child }: Server): Promise<void> {
  if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGKILL');
  await ended;
}
