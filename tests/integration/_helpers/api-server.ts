/** A real API server with its etcd, on loopback and without any node: roles, authorizer, storage and audit are Kubernetes' own. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../host/_testing/free-port.ts';
import { buildTools, CLUSTER_GROUPS } from '../../../env/local/toolchain/index.ts';
import { waitFor } from '../../../host/wait.ts';
import { openCluster } from '../../../probes/kubernetes/index.ts';

const READY_MS = 60_000;

/** The token of somebody who may do everything, and whose requests are not written down. */
export const ADMIN = 'strong';

/** One request as the API server wrote it down (audit.k8s.io/v1, Event): of reviews of one's own rights with what was asked. */
export interface Audited {
  verb: string;
  requestURI: string;
  user: { username: string };
  objectRef?: { resource: string; namespace?: string; name?: string };
  requestObject?: unknown;
  responseStatus?: { code: number };
}

const AUDIT = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived'],
  rules: [
    { level: 'None', users: ['admin', 'system:apiserver'] },
    {
      level: 'Request',
      resources: [{ group: 'authorization.k8s.io', resources: ['selfsubjectaccessreviews'] }],
    },
    { level: 'Metadata' },
  ],
};

export class ApiServer {
  /** Holds all that it writes; removed at the end. */
  readonly folder = mkdtempSync(join(tmpdir(), 'plumbline-api-'));
  readonly port: number;
  /** Holds its programs, and kubectl. */
  readonly bin: string;
  readonly #etcd: string;
  readonly #others: ChildProcess[];
  #server: ChildProcess;

  private constructor(
    bin: string,
    { port, etcd, peers }: Record<'port' | 'etcd' | 'peers', number>,
    users: Readonly<Record<string, string>>,
  ) {
    this.port = port;
    this.bin = bin;
    this.#etcd = `http://127.0.0.1:${etcd}`;
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const tokens = Object.entries(users).map(([token, user]) => `${token},${user},${user}\n`);
    const write = (name: string, text: string): void => writeFileSync(join(this.folder, name), text);
    write('sa.key', privateKey.export({ type: 'pkcs1', format: 'pem' }).toString());
    write('tokens.csv', [`${ADMIN},admin,1,"system:masters"\n`, ...tokens].join(''));
    write('audit.json', JSON.stringify(AUDIT));
    this.#others = [
      this.#spawn('etcd', [
        '--data-dir=etcd',
        '--unsafe-no-fsync',
        `--listen-peer-urls=http://127.0.0.1:${peers}`,
        `--listen-client-urls=${this.#etcd}`,
        `--advertise-client-urls=${this.#etcd}`,
      ]),
    ];
    this.#server = this.#serve();
  }

  /**
   * @param users token → name of a user, who is in no group but that of everybody with an account
   * @throws Error when it is not ready within a minute
   */
  static async start(users: Readonly<Record<string, string>> = {}): Promise<ApiServer> {
    const bin = await buildTools(CLUSTER_GROUPS);
    const ports = { port: await freePort(), etcd: await freePort(), peers: await freePort() };
    const server = new ApiServer(bin, ports, users);
    try {
      await server.#ready();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** PEM; it signs itself. */
  get authority(): string {
    return readFileSync(join(this.folder, 'certs', 'apiserver.crt'), 'utf8');
  }

  /** Path of a kubeconfig for this token. */
  kubeconfig(token: string): string {
    const file = join(this.folder, `kubeconfig-${token.slice(-20)}`);
    const cluster = {
      server: `https://127.0.0.1:${this.port}`,
      'certificate-authority-data': Buffer.from(this.authority).toString('base64'),
    };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'c',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token } }],
      contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    };
    writeFileSync(file, JSON.stringify(config));
    return file;
  }

  /** Fills in roles that are put together of others, such as `view`, by the one controller of Kubernetes that does it. */
  aggregate(): void {
    this.#others.push(
      this.#spawn('kube-controller-manager', [
        `--kubeconfig=${this.kubeconfig(ADMIN)}`,
        '--controllers=clusterrole-aggregation-controller',
        '--leader-elect=false',
        '--secure-port=0',
      ]),
    );
  }

  /** Every request of others than the administrator since the server was first started, in order. */
  audited(): Audited[] {
    const text = readFileSync(join(this.folder, 'audit.log'), 'utf8');
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Audited);
  }

  /** As a machine that loses its power. */
  crash(): Promise<void> {
    return ended(this.#server);
  }

  async restart(): Promise<void> {
    this.#server = this.#serve();
    await this.#ready();
  }

  async stop(): Promise<void> {
    await Promise.all([this.#server, ...this.#others].map(ended));
    rmSync(this.folder, { recursive: true, force: true });
  }

  #serve(): ChildProcess {
    return this.#spawn('kube-apiserver', [
      `--etcd-servers=${this.#etcd}`,
      '--bind-address=127.0.0.1',
      `--secure-port=${this.port}`,
      '--cert-dir=certs',
      '--token-auth-file=tokens.csv',
      '--authorization-mode=RBAC',
      '--service-account-key-file=sa.key',
      '--service-account-signing-key-file=sa.key',
      '--service-account-issuer=https://plumbline.test',
      '--service-cluster-ip-range=198.19.0.0/24',
      '--audit-policy-file=audit.json',
      '--audit-log-path=audit.log',
      // Nobody makes the account that every pod has.
      '--disable-admission-plugins=ServiceAccount',
    ]);
  }

  /** It ends with this process, however that ends. */
  #spawn(name: string, argv: readonly string[]): ChildProcess {
    const own = ['--pdeathsig', 'KILL', join(this.bin, name), ...argv];
    return spawn('setpriv', own, { stdio: 'ignore', cwd: this.folder });
  }

  async #ready(): Promise<void> {
    const over = new AbortController();
    const look = async (): Promise<true | null> => {
      if (this.#server.exitCode !== null) throw new Error(`it ended with ${this.#server.exitCode}`);
      const cluster = openCluster({ kubeconfig: this.kubeconfig(ADMIN), signal: over.signal });
      try {
        const { status, body } = await cluster.raw('/readyz');
        if (status !== 200) throw new Error(`${status}: ${body}`);
        return true;
      } finally {
        cluster.close();
      }
    };
    try {
      const what = `the API server at 127.0.0.1:${this.port}`;
      await waitFor(look, { what, deadlineMs: READY_MS, intervalMs: 200 });
    } finally {
      over.abort();
    }
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const end = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await end;
}
