/** The rehearsal's shipper of log lines on this machine, with its own configuration, over a folder like that of a node's containers. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchPackages } from '../../env/local/images/debian/debian.ts';
import { RSYSLOG } from '../../env/local/images/debian/debian-rehearsal.ts';
import { execPipe } from '../../env/local/images/exec.ts';
import { debianArchives } from '../../env/local/images/index.ts';

const CONFIG = join(import.meta.dirname, '../../env/local/rehearsal/logs/rsyslog.conf');
const LIBRARIES = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';

/** What it says whatever its configuration is; the last where the test has another scheduling policy than a shell's. */
const USUAL =
  /^rsyslogd: (?:version .*|End of config validation run\. Bye\.|pthread_attr_setschedpolicy failed .*)\n/gm;

/** Where it sends lines, how long it waits for an answer, ms, and which node it says it is on. */
export interface ShipperSettings {
  readonly host: string;
  readonly port: number;
  readonly answerMs: number;
  readonly node: string;
}

export class RsyslogShipper {
  /** As kubelet has it: NAMESPACE_POD_UID/CONTAINER/N.log. */
  readonly pods: string;
  readonly #root: string;
  readonly #settings: ShipperSettings;
  #process: ChildProcess | null = null;

  private constructor(root: string, settings: ShipperSettings) {
    this.#root = root;
    this.#settings = settings;
    this.pods = join(root, 'pods');
  }

  /** Unpacks the packages of its image, and does not start it. @throws Error where one cannot be had; where its configuration cannot be moved */
  static async make(settings: ShipperSettings): Promise<RsyslogShipper> {
    const root = mkdtempSync(join(tmpdir(), 'plumbline-rsyslog-'));
    const shipper = new RsyslogShipper(root, settings);
    for (const folder of ['pods', 'state', 'root']) mkdirSync(join(root, folder));
    const excludes = RSYSLOG.exclude.map((pattern) => `--exclude=${pattern}`);
    for (const archive of await fetchPackages(RSYSLOG.packages, { debsDir: debianArchives(), tempDir: root }))
      await execPipe(
        ['dpkg-deb', '--fsys-tarfile', archive],
        ['tar', '--extract', '--directory', join(root, 'root'), '--wildcards', ...excludes],
      );
    writeFileSync(join(root, 'rsyslog.conf'), shipper.#configuration());
    return shipper;
  }

  /** What it says of its own configuration; empty: nothing is wrong. */
  async validated(): Promise<string> {
    const child = this.#run(['-N1'], ['ignore', 'ignore', 'pipe']);
    let said = '';
    child.stderr?.on('data', (data: Buffer) => (said += data.toString()));
    await once(child, 'close');
    return said.replaceAll(USUAL, '');
  }

  start(): void {
    const output = openSync(join(this.#root, 'output.log'), 'a');
    this.#process = this.#run(['-n', '-i', 'NONE'], ['ignore', output, output]);
  }

  /** SIGKILL unless another is named; the process is gone. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#root, { recursive: true, force: true });
  }

  /** What it wrote for people. */
  said(): string {
    return readFileSync(join(this.#root, 'output.log'), 'utf8');
  }

  #configuration(): string {
    const { host, port, answerMs } = this.#settings;
    const moved: readonly [string, string][] = [
      ['/var/log/pods', this.pods],
      ['/var/lib/lines', join(this.#root, 'state')],
      ['archive.watch.svc.cluster.local', host],
      ['serverport="9200"', `serverport="${port}"`],
      ['indexTimeout="10000"', `indexTimeout="${answerMs}"`],
    ];
    return moved.reduce(
      (text, [from, to]) => {
        if (!text.includes(from)) throw new Error(`${CONFIG} has no ${from}, which has another value here`);
        return text.replaceAll(from, to);
      },
      readFileSync(CONFIG, 'utf8'),
    );
  }

  #run(args: string[], stdio: ('ignore' | 'pipe' | number)[]): ChildProcess {
    const libraries = ['usr/lib', 'lib'].map((at) => join(this.#root, 'root', at, LIBRARIES));
    const env = {
      PATH: process.env['PATH'],
      NODE_NAME: this.#settings.node,
      LD_LIBRARY_PATH: libraries.join(':'),
      RSYSLOG_MODDIR: join(this.#root, 'root/usr/lib', LIBRARIES, 'rsyslog'),
    };
    const program = join(this.#root, 'root/usr/sbin/rsyslogd');
    return spawn(program, [...args, '-f', join(this.#root, 'rsyslog.conf')], { stdio, env });
  }
}

const NEWLINE = Buffer.from('\n');

/** One container's log, as a runtime writes it (CRI): time, stream, `P` for a part of a line and `F` for its end. */
export class ContainerLog {
  readonly file: string;
  #nanos = 0;

  constructor(pods: string, of: { namespace: string; pod: string; container: string }) {
    const folder = join(pods, `${of.namespace}_${of.pod}_0b9f2a3e-1111-2222-3333-444455556666`, of.container);
    mkdirSync(folder, { recursive: true });
    this.file = join(folder, '0.log');
  }

  /** @param text bytes where the cut of a long line parts a character */
  write(
    text: string | Buffer,
    { flag = 'F', file = this.file }: { flag?: 'P' | 'F'; file?: string } = {},
  ): void {
    const time = new Date().toISOString().replace('Z', `${String(++this.#nanos).padStart(6, '0')}Z`);
    appendFileSync(file, Buffer.concat([Buffer.from(`${time} stdout ${flag} `), Buffer.from(text), NEWLINE]));
  }
}
