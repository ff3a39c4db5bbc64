/** RabbitMQ for a test: three members on loopback addresses of their own, from the packages that the image is made of. */
import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchPackages } from '../../env/local/images/debian/debian.ts';
import { execPipe } from '../../env/local/images/exec.ts';
import { RABBITMQ } from '../../env/local/images/debian/debian-stores.ts';
import { rabbitmq } from '../../probes/rabbitmq/index.ts';
import type { StoreMember, StoreTarget } from '../../probes/store/store-driver.ts';
import { certificateFor } from '../../host/_testing/certificate.ts';
import { debianArchives } from '../../env/local/images/index.ts';
import { freePort } from '../../host/_testing/free-port.ts';

const ADDRESSES = ['127.0.77.10', '127.0.77.11', '127.0.77.12'];
const PASSWORD = 'a-password-of-rabbitmq';
const UP_DEADLINE_MS = 120_000;
const COMMAND_MS = 30_000;

export interface RabbitCluster {
  target: StoreTarget;
  /** The same members, over TLS. */
  tlsTarget: StoreTarget;
  /** SIGKILL to the server of a member. */
  kill(name: string): void;
  restart(name: string): void;
  /** A tool of RabbitMQ's on a member. @throws Error with its words */
  command(name: string, argv: string[]): string;
  stop(): void;
}

interface Node {
  name: string;
  address: string;
  folder: string;
  environment: NodeJS.ProcessEnv;
  process: ChildProcess | null;
}

/** The name that certificates of servers must hold. */
const SERVER_NAME = 'rabbit.test';

interface Ports {
  amqp: number;
  management: number;
  amqps: number;
  managementTls: number;
  epmd: number;
  /** One a member: Erlang's distribution listens on every address. */
  distribution: number[];
}

