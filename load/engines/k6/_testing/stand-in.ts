/**
 * Stands in for the k6 binary in tests. It follows k6 2.2: flags of `version` and `run` as `internal/cmd` of its source has
 * them, sample lines as `internal/output/json`, the exported summary as `internal/js/summary-wrapper.js`, log lines as logrus's JSON,
 * exit codes as `errext/exitcodes`. It sends no request and runs no iteration: the variable STAND_IN says what to simulate.
 */
import { readFileSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { pathToFileURL } from 'node:url';

export interface Behaviour {
  /** Number of requests, 100 ms apart, one in each iteration; default 20. */
  requests?: number;
  /** How many requests get no connection: the last ones. */
  failing?: number;
  dropped?: number;
  interrupted?: number;
  exit?: number;
  /** Log entries: `[level, message, source]`. */
  logs?: [level: string, message: string, source?: string][];
  /** Text on standard error that is not a log line. */
  stderr?: string;
  /** Raw text to write after the samples. */
  raw?: string;
  summary?: 'none' | 'cut off' | 'other count';
  /** Does not end by itself. `until SIGINT`: SIGINT ends it; `deaf`: it ignores SIGINT. */
  hang?: 'until SIGINT' | 'deaf';
  killSelf?: boolean;
}

const behaviour = JSON.parse(process.env.STAND_IN ?? '{}') as Behaviour;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    config: { type: 'string' },
    'log-output': { type: 'string' },
    'log-format': { type: 'string' },
    'no-color': { type: 'boolean' },
    'include-system-env-vars': { type: 'boolean' },
    address: { type: 'string' },
    'no-usage-report': { type: 'boolean' },
    out: { type: 'string' },
    'summary-export': { type: 'string' },
  },
});

function log(level: string, message: string, source?: string): void {
  const entry = {
    level,
    msg: message,
    ...(source !== undefined && { source }),
    time: '2026-01-01T00:00:00Z',
  };
  process.stderr.write(`${JSON.stringify(entry)}\n`);
}

interface Options {
  scenarios?: Record<string, { executor: string }>;
  hosts?: Record<string, string>;
}

/** Loads the script from standard input with Node, since scripts in tests import nothing of k6. */
async function optionsOf(): Promise<Options> {
  const file = join(process.env.HOME ?? '', `main-${String(process.pid)}.mjs`);
  writeFileSync(file, readFileSync(0));
  try {
    return ((await import(pathToFileURL(file).href)) as { options: Options }).options;
  } catch (error) {
    log('error', String(error), 'stacktrace');
    process.exit(107);
  }
}

function planned(options: Options): Options & { scenarios: Record<string, { executor: string }> } {
  // Without scenarios, k6 runs one iteration of a scenario named `default`.
  return { ...options, scenarios: options.scenarios ?? { default: { executor: 'shared-iterations' } } };
}

const BEGIN_MS = Date.UTC(2026, 0, 1);
const REQUEST_MS = 50;
const KINDS: Record<string, [type: string, contains: string]> = {
  vus: ['gauge', 'default'],
  http_reqs: ['counter', 'default'],
  http_req_duration: ['trend', 'time'],
  http_req_failed: ['rate', 'default'],
  checks: ['rate', 'default'],
  iterations: ['counter', 'default'],
  iteration_duration: ['trend', 'time'],
  dropped_iterations: ['counter', 'default'],
};

class Samples {
  readonly #fd: number;
  readonly #declared = new Set<string>();
  readonly #tags: Record<string, string>;

  constructor(file: string, scenario: string) {
    this.#fd = openSync(file, 'w+');
    this.#tags = { scenario, group: '' };
  }

