/** A Redis Cluster for a test: three shards of a master and a replica, as processes of their own on free ports of the loopback. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { lookUntil } from '../../host/wait.ts';
import { withRedis } from '../../probes/redis/connection.ts';
import type { Command } from '../../probes/redis/connection.ts';
import { redis } from '../../probes/redis/index.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';
import { end, launch, LOG, logOf, makeServer, redisServer } from './redis-sentinel.ts';
import type { Server } from './redis-sentinel.ts';

const HOST = '127.0.0.1';
const PASSWORD = 'a-password-of-redis';
const START_DEADLINE_MS = 60_000;
/** Three masters, then a replica of each. */
const SHARDS = 3;
const SLOTS = 16_384;
export const NODE_TIMEOUT_MS = 1000;

export interface RedisShards {
  target: StoreTarget;
  kill(name: string, signal: NodeJS.Signals): void;
  /** Starts a member that was killed, with the data and the configuration that it had. */
  restart(name: string): void;
  /** Asks a member something, past everything that is being tested. */
  ask(name: string, ...command: Command): Promise<unknown>;
  /** What the servers have logged, for a diagnosis. */
  logs(): string;
  /** Ends everything and removes the folder. */
  stop(): Promise<void>;
}

export async function startRedisShards(): Promise<RedisShards> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-redis-shards-'));
  const servers: Server[] = [];
  for (let i = 0; i < 2 * SHARDS; i++) servers.push(await makeServer(folder, `redis-${i}`, false));
  const program = redisServer();
  for (const server of servers) {
    writeFileSync(server.config, configuration(server));
    launch(server, program);
  }
  const named = (name: string): Server => {
    const found = servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  };
  const shards: RedisShards = {
    target: targetOf(servers),
    kill: (name, signal) => void named(name).process?.kill(signal),
    restart: (name) => launch(named(name), program),
    ask: (name, ...command) => ask(named(name), command),
    logs: () => servers.map((server) => `${server.name}\n${logOf(server)}`).join('\n'),
    stop: async () => {
      await Promise.all(servers.map(end));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await formCluster(servers);
    const seen = await redis.waitSteady(shards.target, { deadlineMs: START_DEADLINE_MS });
    if (!seen.ok) throw new Error(`the cluster in ${folder} did not become steady: ${seen.detail}`);
    return shards;
  } catch (error) {
    await shards.stop();
    throw error;
  }
}

/** What `redis-cli --cluster create` does: slots for each master, everybody meets the first, and each replica gets a master. */
async function formCluster(servers: readonly Server[]): Promise<void> {
  for (const server of servers) await until(() => ask(server, ['PING']), 'PONG');
  const [first] = servers;
  for (const [i, server] of servers.entries()) {
    if (i < SHARDS) {
      const [from, to] = [i, i + 1].map((n) => Math.floor((n * SLOTS) / SHARDS)) as [number, number];
      await ask(server, ['CLUSTER', 'ADDSLOTSRANGE', from, to - 1]);
      await ask(server, ['CLUSTER', 'SET-CONFIG-EPOCH', i + 1]);
    }
    if (i > 0) await ask(server, ['CLUSTER', 'MEET', HOST, first?.port ?? 0]);
  }
  for (const [i, server] of servers.slice(SHARDS).entries()) {
    const id = String(await ask(servers[i] as Server, ['CLUSTER', 'MYID']));
    // Only a node that knows the master already can follow it.
    await until(() => ask(server, ['CLUSTER', 'REPLICATE', id]), 'OK');
  }
}

async function until(action: () => Promise<unknown>, wanted: string): Promise<void> {
  const said = await lookUntil(
    () => action().catch((error: unknown) => String(error)),
    (answer) => answer === wanted,
    { deadlineMs: START_DEADLINE_MS, intervalMs: 100 },
  );
  if (said !== wanted) throw new Error(`expected ${wanted}, last seen ${String(said)}`);
}

function ask({ port }: Server, command: Command): Promise<unknown> {
  const endpoint = { at: { host: HOST, port }, login: { user: '', password: PASSWORD } };
  return withRedis(endpoint, { deadlineMs: 5000 }, (connection, limitMs) =>
    connection.call(command, limitMs),
  );
}

function targetOf(servers: readonly Server[]): StoreTarget {
  const members = servers.map(({ name, port }) => ({ name, address: HOST, port }));
  return {
    connection: {
      host: HOST,
      port: servers[0]?.port ?? 0,
      database: '',
      user: 'plumbline',
      password: PASSWORD,
      declared: { members: 2 * SHARDS, cluster: { replicas: 1 }, wait: { replicas: 1, milliseconds: 400 } },
    },
    members: () => Promise.resolve(members),
  };
}

function configuration({ port, config }: Server): string {
  return [
    `port ${port}`,
    // By default it is 10000 higher, which a free port may not allow.
    `cluster-port ${busPort(port)}`,
    `bind ${HOST}`,
    `dir ${dirname(config)}`,
    `logfile ${join(dirname(config), LOG)}`,
    'save ""',
    'appendonly yes',
    'appendfsync everysec',
    account(),
    `requirepass ${PASSWORD}`,
    `masterauth ${PASSWORD}`,
    'cluster-enabled yes',
    `cluster-node-timeout ${NODE_TIMEOUT_MS}`,
    'min-replicas-to-write 0',
    'repl-diskless-sync-delay 0',
    'repl-timeout 5',
    '',
  ].join('\n');
}

/** The line of deploy/accounts/ with a password: no more rights than it gives are needed. */
function account(): string {
  const text = readFileSync(join(import.meta.dirname, '../../deploy/accounts/redis-cluster.acl'), 'utf8');
  const line = text.split('\n').find((one) => one.startsWith('user '));
  return (line ?? '').replace('PASSWORD', PASSWORD);
}

function busPort(port: number): number {
  return port > 55_000 ? port - 10_000 : port + 10_000;
}