export async function startRabbitCluster(): Promise<RabbitCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'plumbline-rabbitmq-'));
  const root = await unpacked(join(folder, 'root'));
  const ports = {
    amqp: await freePort(),
    management: await freePort(),
    amqps: await freePort(),
    managementTls: await freePort(),
    epmd: await freePort(),
    distribution: [await freePort(), await freePort(), await freePort()],
  };
  const tls = await certificateFor(SERVER_NAME);
  const nodes = ADDRESSES.map((address, index) => makeNode({ folder, root, address, index, ports, tls }));
  const [first] = nodes;
  const epmd = spawn('epmd', [], { env: first?.environment, stdio: 'ignore' });
  for (const node of nodes) launch(node);
  const named = (name: string): Node => {
    const found = nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no member ${name}`);
    return found;
  };
  const command = (name: string, argv: string[]): string => {
    const [tool = '', ...rest] = argv;
    return execFileSync(tool, rest, {
      env: named(name).environment,
      encoding: 'utf8',
      timeout: COMMAND_MS,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  };
  const cluster: RabbitCluster = {
    target: targetOf(nodes, ports, command),
    tlsTarget: withTls(
      targetOf(nodes, { ...ports, amqp: ports.amqps, management: ports.managementTls }, command),
      tls,
    ),
    command,
    kill: (name) => killAll(named(name)),
    restart: (name) => launch(named(name)),
    stop: () => {
      for (const node of nodes) killAll(node);
      epmd.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  const up = await rabbitmq.waitSteady(cluster.target, { deadlineMs: UP_DEADLINE_MS });
  if (up.ok) return cluster;
  const logs = nodes.map(({ folder: at }) => readFileSync(join(at, 'out.log'), 'utf8').slice(-1000));
  cluster.stop();
  throw new Error(`RabbitMQ is not up after ${UP_DEADLINE_MS} ms: ${up.detail}\n${logs.join('\n---\n')}`);
}

/** The packages without their scripts. Erlang's start script names its folder, and RabbitMQ's tools start it by name. */
async function unpacked(root: string): Promise<string> {
  mkdirSync(root, { recursive: true });
  const context = { debsDir: debianArchives(), tempDir: root };
  const own = RABBITMQ.packages.filter((name) => /^(?:erlang|rabbitmq)/.test(name));
  // Without the plugins that the image leaves out: some of them lack packages of theirs.
  const excludes = RABBITMQ.exclude.map((pattern) => `--exclude=${pattern}`);
  for (const archive of await fetchPackages(own, context))
    await execPipe(
      ['dpkg-deb', '--fsys-tarfile', archive],
      ['tar', '--extract', '--directory', root, '--wildcards', ...excludes],
    );
  const erl = join(root, 'usr/lib/erlang/bin/erl');
  const script = readFileSync(erl, 'utf8').replaceAll('/usr/lib/erlang', join(root, 'usr/lib/erlang'));
  writeFileSync(erl, script);
  const lib = join(root, 'usr/lib/rabbitmq/lib');
  symlinkSync(join(lib, readdirSync(lib)[0] ?? ''), join(root, 'rabbitmq'));
  return root;
}

interface Making {
  folder: string;
  root: string;
  address: string;
  index: number;
  ports: Ports;
  tls: { key: string; cert: string };
}

function makeNode({ folder, root, address, index, ports, tls }: Making): Node {
  const name = `rabbitmq-${index}`;
  const at = join(folder, name);
  mkdirSync(at, { recursive: true });
  writeFileSync(join(at, '.erlang.cookie'), 'plumblinetest', { mode: 0o400 });
  writeFileSync(join(at, 'rabbitmq.conf'), configuration(at, address, ports));
  writeFileSync(join(at, 'definitions.json'), DEFINITIONS);
  writeFileSync(join(at, 'tls.key'), tls.key);
  writeFileSync(join(at, 'tls.crt'), tls.cert);
  writeFileSync(join(at, 'plugins'), '[rabbitmq_management].\n');
  chmodSync(at, 0o700);
  const programs = `${root}/rabbitmq/sbin:${root}/usr/lib/erlang/bin`;
  const environment = {
    HOME: at,
    PATH: `${programs}:/usr/bin:/bin:/usr/sbin:/sbin`,
    LANG: 'C.UTF-8',
    ERL_EPMD_PORT: String(ports.epmd),
    RABBITMQ_NODENAME: `rabbit${index}@${address}`,
    RABBITMQ_USE_LONGNAME: 'true',
    RABBITMQ_DIST_PORT: String(ports.distribution[index] ?? 0),
    RABBITMQ_MNESIA_BASE: join(at, 'data'),
    RABBITMQ_LOG_BASE: join(at, 'log'),
    RABBITMQ_LOGS: '-',
    RABBITMQ_CONFIG_FILE: join(at, 'rabbitmq.conf'),
    RABBITMQ_GENERATED_CONFIG_DIR: join(at, 'generated'),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(at, 'plugins'),
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: '+S 1:1 +sbwt none',
    ERL_CRASH_DUMP_SECONDS: '0',
  };
  return { name, address, folder: at, environment, process: null };
}

/** Plain and with TLS, each on ports of its own. */
function listeners(at: string, address: string, ports: Ports): string[] {
  const tls = { cacertfile: 'tls.crt', certfile: 'tls.crt', keyfile: 'tls.key' };
  const files = Object.entries(tls).map(([key, name]) => `${key} = ${join(at, name)}`);
  return [
    `listeners.tcp.1 = ${address}:${ports.amqp}`,
    `listeners.ssl.1 = ${address}:${ports.amqps}`,
    ...files.map((line) => `ssl_options.${line}`),
    'ssl_options.verify = verify_none',
    'ssl_options.fail_if_no_peer_cert = false',
    `management.tcp.ip = ${address}`,
    `management.tcp.port = ${ports.management}`,
    `management.ssl.ip = ${address}`,
    `management.ssl.port = ${ports.managementTls}`,
    ...files.map((line) => `management.ssl.${line}`),
  ];
}

function configuration(at: string, address: string, ports: Ports): string {
  return [
    ...listeners(at, address, ports),
    'cluster_formation.peer_discovery_backend = classic_config',
    ...ADDRESSES.map((one, i) => `cluster_formation.classic_config.nodes.${i + 1} = rabbit${i}@${one}`),
    'cluster_partition_handling = autoheal',
    'net_ticktime = 20',
    'heartbeat = 5',
    'vm_memory_high_watermark.absolute = 400MB',
    'disk_free_limit.absolute = 50MB',
    'raft.wal_max_size_bytes = 33554432',
    'definitions.import_backend = local_filesystem',
    `definitions.local.path = ${join(at, 'definitions.json')}`,
    'log.console = true',
    'log.file = false',
    'log.connection.level = error',
    '',
  ].join('\n');
}

const ALL = { configure: '.*', write: '.*', read: '.*' };
const DEFINITIONS = JSON.stringify({
  users: [
    { name: 'plumbline', password: PASSWORD, tags: 'monitoring' },
    { name: 'reader', password: PASSWORD, tags: '' },
  ],
  vhosts: [{ name: 'plumbline' }],
  permissions: [
    { user: 'plumbline', vhost: 'plumbline', ...ALL },
    { user: 'reader', vhost: 'plumbline', configure: '.*', write: '^$', read: '.*' },
  ],
});

function launch(node: Node): void {
  const command = `exec rabbitmq-server > '${join(node.folder, 'out.log')}' 2>&1`;
  // Mnesia leaves its last words in the working folder.
  const options = { cwd: node.folder, env: node.environment, detached: true };
  node.process = spawn('sh', ['-c', command], { ...options, stdio: 'ignore' });
}

/** The whole group: the server is a child of the script that starts it. */
function killAll({ process: started }: Node): void {
  if (started?.pid === undefined) return;
  try {
    process.kill(-started.pid, 'SIGKILL');
  } catch {
    // Gone already.
  }
}

function withTls(target: StoreTarget, { cert: ca }: { cert: string }): StoreTarget {
  return { ...target, connection: { ...target.connection, tls: { ca, serverName: SERVER_NAME } } };
}

function targetOf(nodes: readonly Node[], ports: Ports, command: RabbitCluster['command']): StoreTarget {
  const members: StoreMember[] = nodes.map(({ name, address }) => ({ name, address, port: ports.amqp }));
  const declared = { vhost: 'plumbline', management: { port: ports.management } };
  const [first = ''] = ADDRESSES;
  return {
    connection: {
      host: first,
      port: ports.amqp,
      database: '',
      user: 'plumbline',
      password: PASSWORD,
      declared,
    },
    members: () => Promise.resolve(members),
    exec: ({ name }, argv) => Promise.resolve({ code: 0, stdout: command(name, argv), stderr: '' }),
  };
}