  write(metric: string, ms: number, value: number, tags: Record<string, string> = {}): void {
    const [type, contains] = KINDS[metric] ?? ['trend', 'default'];
    if (!this.#declared.has(metric)) {
      this.#declared.add(metric);
      const data = { name: metric, type, contains, thresholds: [], submetrics: null };
      this.raw(`${JSON.stringify({ type: 'Metric', data, metric })}\n`);
    }
    const data = { time: new Date(BEGIN_MS + ms).toISOString(), value, tags: { ...this.#tags, ...tags } };
    this.raw(`${JSON.stringify({ metric, type: 'Point', data })}\n`);
  }

  raw(text: string): void {
    writeSync(this.#fd, text);
  }
}

const FAILED = { name: 'read', status: '0', error: 'dial: connection refused', error_code: '1212' };
const ANSWERED = { name: 'read', status: '200' };

/** The samples of one iteration with one request, in k6's order. */
function iteration(samples: Samples, end: number, fails: boolean): void {
  const tags: Record<string, string> = fails ? FAILED : ANSWERED;
  samples.write('http_reqs', end, 1, tags);
  // k6's tracer adds up sending, waiting and receiving: a request without a connection has none of them.
  samples.write('http_req_duration', end, fails ? 0 : REQUEST_MS, tags);
  samples.write('http_req_failed', end, fails ? 1 : 0, tags);
  samples.write('checks', end, fails ? 0 : 1, { check: 'status is 200', group: '::reading' });
  samples.write('iteration_duration', end, REQUEST_MS + 10);
  samples.write('iterations', end, 1);
}

function sample(samples: Samples): void {
  const { requests = 20, failing = 0, dropped = 0 } = behaviour;
  samples.write('vus', -500, 0);
  for (let n = 1; n <= requests; n++) {
    iteration(samples, n * 100, n > requests - failing);
    if (n % 10 === 0) samples.write('vus', n * 100, 2);
  }
  for (let n = 0; n < dropped; n++) samples.write('dropped_iterations', requests * 100, 1);
  samples.raw(behaviour.raw ?? '');
}

function summarize(): void {
  const { requests = 20, summary } = behaviour;
  const file = values['summary-export'];
  if (summary === 'none' || file === undefined) return;
  const count = summary === 'other count' ? requests + 7 : requests;
  const metrics: Record<string, Record<string, unknown>> = {
    http_reqs: { count, rate: 10 },
    iterations: { count, rate: 10 },
  };
  const text = JSON.stringify({ metrics, root_group: {} }, null, 4);
  writeFileSync(file, summary === 'cut off' ? text.slice(0, text.length / 2) : text);
}

function finish(exit: number): never {
  const { requests = 20, interrupted = 0 } = behaviour;
  summarize();
  writeSync(
    1,
    `\nrunning (02.0s), 0/2 VUs, ${requests} complete and ${interrupted} interrupted iterations\n`,
  );
  process.exit(exit);
}

/** Continues after the samples. The log line with its environment tells tests that the samples are written and SIGINT is handled. */
function goOn(): void {
  process.on('SIGINT', () => {
    if (behaviour.hang === 'until SIGINT') finish(105);
  });
  log('info', JSON.stringify({ ...process.env, STAND_IN: undefined, cwd: process.cwd() }), 'console');
  if (behaviour.killSelf === true) process.kill(process.pid, 'SIGKILL');
  if (behaviour.hang === undefined) finish(behaviour.exit ?? 0);
  setInterval(() => undefined, 1000);
}

async function run(): Promise<void> {
  const options = planned(await optionsOf());
  const out = values.out ?? '';
  if (values.address !== '' || !out.startsWith('json=')) process.exit(104);
  for (const entry of behaviour.logs ?? []) log(...entry);
  process.stderr.write(behaviour.stderr ?? '');
  sample(new Samples(out.slice('json='.length), Object.keys(options.scenarios)[0] ?? 'default'));
  goOn();
}

const [command] = positionals;
if (command === 'version') process.stdout.write('k6 v2.2.0 (go1.26.0, linux/amd64)\n');
else if (command === 'run') await run();
else process.exit(255);
