/** The embedded engine and other load generators behind one interface. Results are from each program's own report. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { numberOf, readSummary, requestsOf } from '../../load/engines/k6/summary.ts';
import { cacheDir } from '../../host/paths.ts';
import { NODE_OPTIONS } from '../../load/process/index.ts';
import { onPath } from '../../host/run.ts';
import { measured } from './measured.ts';
import { errorText } from '../../reports/record/error-text.ts';

export const CONNECTIONS = 20;
/** Virtual users at a fixed rate. Answers are quick, so no more are busy at once. */
const USERS = 200;
const VEGETA = 'github.com/tsenart/vegeta/v12@v12.12.0';
const BUILD_MS = 600_000;
const SLACK_MS = 60_000;

export interface Result {
  requests: number;
  cpuSeconds: number;
  /** ms; null if the program does not report it. */
  p50: number | null;
  p99: number | null;
}

export interface Peer {
  name: string;
  /** Closed loop: as fast as possible for that many seconds. */
  closed: (url: string, seconds: number) => Promise<Result>;
  /** Open loop: at a fixed rate; undefined if the program does not support it. */
  open?: (url: string, load: { ratePerSecond: number; seconds: number }) => Promise<Result>;
}

/** The programs that are installed or can be fetched, and for each other one the reason. */
export async function peers(folder: string): Promise<{ found: Peer[]; missing: string[] }> {
  const missing: string[] = [];
  const found = [embedded(folder), autocannon()];
  for (const [name, make] of [
    ['vegeta', async () => vegeta(await vegetaProgram())],
    ['wrk', async () => wrk(...(await wrkCommand()))],
    ['k6', () => Promise.resolve(k6(folder))],
  ] as const)
    try {
      found.push(await make());
    } catch (error) {
      missing.push(`${name}: ${errorText(error).split('\n', 1)[0] ?? ''}`);
    }
  return { found, missing };
}

/** A one-line script with these options, for k6 and the embedded engine. @returns its path */
export function scriptFor(folder: string, url: string, options: object): string {
  const script = join(folder, 'one-line.js');
  writeFileSync(
    script,
    `import http from 'k6/http'; export const options = ${JSON.stringify(options)}; export default async function () { await http.asyncRequest('GET', '${url}'); }`,
  );
  return script;
}

/** More iterations than there is time for. */
const closedOptions = (seconds: number): object => ({
  scenarios: {
    all: { executor: 'shared-iterations', vus: CONNECTIONS, iterations: 1e9, maxDuration: `${seconds}s` },
  },
});
const openOptions = ({ ratePerSecond, seconds }: { ratePerSecond: number; seconds: number }): object => ({
  scenarios: {
    rate: {
      executor: 'constant-arrival-rate',
      rate: ratePerSecond,
      timeUnit: '1s',
      duration: `${seconds}s`,
      preAllocatedVUs: USERS,
    },
  },
});

function embedded(folder: string): Peer {
  const entry = fileURLToPath(new URL('./embedded.ts', import.meta.url));
  const run = async (url: string, options: object, seconds: number): Promise<Result> => {
    const script = scriptFor(folder, url, options);
    const ran = await measured(process.execPath, [...NODE_OPTIONS, entry, script], seconds * 1000 + SLACK_MS);
    const result = JSON.parse(ran.stdout) as Omit<Result, 'cpuSeconds'>;
    return { ...result, cpuSeconds: ran.cpuSeconds };
  };
  return {
    name: 'embedded',
    closed: (url, seconds) => run(url, closedOptions(seconds), seconds),
    open: (url, load) => run(url, openOptions(load), load.seconds),
  };
}

interface AutocannonReport {
  requests: { total: number };
  latency: { p50: number; p99: number };
}

function autocannon(): Peer {
  const entry = fileURLToPath(new URL('../../node_modules/autocannon/autocannon.js', import.meta.url));
  const run = async (url: string, args: string[], seconds: number): Promise<Result> => {
    const all = [entry, '-j', '-n', '-c', String(CONNECTIONS), '-d', String(seconds), ...args, url];
    const ran = await measured(process.execPath, all, seconds * 1000 + SLACK_MS);
    const { requests, latency } = JSON.parse(ran.stdout) as AutocannonReport;
    return { requests: requests.total, cpuSeconds: ran.cpuSeconds, p50: latency.p50, p99: latency.p99 };
  };
  return {
    name: 'autocannon',
    closed: (url, seconds) => run(url, [], seconds),
    open: (url, { ratePerSecond, seconds }) => run(url, ['-R', String(ratePerSecond)], seconds),
  };
}

interface VegetaReport {
  requests: number;
  latencies: { '50th': number; '99th': number };
}

function vegeta(program: string): Peer {
  const run = async (url: string, args: string[], seconds: number): Promise<Result> => {
    const attack = `echo "GET $1" | "$0" attack -duration=${seconds}s ${args.join(' ')} | "$0" report -type=json`;
    const ran = await measured('sh', ['-c', attack, program, url], seconds * 1000 + SLACK_MS);
    const { requests, latencies } = JSON.parse(ran.stdout) as VegetaReport;
    const ms = (nanoseconds: number): number => nanoseconds / 1e6;
    return { requests, cpuSeconds: ran.cpuSeconds, p50: ms(latencies['50th']), p99: ms(latencies['99th']) };
  };
  return {
    name: 'vegeta',
    closed: (url, seconds) => run(url, ['-rate=0', `-max-workers=${CONNECTIONS}`], seconds),
    open: (url, { ratePerSecond, seconds }) => run(url, [`-rate=${ratePerSecond}`], seconds),
  };
}

function wrk(program: string, ...before: string[]): Peer {
  return {
    name: 'wrk',
    closed: async (url, seconds) => {
      const args = [...before, '-t', '1', '-c', String(CONNECTIONS), '-d', `${seconds}s`, '--latency', url];
      const ran = await measured(program, args, seconds * 1000 + SLACK_MS);
      const requests = Number(/(\d+) requests in/.exec(ran.stdout)?.[1]);
      const quantile = (percent: number): number | null => {
        const [, value, unit] = new RegExp(`${percent}% +([\\d.]+)(us|ms|s)`).exec(ran.stdout) ?? [];
        const factor = { us: 1e-3, ms: 1, s: 1e3 }[unit ?? ''];
        return factor === undefined ? null : Number(value) * factor;
      };
      return { requests, cpuSeconds: ran.cpuSeconds, p50: quantile(50), p99: quantile(99) };
    },
  };
}

/**
 * The k6 on PATH. Its summary is read from a file, because k6 prints other things on standard output.
 * @throws Error if k6 is not on PATH
 */
export function k6(folder: string): Peer {
  if (!onPath('k6')) throw new Error('not on PATH');
  const run = async (url: string, options: object, seconds: number): Promise<Result> => {
    const script = scriptFor(folder, url, options);
    const file = join(folder, 'k6-summary.json');
    const trends = ['--summary-trend-stats', 'med,p(99)', '--summary-export', file];
    const { cpuSeconds } = await measured(
      'k6',
      ['run', '--quiet', ...trends, script],
      seconds * 1000 + SLACK_MS,
    );
    const summary = await readSummary(file);
    const requests = summary === null ? null : requestsOf(summary);
    if (summary === null || requests === null) throw new Error('k6 wrote no summary');
    const duration = (value: string): number | null => numberOf(summary, 'http_req_duration', value);
    return { requests, cpuSeconds, p50: duration('med'), p99: duration('p(99)') };
  };
  return {
    name: 'k6',
    closed: (url, seconds) => run(url, closedOptions(seconds), seconds),
    open: (url, load) => run(url, openOptions(load), load.seconds),
  };
}

const run = promisify(execFile);

/** The vegeta on PATH, or one that is built once from its Go module. */
async function vegetaProgram(): Promise<string> {
  if (onPath('vegeta')) return 'vegeta';
  const folder = join(cacheDir(), 'bench');
  const program = join(folder, 'vegeta');
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
  await run('go', ['install', VEGETA], { env, timeout: BUILD_MS });
  return program;
}

/** The wrk on PATH, or Debian's package with its library, unpacked into the cache without being installed. */
async function wrkCommand(): Promise<[string, ...string[]]> {
  if (onPath('wrk')) return ['wrk'];
  const folder = join(cacheDir(), 'bench', 'wrk');
  const root = join(folder, 'root');
  const program = join(root, 'usr/bin/wrk');
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    await run('apt-get', ['download', '-q', 'wrk', 'libluajit-5.1-2'], { cwd: folder, timeout: BUILD_MS });
    for (const name of readdirSync(folder).filter((file) => file.endsWith('.deb')))
      await run('dpkg-deb', ['-x', join(folder, name), root]);
  }
  const libraries = readdirSync(join(root, 'usr/lib')).map((name) => join(root, 'usr/lib', name));
  return ['env', `LD_LIBRARY_PATH=${libraries.join(':')}`, program];
}
